"""Each planted defect of the margin side is told from the rules by a property, and our own engine under the same rules never is."""

import pytest

from indexlab.audit.plan import Budget
from indexlab.audit.power import power_plan
from indexlab.audit.power_try import Pair, Setting, tried
from indexlab.targets.planted_margin.catalogue import defects, label_of, looked_at, planted_venues
from tests.audit.audits import audited
from tests.quality.margin_occasions import killed, occasion, wrong

LIVE = [defect.id for defect in defects() if not defect.equivalent]
FEW, MANY = 3, 30
BUDGET = Budget(batches=4, twins=6, shrink=100, seconds=1e9)
WHOLE = {
    "others-unsigned": "margin-rules",
    "haircut-on-debts": "margin-rules",
    "held-acts": "margin-rules",
    "funding-restart-again": "funding-bounds",
    "reduction-flips": "liquidation-rules",
    "money-made": "liquidation-rules",
}
"""Looked at in a whole audit: which property is to find it first."""
EVALUATIONS = 1500
STATES = [
    ("frozen-as-liquidation", "okx", "no-silent-freeze"),
    ("never-better", "binance-usdm", "margin-recovery"),
    pytest.param("jump-doubles-margin", "binance-usdm", "margin-stability", marks=pytest.mark.long),
]
"""What the properties of the index's accounts find in another's margin engine, each alone."""


def plan(*only, kind="in-process", profile="quick"):
    return power_plan(kind, profile, 0, 1, only, lambda: 0.0, lambda: False)


def test_there_are_as_many_as_is_said():
    assert len(LIVE) >= 60


def test_every_one_is_told_from_the_rules():
    survivors = [defect for defect in LIVE if killed(defect, looked_at(defect)[0]) is None]
    assert survivors == []


def test_every_property_of_margin_kills_many():
    by = [killed(defect, looked_at(defect)[0]).by for defect in LIVE]
    assert all(by.count(name) >= 25 for name in ("margin-rules", "funding-bounds", "liquidation-rules"))


@pytest.mark.parametrize("venue", planted_venues())
def test_the_engine_itself_is_never_accused(venue):
    assert [seed for seed in range(FEW) if wrong(*occasion(venue, seed)) is not None] == []


@pytest.mark.parametrize("defect", WHOLE)
def test_a_whole_audit_finds_it_soon_and_shrinks_it(defect):
    attempt = tried(Setting("quick", 0, lambda: 0.0), plan(defect).pairs[0])
    assert (attempt.problem, attempt.alarms) == ("", [])
    assert attempt.kill.property == WHOLE[defect]
    assert attempt.kill.evaluations <= EVALUATIONS
    assert attempt.kill.smallest.faults == 0


@pytest.mark.parametrize(("defect", "venue", "name"), STATES)
def test_what_is_said_of_an_index_is_said_of_a_margin_engine_too(defect, venue, name):
    pair = Pair(defect, venue, label_of(defect, venue), label_of("none", venue), whole=False, shrink=False, only=(name,))
    attempt = tried(Setting("quick", 0, lambda: 0.0), pair)
    assert (attempt.problem, attempt.alarms) == ("", [])
    assert attempt.kill.property == name


def left(venue):
    """Audit our engine under a venue's rules; return what is not kept, with the findings' sentences."""
    told = audited(label_of("none", venue), budget=BUDGET)
    return {name: one.reason for name, one in told.properties().items() if one.verdict not in {"holds", "not-applicable"}}, [
        finding.sentence for finding, _ in told.found
    ]


def test_power_looks_at_each_in_two_venues_and_at_every_venue_without_one():
    whole = plan()
    seen = {pair.target for pair in whole.pairs}
    assert {label_of(defect, venue) for defect in LIVE for venue in looked_at(defect)[:2]} <= seen
    assert {label_of("none", venue) for venue in planted_venues()} <= {right.target for right in whole.rights}
    assert plan("latched").rights == ()
    assert [pair.right for pair in plan("latched").pairs] == [label_of("none", venue) for venue in looked_at("latched")[:2]]
    assert len(plan("latched", profile="nightly").pairs) == len(looked_at("latched"))


def test_a_process_is_asked_about_bundled_venues_alone():
    through = [pair for pair in plan(kind="process").pairs if "planted-margin:" in pair.target]
    assert len(through) == 4
    assert not any("specimen" in pair.target for pair in through)


@pytest.mark.long
@pytest.mark.parametrize("venue", planted_venues())
def test_the_engine_itself_is_never_accused_in_many_cases(venue):
    assert [seed for seed in range(MANY) if wrong(*occasion(venue, seed)) is not None] == []


@pytest.mark.long
@pytest.mark.parametrize("venue", planted_venues())
def test_a_whole_audit_says_nothing_of_the_engine_itself(venue):
    assert left(venue) == ({}, [])


@pytest.mark.long
@pytest.mark.parametrize("defect", [defect for defect in LIVE if len(looked_at(defect)) > 1])
def test_every_one_is_told_from_the_rules_in_a_second_venue(defect):
    assert killed(defect, looked_at(defect)[1]) is not None
