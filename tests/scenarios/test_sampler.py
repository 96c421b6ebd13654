"""Independent cases: pure functions of their number, drawn as declared."""

from __future__ import annotations

import math
from collections import Counter

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from indexlab.market.seeds import stream
from indexlab.market.source import Source
from indexlab.market.synthetic import JUMPS
from indexlab.scenarios.expect import Expect
from indexlab.scenarios.recipes import World
from indexlab.scenarios.sampler import DECLARED, case, faults_that_apply, stratum_weight
from indexlab.scenarios.scenario import to_bytes
from indexlab.scenarios.shapes import limit_shape

WORLD = World(Expect(), None, book=False, twins=1)
MANY = 4_000
MOST_CHI_SQUARE = 4.0
"""Standard deviations of a chi-square statistic: with the seeds below each is looked at once, and a wrong share of a hundredth is far beyond it."""


@pytest.fixture(scope="module")
def drawn():
    return [case(WORLD, 5, number) for number in range(MANY)]


@given(st.integers(0, 2**63), st.integers(0, 10**9))
@settings(max_examples=20)
def test_a_case_is_a_function_of_its_number(seed, number):
    """The same twice, whatever was drawn before, and other numbers and seeds are other cases."""
    first = case(WORLD, seed, number)
    stream("somebody else").random(7)
    case(WORLD, seed, number + 1)
    assert to_bytes(case(WORLD, seed, number).scenario) == to_bytes(first.scenario)
    assert to_bytes(case(WORLD, seed, number + 1).scenario) != to_bytes(first.scenario) != to_bytes(case(WORLD, seed + 1, number).scenario)


def even(counts, options):
    """How far counts are from an even share, in standard deviations of the chi-square statistic."""
    expected = sum(counts.values()) / len(options)
    assert set(counts) <= set(options)
    statistic = sum((counts[option] - expected) ** 2 / expected for option in options)
    free = len(options) - 1
    return (statistic - free) / math.sqrt(2 * free)


def test_the_strata_are_drawn_as_declared(drawn):
    """Kinds, regimes and pairs of them: each as often as every other."""
    faults = faults_that_apply(WORLD)
    pairs = [(fault, regime) for fault in faults for regime in DECLARED.regimes]
    assert stratum_weight(WORLD) * len(pairs) == pytest.approx(1.0)
    assert abs(even(Counter(one.fault for one in drawn), faults)) < MOST_CHI_SQUARE
    assert abs(even(Counter(one.regime for one in drawn), DECLARED.regimes)) < MOST_CHI_SQUARE
    assert abs(even(Counter((one.fault, one.regime) for one in drawn), pairs)) < MOST_CHI_SQUARE


def test_everything_else_is_drawn_as_declared(drawn):
    low, high = DECLARED.sources
    assert abs(even(Counter(len(one.scenario.sources) for one in drawn), range(low, high + 1))) < MOST_CHI_SQUARE
    specs = [one.scenario.faults[0] for one in drawn]
    assert np.mean([spec.end is None for spec in specs]) == pytest.approx(DECLARED.to_the_end, abs=0.03)
    assert np.mean([spec.direction == "up" for spec in specs]) == pytest.approx(0.5, abs=0.03)
    assert np.mean([len(spec.sources) > 1 for spec in specs]) == pytest.approx(DECLARED.several * 0.89, abs=0.03)
    intensity = np.array([spec.intensity for spec in specs])
    assert intensity.min() > 0
    assert intensity.max() <= 1
    # what is neither full nor uniform is log-uniform over four decades
    below = DECLARED.uniform_intensity * 0.01 + (1 - DECLARED.full_intensity - DECLARED.uniform_intensity) * 0.5
    assert np.mean(intensity < 0.01) == pytest.approx(below, abs=0.03)
    assert np.mean(intensity == 1) == pytest.approx(DECLARED.full_intensity, abs=0.03)
    begin = np.array([spec.start - one.scenario.market.start for spec, one in zip(specs, drawn, strict=True)])
    assert begin.min() >= 0
    assert begin.max() <= DECLARED.begin * Expect().interval
    assert np.mean(begin) == pytest.approx(DECLARED.begin * Expect().interval / 2, rel=0.05)


def test_each_source_is_faulty_as_often_as_any(drawn):
    first = Counter(one.scenario.faults[0].sources[0] for one in drawn if len(one.scenario.faults[0].sources) == 1 and len(one.scenario.sources) == 9)
    assert abs(even(first, range(9))) < MOST_CHI_SQUARE


def test_a_case_is_long_enough_to_judge_every_limit(drawn):
    """From the last possible beginning of a fault on there is as much time as a scenario that judges a limit must have."""
    assert {one.scenario.market.publications for one in drawn} == {limit_shape(Expect()).publications + DECLARED.begin}


def test_only_markets_that_jump_move_at_once(drawn):
    """A jump is of at least the smallest declared size, and either way as often."""
    up = []
    for one in drawn:
        if one.regime in JUMPS:
            size = abs(math.log(one.scenario.market.move))
            assert math.log(DECLARED.move[0]) <= size <= math.log(DECLARED.move[1])
            up.append(one.scenario.market.move > 1)
    assert np.mean(up) == pytest.approx(0.5, abs=0.05)


def test_a_plan_s_basket_is_taken_as_it_is():
    basket = tuple(Source(name, name) for name in ("a", "b", "c"))
    world = World(Expect(), basket, book=True, twins=1)
    assert {case(world, 0, number).scenario.sources for number in range(5)} == {basket}
    assert "crossed-book" in faults_that_apply(world) or "crossed-book" not in faults_that_apply(World(Expect(), None, book=True, twins=1))
    assert "the 3 that the plan gives" in dict(DECLARED.told(world))["sources"]


def test_faults_of_the_book_are_for_streams_with_one():
    with_book = set(faults_that_apply(World(Expect(), None, book=True, twins=1)))
    assert with_book - set(faults_that_apply(WORLD)) == {"crossed-book", "empty-side"}


def test_the_declaration_says_how_everything_is_drawn():
    told = dict(DECLARED.told(WORLD))
    assert told["fault kind"].startswith(f"uniform over {len(faults_that_apply(WORLD))}: stop, ")
    assert told["sources"] == "uniform from 7 to 12, their weights drawn with them"
    assert all(said.strip() for said in told.values())
