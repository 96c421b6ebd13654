"""Coverage: counted by fault, regime and property; merged in any order; blanks named; and exit 4 where they must not be."""

from __future__ import annotations

import msgspec
import numpy as np
import pytest

from indexlab.audit.coverage import NO_FAULT, RECORDED, CoverageTally, coverage, has_blanks, regime_of
from indexlab.audit.evaluate import evaluate
from indexlab.audit.events import AuditResult, Coverage, PropertyResult, TargetResult
from indexlab.audit.judge import Judge
from indexlab.audit.results import exit_code
from indexlab.audit.tally import PropertyTally, Tally
from indexlab.faults.spec import FaultSpec
from indexlab.properties.property import ByTwin, Outcome, Property
from indexlab.properties.registry import find_property
from indexlab.scenarios.baskets import drawn_basket
from indexlab.scenarios.expect import Expect
from indexlab.scenarios.scenario import Batch, Scenario, materialised
from indexlab.scenarios.shapes import market_for
from indexlab.targets.resolve import open_target
from tests.audit.audits import SMALL, audited

EXPECT = Expect()
REGIMES = ("calm", "gap")
FAULTS = ("level", "stop", "wash")


def batch(regime, *twins, seed=0):
    market = market_for(EXPECT, regime, 40, seed, move=1.05 if regime == "gap" else 1.0)
    start = market.start + 10 * market.interval
    specs = [tuple(FaultSpec(name, (place,), start, start + 10 * market.interval, size, seed=1) for place, (name, size) in enumerate(twin)) for twin in twins]
    return Batch(Scenario(sources=drawn_basket(7, seed), market=market), tuple(specs))


def told(met, broken, size):
    return ByTwin(np.array(met), np.array(broken), np.array(size, dtype=float))


def prop(name, check):
    return Property(name, "a statement", check)


def tally_of(made, *properties, number=0):
    with open_target("preset:plain-median") as target:
        return Judge(target, target.describe(), EXPECT, properties).judge(made, number, 0)


def cell(found, fault, regime, name):
    """(twins, judged, met, broken, worst) of one cell."""
    [one] = [one for one in found.cells if (one.fault, one.regime) == (fault, regime)]
    place = found.properties.index(name)
    return one.twins, one.judged[place], one.met[place], one.broken[place], one.worst[place]


def test_a_twin_counts_for_each_kind_that_touched_a_quote():
    """Two kinds in one twin: both; a kind of intensity 0: none, though it was given."""
    check = prop("single-source", lambda run: Outcome(4, 3, 1, by_twin=told([1, 1, 1, 0], [0, 1, 0, 0], [0.1, 0.4, 0.2, 9])))
    made = batch("calm", [("level", 0.01)], [("level", 0.02)], [("level", 0.01), ("wash", 0.5)], [("stop", 0.0)])
    found = coverage(tally_of(made, check).coverage, [check], FAULTS, REGIMES)
    assert cell(found, "level", "calm", "single-source") == (3, 3, 3, 1, 0.4)
    assert cell(found, "wash", "calm", "single-source") == (1, 1, 1, 0, 0.2)
    assert not [one for one in found.cells if one.fault == "stop"]
    effects = {one.fault: one for one in found.effects}
    assert (effects["level"].twins, effects["level"].touching, effects["level"].determinations) == (3, 3, 120)
    assert effects["level"].quotes > 0
    assert (effects["stop"].twins, effects["stop"].touching, effects["stop"].quotes, effects["stop"].differing) == (1, 0, 0, 0)


def test_a_determination_differs_where_value_or_status_is_unlike_the_clean_twin_s():
    made = batch("calm", [("stop", 1.0)], [("wash", 1.0)])
    with open_target("preset:plain-median") as target:
        judge = Judge(target, target.describe(), EXPECT, (find_property("single-source"),))
        run = evaluate(target, made, judge.setting(0, ()))
    seen = CoverageTally()
    seen.see(run, {})
    unlike = (run.broken.value[0] != run.clean.value[0]) | (run.broken.status[0] != run.clean.status[0])
    assert seen.effects["stop"][4] == unlike.sum() > 0
    assert seen.effects["wash"][4] == 0, "a plain median looks at no volume"
    assert seen.effects["wash"][2] > 0


def test_what_is_judged_of_the_clean_run_stands_in_the_row_of_no_fault():
    """A check that tells no twins apart is about the clean run; of one that does, what is left over is."""
    clean = prop("hull", lambda run: Outcome(1, 1, 0))
    both = prop("duplicates", lambda run: Outcome(3, 3, 2, by_twin=told([1, 1], [0, 1], [0, 1])))
    found = coverage(tally_of(batch("gap", [("level", 0.1)], [("stop", 1.0)]), clean, both).coverage, [clean, both], FAULTS, REGIMES)
    assert cell(found, NO_FAULT, "gap", "hull") == (1, 1, 1, 0, 0.0)
    assert cell(found, NO_FAULT, "gap", "duplicates")[:4] == (1, 1, 1, 1)
    assert cell(found, "level", "gap", "hull")[1:4] == (0, 0, 0)
    assert cell(found, "stop", "gap", "duplicates")[1:4] == (1, 1, 1)


