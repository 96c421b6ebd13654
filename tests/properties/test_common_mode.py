"""`common-mode`: sources that share a venue or an upstream are one source: five of them are three here, a, b and c being legs of one exchange."""

from dataclasses import replace

import msgspec
import pytest

from indexlab.index.determination import DEGRADED, HALTED
from indexlab.properties.availability import PROPERTY as AVAILABILITY
from indexlab.properties.common_mode import PROPERTY
from indexlab.properties.property import Occasion
from indexlab.properties.quorum import PROPERTY as QUORUM
from indexlab.properties.run import CLEAN
from tests.properties.recording import EXPECT, answering, assert_broken, assert_holds, assert_unmet, broken, level, market, mean, recorded, rewritten

SEVEN = market(lambda *_: 100.0, venues=7)


def on_one(run, *places, by="venue"):
    """Return the run with the sources at these places on one venue (or fed by one upstream)."""
    sources = [msgspec.structs.replace(source, **{by: "shared"}) if place in places else source for place, source in enumerate(run.basket)]
    return replace(run, basket=tuple(sources))


@pytest.mark.parametrize("by", ["venue", "upstream"])
def test_a_mean_over_legs_is_moved_by_one_exchange(by):
    run = on_one(recorded(level(1.1, 0), level(1.1, 0, 1), quotes=SEVEN, answer=answering(mean)), 0, 1, by=by)
    outcome = PROPERTY.check(run)
    assert_broken(outcome, 1, 20)
    on = "on shared" if by == "venue" else "fed by shared"
    assert outcome.breach.sentence == f"the same fault in a and b, all {on}, moved the index by 285.7 bp."
    assert outcome.by_twin.met.tolist() == [False, True]
    assert outcome.by_twin.what == ("", "moved")


def test_a_median_is_not():
    assert_holds(PROPERTY.check(on_one(recorded(level(1.1, 0, 1), level(1.1, 0, 1), quotes=SEVEN), 0, 1)), met=2)


def test_a_part_of_a_venue_or_more_than_one_of_them_is_something_else():
    part = recorded(level(1.1, 0, 1), quotes=SEVEN, answer=answering(mean))
    assert_unmet(PROPERTY.check(on_one(part, 0, 1, 2)))
    assert_unmet(PROPERTY.check(on_one(recorded(level(1.1, 0, 1, 2), quotes=SEVEN, answer=answering(mean)), 0, 1)))
    assert_unmet(PROPERTY.check(part))


def test_half_of_the_weight_is_too_much_to_ask():
    """Four of seven on one exchange set a median rightly, as far as their given weights go."""
    assert_unmet(PROPERTY.check(on_one(recorded(level(1.1, 0, 1, 2, 3), quotes=SEVEN), 0, 1, 2, 3)))


GONE = broken("stop", 3, 4)


def test_three_legs_of_one_exchange_are_no_quorum():
    """When the others fall silent, three sources are live, and one of them is independent."""
    outcome = PROPERTY.check(on_one(recorded(level(1.1, 4), GONE), 0, 1, 2))
    assert_broken(outcome, 1, 31)
    assert outcome.breach.sentence == "in the run with faults the index is called ok with a, b and c live, which are 1 independent source."
    assert outcome.breach.what == "called-ok"


def test_anything_but_ok_will_do():
    run = on_one(recorded(GONE), 0, 1, 2)
    assert_holds(PROPERTY.check(rewritten(run, 0, slice(31, None), status=DEGRADED)))


def test_the_clean_run_is_judged_too():
    run = on_one(recorded(level(1.0001, 4)), 0, 1, 2, 3)
    assert_broken(PROPERTY.check(run), CLEAN, 0, breached=2)


def test_it_applies_where_sources_share_something():
    plain = {"expect": EXPECT, "uses": ("price",), "provides": ("index",)}
    sharing = on_one(recorded(), 0, 1).basket
    assert PROPERTY.applies(Occasion(**plain)) == "no two sources share a venue or an upstream"
    assert PROPERTY.applies(Occasion(**plain, sources=5, basket=recorded().basket))
    assert PROPERTY.applies(Occasion(**plain, sources=5, basket=sharing)) == ""
    assert PROPERTY.applies(Occasion(**plain, fixtures=(sharing,))) == ""
    independence = plain | {"expect": msgspec.structs.replace(EXPECT, independence=True)}
    assert PROPERTY.applies(Occasion(**independence)) == ""
    assert PROPERTY.applies(Occasion(**independence, sources=5, basket=recorded().basket))


def test_with_independence_set_three_legs_owe_no_value_to_anybody():
    """Who counts groups, and halts, keeps `availability` too: three live sources that are one are not enough."""
    strict = msgspec.structs.replace(EXPECT, independence=True)
    halted = rewritten(on_one(recorded(GONE, expect=strict), 0, 1, 2), 0, slice(31, None), status=HALTED)
    for prop in (PROPERTY, QUORUM, AVAILABILITY):
        assert prop.check(halted).breach is None
    lax = replace(halted, expect=EXPECT)
    assert AVAILABILITY.check(lax).breach is not None
