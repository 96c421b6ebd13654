"""Planted defects: the specimen without a switch is the engine, every defect changes something, and what people read of them is true."""

from __future__ import annotations

import re
import subprocess
import sys

import msgspec
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from indexlab.index.engine import determine_batch
from indexlab.market.errors import InputError
from indexlab.scenarios.expect import Layer, promised
from indexlab.targets.planted import defect as groups
from indexlab.targets.planted.catalogue import defects, find_defect, find_method, label_of, methods, pairs
from indexlab.targets.planted.specimen import Specimen
from indexlab.targets.planted.switches import COUNT, SWITCHES
from indexlab.targets.planted.target import open_planted
from indexlab.targets.resolve import open_target
from indexlab.targets.target import Request
from tests.architecture.tree import HERE
from tests.index.drawing import baskets, publications, quotes
from tests.targets.planted_market import BASKET, rates, rough, times

SPECIMENS = {name: Specimen(find_method(name), {}) for name in methods()}
REAL = [defect for defect in defects() if not defect.equivalent]


def assert_same(expected, found):
    for right, mine in zip(expected, found, strict=True):
        assert np.array_equal(right.status, mine.status)
        np.testing.assert_allclose(mine.value, right.value, rtol=1e-12, atol=0)


@settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.data(), st.sampled_from(methods()))
def test_the_specimen_without_a_switch_is_the_engine(data, name):
    basket = data.draw(baskets(most=9))
    amounts = st.sampled_from((0.0, 1.0, 2.5, 1e9, -1.0, float("nan")))
    drawn = [data.draw(quotes(len(basket))) for _ in range(2)]
    runs = [said.with_columns(volume=np.array([data.draw(amounts) for _ in range(len(said))], dtype=np.float64)) for said in drawn]
    moments = data.draw(publications())
    assert_same(determine_batch(find_method(name), basket, runs, moments), SPECIMENS[name].index([Request(basket, said, moments) for said in runs]))


@pytest.mark.parametrize("name", methods())
def test_the_specimen_is_the_engine_over_a_long_rough_run(name):
    given_rates, moments = rates(), times()
    runs = [rough(seed) for seed in range(3)]
    expected = determine_batch(find_method(name), BASKET, runs, moments, given_rates)
    assert_same(expected, SPECIMENS[name].index([Request(BASKET, said, moments, rates=given_rates) for said in runs]))
    assert len({int(code) for found in expected for code in found.status}) > 1


@pytest.mark.parametrize("name", methods())
def test_a_run_among_others_is_to_the_bit_what_it_is_alone(name):
    """A cap that needs another round in one run must leave the others alone."""
    given_rates, moments = rates(), times()
    runs = [rough(seed) for seed in range(4)]
    together = determine_batch(find_method(name), BASKET, runs, moments, given_rates)
    for said, found in zip(runs, together, strict=True):
        assert determine_batch(find_method(name), BASKET, [said], moments, given_rates)[0].value.tobytes() == found.value.tobytes()


def answers(label, requests):
    found = []
    with open_target(label) as target:
        for request in requests:
            found += target.index([request])
    return found


def differs(right, mine):
    if type(right) is not type(mine):
        return True
    columns = [(right.value, mine.value), (right.status, mine.status), (right.used, mine.used), (right.weight, mine.weight), (right.reason, mine.reason)]
    return any(a is not None and b is not None and not np.allclose(a, b, rtol=1e-13, atol=0, equal_nan=True) for a, b in columns)


