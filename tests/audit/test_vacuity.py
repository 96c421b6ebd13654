"""Nothing that was looked at only in appearance holds: each of these makes its property inconclusive."""

from __future__ import annotations

import msgspec
import pytest

from indexlab.audit.judge import Judge
from indexlab.audit.results import property_result
from indexlab.audit.venues import rules_named
from indexlab.audit.work import Job
from indexlab.faults.spec import FaultSpec
from indexlab.margin.account import Account
from indexlab.properties.registry import find_property
from indexlab.scenarios.baskets import drawn_basket
from indexlab.scenarios.expect import Expect
from indexlab.scenarios.recipes import World
from indexlab.scenarios.scenario import Batch, Scenario
from indexlab.scenarios.shapes import limit_shape, market_for
from indexlab.targets.resolve import open_target

EXPECT = Expect()


def verdict(name, fault, *, accounts=(), many=1, number=0, venue=""):
    """What an audit would say of one property after one batch with one broken twin."""
    market = market_for(EXPECT, "calm", limit_shape(EXPECT).publications, 1)
    start = market.start + 20 * market.interval
    spec = msgspec.structs.replace(fault, sources=tuple(range(many)), start=start)
    made = Batch(Scenario(sources=drawn_basket(7, 1), market=market, accounts=accounts), ((spec,),))
    with open_target("preset:plain-median") as target:
        described = target.describe()
        rules = rules_named(venue) if venue else None
        tally = Judge(target, described, EXPECT, (find_property(name),), rules=rules).judge(made, number, 0)
    world = World(EXPECT, None, book=False, twins=1)
    job = Job("preset:plain-median", "m", "", described.uses, described.provides, world, (name,), 0, sparing=False)
    found = property_result(find_property(name), job, tally, [], None)
    return found.verdict, found.reason


def fault(kind, intensity=1.0):
    return FaultSpec(kind, (0,), 0, None, intensity)


def at(leverage):
    """A long account of this leverage."""
    return Account(id="own", size=1.0, entry_price=50_000.0, collateral=50_000.0 / leverage)


@pytest.mark.parametrize("name", ["single-source", "margin-stability", "silent-source", "invalid-values", "recovery"])
def test_a_fault_that_touched_nothing(name):
    assert verdict(name, fault("level", 0.0))[0] == "inconclusive"


def test_a_quorum_that_was_never_lost():
    assert verdict("quorum", fault("stop"), many=2) == ("inconclusive", "the quorum was never lost")
    assert verdict("quorum", fault("stop"), many=6)[0] == "holds"


def test_a_rack_with_nobody_near_a_border():
    """One account without leverage stays where it is whatever one source says: that it did says nothing."""
    assert verdict("margin-stability", fault("level", 0.5), accounts=(at(1.0),))[0] == "inconclusive"
    assert verdict("margin-stability", fault("level", 0.5), accounts=(at(20.0),))[0] == "holds"
    assert verdict("margin-stability", fault("level", 0.5))[0] == "holds"


def test_sources_that_never_fell_silent_for_long_enough():
    assert verdict("silent-source", fault("level", 0.5))[0] == "inconclusive"
    assert verdict("silent-source", fault("stop"))[0] == "holds"


@pytest.mark.parametrize("name", ["margin-rules", "funding-bounds", "liquidation-rules"])
def test_a_batch_beside_which_no_margin_case_was_asked(name):
    assert verdict(name, fault("level", 0.5), number=1)[0] == "inconclusive"
    assert verdict(name, fault("level", 0.5), number=0)[0] == "holds"


def test_a_venue_without_funding_gives_no_occasion():
    assert verdict("funding-bounds", fault("level", 0.5), venue="deribit-2019") == ("not-applicable", "the venue's rules have no funding")
    assert verdict("margin-rules", fault("level", 0.5), venue="deribit-2019")[0] == "holds"
