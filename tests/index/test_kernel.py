"""What the compiled code has written out (its cache does not see other files) is what the declaration's documents say."""

from __future__ import annotations

import msgspec
import numpy as np
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from indexlab.index import engine, entering, kernel_rules, rules
from indexlab.index.bringing import bring
from indexlab.index.declaration import parse_declaration
from indexlab.index.determination import DEGRADED, HALTED, HELD, OK, REASONS
from indexlab.index.engine import Course
from indexlab.market.panel import NEVER_US, sample
from indexlab.market.source import Source
from tests.index.drawing import baskets, cases, publications, quotes


def test_codes_are_the_positions_of_their_words():
    assert (kernel_rules.OK, kernel_rules.DEGRADED, kernel_rules.HELD, kernel_rules.HALTED) == (OK, DEGRADED, HELD, HALTED)
    names = ("used", "clamped", "outlier", "stale", "invalid", "cooling", "absent")
    codes = [kernel_rules.USED, kernel_rules.CLAMPED, kernel_rules.OUTLIER, kernel_rules.STALE, kernel_rules.INVALID, kernel_rules.COOLING, kernel_rules.ABSENT]
    assert codes == [REASONS.index(name) for name in names]
    assert kernel_rules.BESIDE not in codes
    assert kernel_rules.NEVER == NEVER_US


def test_every_word_has_its_number():
    assert set(kernel_rules.OUTLIER_RULES) == set(rules.CHOICES["outlier.rule"])
    assert set(kernel_rules.REFERENCES) == set(rules.CHOICES["outlier.reference"])
    assert set(kernel_rules.SEVERAL) == set(rules.CHOICES["outlier.several"])
    assert set(kernel_rules.AGGREGATIONS) == set(rules.CHOICES["aggregation.rule"])
    assert set(kernel_rules.MIDDLES) == set(rules.CHOICES["aggregation.even"])
    assert set(rules.CHOICES["aggregation.tie"]) <= set(kernel_rules.MIDDLES)
    assert set(kernel_rules.BELOW) == set(rules.CHOICES["quorum.below"])
    assert set(kernel_rules.ROUNDINGS) == set(rules.CHOICES["rounding.mode"])


@given(st.data(), st.sampled_from(("event", "receive")))
def test_what_enters_is_what_the_panel_samples(data, clock):
    """The as-of rule is written twice, on floor 1 and here: they may not part."""
    basket = data.draw(baskets(most=4))
    said, times = data.draw(quotes(len(basket))), data.draw(publications())
    declaration = parse_declaration(f'staleness.clock = "{clock}"')
    price = bring(declaration, said).price
    entered = entering.enter(declaration, said, price, np.array([0, len(said)]), times, entering.new_memory(1, len(basket)))
    panel = sample(said, times, len(basket), ~np.isnan(price), clock)
    assert np.array_equal(entered.price, panel.of_newest(price), equal_nan=True)
    assert np.array_equal(entered.age, panel.age(clock))
    assert np.array_equal(entered.why == REASONS.index("absent"), panel.latest < 0)


@settings(suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large], deadline=None)
@given(cases(), st.integers(0, 8))
def test_a_run_that_goes_on_piece_by_piece_is_the_whole_run(case, cut):
    """What the rules remember of one piece counts in the next: what streaming needs."""
    declaration, basket, said, times = case
    cut = min(cut, len(times))
    whole = Course(declaration, basket).proceed([said], times, detail=True)[0]
    course = Course(declaration, basket)
    split = np.searchsorted(said.receive_time, times[cut - 1], side="right") if cut else 0
    pieces = [
        course.proceed([said.take(np.arange(split))], times[:cut], detail=True)[0],
        course.proceed([said.take(np.arange(split, len(said)))], times[cut:], detail=True)[0],
    ]
    for name in ("value", "status", "weight", "used", "reason"):
        assert np.concatenate([getattr(piece, name) for piece in pieces]).tobytes() == getattr(whole, name).tobytes()


@settings(suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large], max_examples=200, deadline=None)
@given(cases())
def test_the_short_loop_gives_the_bits_of_the_long_one(case):
    """A fourth source that is the venue's own, and says nothing, sends the same rules through the long loop."""
    declaration, basket, said, times = case
    longer = msgspec.structs.replace(declaration, own=rules.Own("nobody"))
    found = engine.determine(declaration, basket, said, times)
    other = engine.determine(longer, (*basket, Source("nobody", "nobody")), said, times)
    assert found.value.tobytes() == other.value.tobytes()
    assert found.status.tobytes() == other.status.tobytes()
    for name in ("weight", "used", "reason"):
        assert np.ascontiguousarray(getattr(other, name)[:, :-1]).tobytes() == getattr(found, name).tobytes()