@pytest.fixture(scope="module")
def rough_requests():
    given_rates, moments = rates(), times()
    made = []
    for seed, level in ((1, 64_000.0), (2, 0.0004), (3, 3e10)):
        made.append(Request(BASKET, rough(seed, level), moments, explain=True, rates=given_rates))
    said = rough(4)
    busy = said.take(np.repeat(np.arange(len(said)), 1 + 33_000 // len(said)))
    made += [Request(BASKET, quotes, moments, explain=True, rates=given_rates) for quotes in (said.without_sources(range(10)), busy)]
    return made


def test_every_defect_changes_something(rough_requests):
    right = {name: answers(label_of("none", name), rough_requests) for name in methods()}

    def is_silent(defect, method):
        return not any(map(differs, right[method], answers(label_of(defect.id, method), rough_requests)))

    silent = [defect.id for defect in REAL if all(is_silent(defect, method) for method in defect.methods[:3])]
    assert " ".join(silent) == ""


def test_the_right_ones_do_not_differ(rough_requests):
    for name in methods()[:4]:
        assert not any(map(differs, answers(label_of("none", name), rough_requests), answers(label_of("none", name), rough_requests)))


def test_there_are_enough_and_each_stands_once():
    assert len(REAL) >= 120
    assert len({defect.id for defect in defects()}) == len(defects())
    assert len(methods()) >= 6
    assert all(set(defect.methods) <= set(methods()) and defect.methods for defect in defects())
    assert all(re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", defect.id) for defect in defects())
    assert all(len(set(defect.methods)) == len(defect.methods) for defect in defects())


def test_the_groups_are_what_the_files_say():
    for name in methods():
        rules = find_method(name)
        assert (name in groups.RECEIVE) == (rules.staleness.clock == "receive")
        assert (name in groups.EXCLUDING) == (rules.validity.invalid == "exclude")
        assert (name in groups.BOOKS) == (rules.input.price == "mid")
        assert (name in groups.CLAMPS) == (rules.outlier.rule == "clamp")
        assert (name in groups.DROPS) == (rules.outlier.rule == "drop")
        assert (name in groups.GIVEN) == (rules.weights.kind == "fixed")
        assert (name in groups.VOLUMES) == (rules.weights.kind == "volume")
        assert (name in groups.READMITTING) == (rules.reinclusion is not None)
        assert (name in groups.INDEPENDENT) == (rules.quorum.counts == "upstreams")
        assert (name in groups.HALTING, name in groups.HOLDING, name in groups.DEGRADING) == tuple(
            rules.quorum.below == word for word in ("halt", "hold", "degrade")
        )
        assert (name in groups.MEDIANS, name in groups.WEIGHTED_MEDIANS) == (
            rules.aggregation.rule == "median",
            rules.aggregation.rule == "weighted-median",
        )
    assert set(groups.ALL) == set(methods())


@pytest.mark.parametrize("name", methods())
def test_every_methodology_promises_what_its_rules_are(name):
    rules = find_method(name)
    expect = promised([Layer(name, rules.expect)])
    assert expect.max_age == rules.staleness.silence_us
    assert expect.clock == rules.staleness.clock
    assert expect.min_sources == rules.quorum.ok_from
    assert expect.independence == (rules.quorum.counts == "upstreams")


def test_every_switch_has_its_number_and_its_defect():
    assert sorted(SWITCHES.values()) == list(range(COUNT))
    assert {name for defect in defects() if isinstance(defect.how, groups.Switched) for name in defect.how.switches} == set(SWITCHES)


# What aggregators reported in public; each line must have a defect.
KNOWN = """umee-network/umee #601 #1634 #1261 #1268 #977 #339 #356 #892 #925 #792 #734 #451; ojo-network/price-feeder #91 #96; sei-protocol/sei-chain #1066;
pyth-network/pyth-client #73; pyth-client #374 #344 #166; pyth-observer #51; XRPLF/rippled #6583 #7167 #4912 #4961; vegaprotocol/vega #10459 #10436 #10407;
celo-org/celo-oracle #75; skip-mev/connect #167 #386; exchange-rate-canister #357 #319 #318 #317 #342 #322 #358; pancake-smart-contracts #55; archimedes #987;
StatsBase.jl #121; weightedstats #2; collapse #448; irys #1544; starkware-libs/sequencer #14548; sentiment-v2 #126"""


def test_what_was_reported_is_planted():
    said = [(defect.origin, set(re.findall(r"#\d+", defect.origin))) for defect in defects()]
    for line in KNOWN.replace("\n", " ").split(";"):
        where, *numbers = line.split()
        project = where.split("/")[-1]
        for number in numbers:
            assert any(project in origin and number in found for origin, found in said), f"{where} {number}"


def test_a_defect_promises_what_its_methodology_promises():
    right, broken = open_planted("none@clamp-mean"), open_planted("no-filter@clamp-mean")
    assert right.describe() == broken.describe()
    assert broken.label == pairs(find_defect("no-filter"))[0] == "planted:no-filter@clamp-mean"


def test_a_run_knows_nothing_of_the_one_before_but_where_that_is_the_defect(rough_requests):
    request = rough_requests[0]
    for label, leaks in (("planted:never-back@drop-mean", False), ("planted:prices-leak@drop-mean", True), ("planted:garbage-remembered@median", True)):
        target = open_target(label)
        first, second = target.index([request])[0], target.index([request])[0]
        assert differs(first, second) == leaks


@pytest.mark.parametrize(
    ("rest", "line"),
    [
        ("no-filtr@clamp-mean", 'planted is no planted defect, was "no-filtr"; did you mean "no-filter"?'),
        ("no-filter@clamp-men", 'planted is no methodology that defects are planted in, was "clamp-men"; did you mean "clamp-mean"?'),
        ("no-filter", 'target planted:no-filter must name a defect and a methodology, was "no-filter"; write "planted:no-filter@clamp-mean"'),
    ],
)
def test_what_is_unknown_is_said_in_one_line(rest, line):
    with pytest.raises(InputError) as caught:
        open_target(f"planted:{rest}")
    assert str(caught.value) == line


def test_a_defect_is_not_opened_where_it_makes_no_sense():
    with pytest.raises(InputError, match=r"changes nothing in median; it is planted in clamp-mean, "):
        open_target("planted:no-filter@median")


def test_the_catalogue_is_light():
    code = "import sys; from indexlab.targets.planted.catalogue import defects, methods; defects(); methods(); print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=HERE).stdout.split()
    assert not {"numpy", "numba"} & set(loaded)


def test_the_page_lists_what_there_is():
    page = (HERE / "docs" / "defects.md").read_text().partition("## The margin side")[0]
    rows = [line for line in page.splitlines() if line.startswith("| `")]
    expected = [row_of(defect) for defect in (*REAL, *(defect for defect in defects() if defect.equivalent))]
    assert rows == expected
    assert f"**{len(REAL)}**" in page


def row_of(defect):
    last = defect.equivalent or defect.origin
    return f"| `{defect.id}` | {defect.family} | {defect.what} | {last} |"


def test_declarations_are_changed_and_not_spoilt():
    """A changed declaration is still one that the engine takes whole."""
    for defect in REAL:
        if isinstance(defect.how, groups.Declared):
            for method in defect.methods:
                target = open_planted(f"{defect.id}@{method}")
                assert msgspec.structs.asdict(target.declaration) == msgspec.structs.asdict(find_method(method))
