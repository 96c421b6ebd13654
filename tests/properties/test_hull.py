"""`hull`: with no faults the index lies among the prices received in the last «max_age» + «max_recovery»."""

import msgspec
import pytest

from indexlab.index.determination import HALTED, HELD
from indexlab.market.quotes import Quotes
from indexlab.properties.hull import PROPERTY
from indexlab.properties.run import CLEAN
from tests.properties.recording import EXPECT, assert_broken, assert_holds, assert_unmet, level, market, recorded, rewritten

RUN = recorded(level(1.5, 0))
LOWEST, HIGHEST = 100.0, 100.008


def test_a_median_holds():
    assert_holds(PROPERTY.check(RUN))


@pytest.mark.parametrize("value", [HIGHEST * (1 + 2e-5), LOWEST * (1 - 2e-5)])
def test_an_index_above_or_below_all_prices_is_found(value):
    assert_broken(PROPERTY.check(rewritten(RUN, CLEAN, [9, 30], value=value)), CLEAN, 9)


@pytest.mark.parametrize("value", [HIGHEST * (1 + 0.9e-5), LOWEST * (1 - 0.9e-5)])
def test_a_tenth_of_a_basis_point_outside_is_inside(value):
    assert_holds(PROPERTY.check(rewritten(RUN, CLEAN, [9], value=value)))


def test_a_tick_outside_is_inside():
    ticked = recorded(expect=msgspec.structs.replace(EXPECT, tick=0.5))
    assert_holds(PROPERTY.check(rewritten(ticked, CLEAN, [9], value=HIGHEST + 0.49)))
    assert_broken(PROPERTY.check(rewritten(ticked, CLEAN, [9], value=HIGHEST + 0.51)), CLEAN, 9)


def test_only_prices_of_the_last_fifteen_seconds_count():
    """Second 20 alone said 110; its last quote came at 20.5 s: publication 34 (35 s) may still say it, publication 35 may not."""
    spiked = recorded(quotes=market(lambda second, _: 110.0 if second == 20 else 100.0))
    assert_holds(PROPERTY.check(rewritten(spiked, CLEAN, range(20, 35), value=110.0)))
    assert_broken(PROPERTY.check(rewritten(spiked, CLEAN, range(20, 37), value=110.0)), CLEAN, 35)
    assert_broken(PROPERTY.check(rewritten(spiked, CLEAN, [19], value=110.0)), CLEAN, 19)


def test_what_is_no_price_stretches_no_hull():
    zeros = recorded(quotes=market(lambda _, k: 0.0 if k == 0 else 100.0))
    assert_broken(PROPERTY.check(rewritten(zeros, CLEAN, [9], value=50.0)), CLEAN, 9)


def test_for_who_prices_from_the_book_its_sides_belong_to_the_hull():
    quotes = market(lambda *_: 100.0)
    quotes = Quotes(*(getattr(quotes, name) for name in ("receive_time", "event_time", "source", "price")), quotes.price - 1, quotes.price + 1, quotes.volume)
    for uses, inside in ((("bid", "ask"), True), (("price",), False)):
        wide = rewritten(recorded(quotes=quotes, uses=uses), CLEAN, [9], value=100.9)
        assert (PROPERTY.check(wide).breach is None) == inside
    assert_broken(PROPERTY.check(rewritten(recorded(quotes=quotes, uses=("bid", "ask")), CLEAN, [9], value=101.1)), CLEAN, 9)


def test_a_held_value_is_not_judged_and_without_a_value_there_is_no_verdict():
    assert_holds(PROPERTY.check(rewritten(RUN, CLEAN, [9], value=500.0, status=HELD)))
    assert_unmet(PROPERTY.check(rewritten(RUN, CLEAN, slice(None), status=HALTED)))


def test_broken_twins_are_none_of_its_business():
    assert_holds(PROPERTY.check(rewritten(RUN, 0, slice(None), value=1.0)))
