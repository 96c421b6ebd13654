"""`no-flapping`: a source that swings around a threshold does not make the index swing; measured always, judged where the plan sets a limit."""

import msgspec
import numpy as np
import pytest

from indexlab.audit.plan import Budget
from indexlab.market.quotes import Quotes
from indexlab.properties.no_flapping import PROPERTY, variation
from indexlab.properties.property import Occasion
from tests.audit.audits import audited
from tests.properties.recording import EXPECT, answering, assert_broken, assert_holds, assert_unmet, at, broken, level, market, mean, recorded

LIMIT = msgspec.structs.replace(EXPECT, max_flapping=0.01)
SWINGING = tuple(fault for start in range(20, 50, 4) for fault in level(1.08, 0, start=start, end=start + 2))
"""Two seconds 8 % too high, two seconds right, and so on."""


def dropping(prices):
    """Wrong by design: a mean of those within 5 % of the median, with no hysteresis."""
    middle = float(np.median(list(prices.values())))
    return mean({k: price for k, price in prices.items() if abs(price / middle - 1) <= 0.05})


WIDE = market(lambda _, venue: 100.0 + 0.5 * venue)
"""A market in which every source that leaves a mean moves it by a quarter of a percent."""


def test_a_filter_without_hysteresis_flaps():
    run = recorded(level(1.08, 0), SWINGING, quotes=WIDE, expect=LIMIT, answer=answering(dropping))
    outcome = PROPERTY.check(run)
    assert_broken(outcome, 1, outcome.breach.at)
    assert outcome.breach.what == "flapping"
    assert outcome.breach.promised == "at most max_flapping = 1% a minute beyond the clean twin"
    assert outcome.by_twin.met.tolist() == [False, True]
    # eight times in and out, by some 25 bp each time
    assert outcome.worst.value == pytest.approx(16 * 0.0025, rel=0.1)


def test_a_median_does_not():
    outcome = PROPERTY.check(recorded(level(1.08, 0), SWINGING, expect=LIMIT))
    assert_holds(outcome)
    assert outcome.worst.value < 0.001


def test_without_a_limit_it_is_measured_and_not_judged():
    outcome = PROPERTY.check(recorded(SWINGING, quotes=WIDE, answer=answering(dropping)))
    assert_holds(outcome)
    assert outcome.worst.value > 0.03
    plain = {"expect": EXPECT, "uses": ("price",), "provides": ("index",)}
    assert PROPERTY.measured_always
    assert PROPERTY.applies(Occasion(**plain)) == "max_flapping unset: measured, not judged"
    assert PROPERTY.applies(Occasion(**plain | {"expect": LIMIT})) == ""
    assert "2 sources" in PROPERTY.applies(Occasion(**plain | {"expect": LIMIT}, sources=2))


@pytest.mark.parametrize("twin", [level(1.08, 0), level(1.08, 0, end=30), broken("stop", 0), broken("drift", 0)], ids=["level", "and back", "stop", "drift"])
def test_who_goes_once_or_goes_and_comes_back_does_not_oscillate(twin):
    assert_unmet(PROPERTY.check(recorded(twin, quotes=WIDE, expect=LIMIT, answer=answering(mean))))


def test_coming_and_going_is_oscillation_too():
    swings = tuple(fault for start in (20, 40, 60, 80) for fault in broken("stop", 0, start=start, end=start + 14))
    run = recorded(swings, quotes=market(lambda _, venue: 100.0 + 0.5 * venue, seconds=110), seconds=110, expect=LIMIT, answer=answering(mean))
    assert PROPERTY.check(run).premise_met == 1


def test_what_the_market_itself_moves_is_no_flapping():
    lively = market(lambda second, venue: 100.0 + (second % 2) + 0.002 * venue)
    assert_holds(PROPERTY.check(recorded(SWINGING, quotes=lively, expect=LIMIT)))


def test_variation_passes_over_what_is_missing():
    assert variation(np.array([[100.0, np.nan, 110.0, 110.0, 99.0]]))[0].tolist() == pytest.approx([0, 0, 0.1, 0.1, 0.2])
    assert variation(np.array([[np.nan, 5.0]])).tolist() == [[0, 0]]


def test_a_run_of_one_publication_is_no_occasion():
    quotes = Quotes.from_columns(receive_time=[at(0)], event_time=[at(0)], source=[0], price=[1.0])
    assert_unmet(PROPERTY.check(recorded(SWINGING, quotes=quotes, seconds=1, expect=LIMIT)))


def test_an_audit_shows_what_was_measured_beside_why_it_is_not_judged():
    told = audited("preset:plain-median", only=("no-flapping",), budget=Budget(batches=30, twins=4, shrink=1, seconds=1e9)).properties()["no-flapping"]
    assert (told.verdict, told.reason) == ("not-applicable", "max_flapping unset: measured, not judged")
    assert told.premise_met > 0
    assert "a minute of variation" in told.worst.text