def test_blanks_are_named():
    """A fault that touched nothing in a regime, and a premise that was never met with a fault, are blanks; what is filled counts by cell."""
    check = prop("single-source", lambda run: Outcome(2, 1, 0, by_twin=told([1, 0], [0, 0], [0, 0])))
    anything = prop("theirs", lambda run: Outcome(2, 0, 0))
    tally = tally_of(batch("calm", [("level", 0.1)], [("stop", 1.0)]), check, anything)
    found = coverage(tally.coverage, [check, anything], FAULTS, REGIMES)
    # single-source: 3 faults x 2 regimes, of which level in calm is filled; theirs: one cell, never met
    assert (found.filled, found.expected) == (1, 7)
    assert has_blanks(found)
    assert found.blanks == [
        "level touched no quote in gap",
        "stop touched no quote in gap",
        "wash touched no quote in any regime",
        "there was no market of regime gap",
        "single-source: its premise was never met with stop",
        "theirs: its premise was never met with any fault or without one",
    ]
    assert found.bears == {NO_FAULT: [], "level": ["single-source"], "stop": ["single-source"], "wash": ["single-source"]}


def test_a_fault_between_sources_is_not_asked_of_a_promise_about_one():
    found = coverage(CoverageTally(), [find_property("single-source"), find_property("recovery")], ("level", "reorder-across-sources"), REGIMES)
    assert found.bears == {NO_FAULT: [], "level": ["single-source", "recovery"], "reorder-across-sources": ["recovery"]}
    assert (found.filled, found.expected) == (0, 6)


def test_all_filled_is_no_blank():
    check = prop("single-source", lambda run: Outcome(1, 1, 0, by_twin=told([1], [0], [0])))
    tally = Tally()
    for regime in REGIMES:
        for fault in FAULTS:
            tally.merge(tally_of(batch(regime, [(fault, 0.5)]), check))
    found = coverage(tally.coverage, [check], FAULTS, REGIMES)
    assert (found.filled, found.expected, found.blanks) == (6, 6, [])


def test_a_stretch_of_a_fixture_is_a_regime_of_its_own_and_is_asked_of_nobody():
    made = batch("calm", [("level", 0.1)])
    written = Batch(materialised(made.base), made.twins)
    check = prop("single-source", lambda run: Outcome(1, 1, 0, by_twin=told([1], [0], [0])))
    tally = tally_of(written, check)
    found = coverage(tally.coverage, [check], ("level",), ("calm",))
    assert found.regimes == ["calm", RECORDED]
    assert cell(found, "level", RECORDED, "single-source")[2] == 1
    assert (found.filled, found.expected) == (0, 1)


def test_merging_in_any_order_gives_the_same():
    check = find_property("single-source")
    parts = [tally_of(batch(regime, [(fault, 0.3)], [("level", 0.01)], seed=3), check).coverage for regime in REGIMES for fault in FAULTS]
    one, other = CoverageTally(), CoverageTally()
    for part in parts:
        one.merge(part)
    for part in reversed(parts):
        other.merge(part)
    assert coverage(one, [check], FAULTS, REGIMES) == coverage(other, [check], FAULTS, REGIMES)


def test_stretches_that_judged_other_properties_add_up():
    """A sweep judges fewer properties than a batch: each keeps its own counts, whichever comes first."""
    single, recovery = find_property("single-source"), find_property("recovery")
    made = batch("calm", [("level", 0.1)])
    one, other = CoverageTally(), CoverageTally()
    for part in (tally_of(made, single), tally_of(made, single, recovery)):
        one.merge(part.coverage)
    for part in (tally_of(made, recovery, single), tally_of(made, single)):
        other.merge(part.coverage)
    both = [coverage(each, [single, recovery], FAULTS, REGIMES) for each in (one, other)]
    for name, judged in (("single-source", 2), ("recovery", 1)):
        assert cell(both[0], "level", "calm", name) == cell(both[1], "level", "calm", name)
        assert cell(both[0], "level", "calm", name)[:2] == (2, judged)


def test_what_a_check_found_by_twin_is_carried_no_further():
    assert tally_of(batch("calm", [("level", 0.1)]), find_property("single-source")).properties["single-source"].by_twin is None


def test_an_unconfirmed_breach_is_none():
    made = batch("calm", [("level", 0.1)])
    with open_target("preset:plain-median") as target:
        run = evaluate(target, made, Judge(target, target.describe(), EXPECT, (find_property("single-source"),)).setting(0, ()))
    assert regime_of(run) == "calm"
    seen = CoverageTally()
    seen.see(run, {"scale": PropertyTally(1, 1, 0, ties=1, by_twin=told([1], [1], [0.1]))})
    found = coverage(seen, [find_property("scale")], FAULTS, REGIMES)
    assert cell(found, "level", "calm", "scale")[2:4] == (1, 0)


def result(*, required, blank, verdict="holds", survey=False):
    table = Coverage(2, 1 if blank else 2, [], [], [], {}, [], [], ["a blank"] if blank else [])
    target = TargetResult("t", "t", "", "in-process", {}, [PropertyResult("hull", "", verdict, "", 1, 1)], {}, 1, 1, coverage=table)
    return AuditResult("0", 0, "quick", survey, {}, [target], require_coverage=required)


@pytest.mark.parametrize(
    ("given", "code"),
    [
        ({"required": False, "blank": True}, 0),
        ({"required": True, "blank": False}, 0),
        ({"required": True, "blank": True}, 4),
        ({"required": True, "blank": True, "verdict": "violated"}, 1),
        ({"required": True, "blank": True, "survey": True}, 0),
    ],
)
def test_a_blank_is_inconclusive_where_coverage_is_required(given, code):
    assert exit_code(result(**given)) == code


def test_an_audit_tells_its_coverage():
    """Every kind of the built-in batches is there, and the journal can hold the table."""
    found = audited("preset:plain-median", budget=SMALL, require_coverage=True).result
    table = found.targets[0].coverage
    assert found.require_coverage
    assert 0 < table.filled <= table.expected
    assert {"stop", "level", "null"} <= {one.fault for one in table.cells}
    assert msgspec.json.decode(msgspec.json.encode(table), type=Coverage) == table
