"""What the plan makes of recorded quotes: who is live, who is near the limit, who said something invalid, what is undisturbed."""

import msgspec
import numpy as np
import pytest

from indexlab.market.panel import NEVER_US
from indexlab.market.units import SECOND
from indexlab.properties.run import CLEAN
from tests.properties.recording import EXPECT, broken, late, level, market, recorded


def silent_between(venue, first, last):
    """Return a price function in which a venue says nothing from second `first` to before `last`."""
    return lambda second, k: None if k == venue and first <= second < last else 100.0


def test_a_source_is_live_up_to_the_age_limit_and_no_longer():
    """Its last quote is of 19.05 s: publication 28 (29 s) sees it 9.95 s old, publication 29 sees it 10.95 s old."""
    run = recorded(quotes=market(silent_between(0, 20, 40)))
    live = run.clean.live[0, :, 0]
    assert np.flatnonzero(~live).tolist() == list(range(29, 40))
    assert run.clean.live[0, :, 1:].all()


def test_the_limit_itself_is_live_and_near():
    run = recorded(quotes=market(silent_between(0, 20, 40)), expect=msgspec.structs.replace(EXPECT, max_age=10 * SECOND + 950_000))
    assert run.clean.age[0, 29, 0] == 10_950_000
    assert run.clean.live[0, 29, 0]
    assert not run.clean.live[0, 30, 0]


@pytest.mark.parametrize(("interval", "near"), [(SECOND, range(27, 31)), (3 * SECOND, range(23, 35))])
def test_nobody_is_judged_near_the_limit(interval, near):
    """Within two seconds of it, or two intervals where these are longer: 8.95 to 11.95 s of age, or 4.95 to 15.95 s."""
    run = recorded(quotes=market(silent_between(0, 20, 40)), expect=msgspec.structs.replace(EXPECT, interval=interval))
    assert np.flatnonzero(run.clean.near_limit[0]).tolist() == list(near)


def test_who_never_spoke_is_neither_live_nor_near():
    run = recorded(quotes=market(lambda _, k: None if k == 2 else 100.0))
    assert (run.clean.age[0, :, 2] == NEVER_US).all()
    assert not run.clean.live[0, :, 2].any()
    assert not run.clean.near_limit.any()


def test_age_is_by_the_plan_s_clock():
    """Four seconds of honest lateness are age by the event clock, and none by the receive clock."""
    delayed = late(4, 1)
    by_event = recorded(delayed)
    by_receipt = recorded(delayed, expect=msgspec.structs.replace(EXPECT, clock="receive"))
    assert by_event.broken.age[0, 30, 1] == 4_850_000
    assert by_receipt.broken.age[0, 30, 1] == pytest.approx(800_000, abs=1000)


def test_what_is_invalid_is_never_the_newest_but_is_heard():
    run = recorded(broken("zero", 1, start=20, end=25))
    assert np.flatnonzero(run.broken.invalid_now[0, :, 1]).tolist() == [20, 21, 22, 23, 24]
    assert not run.broken.invalid_now[0][:, [0, 2, 3, 4]].any()
    assert run.broken.price[0, 24, 1] == run.clean.price[0, 19, 1]
    assert run.broken.age[0, 24, 1] == 5_850_000
    assert run.broken.silence[0, 24, 1] == 800_000
    assert run.broken.live[0, 24, 1]
    assert not run.broken.surely_live[0, 24, 1]


def test_unbroken_live_sources_are_those_without_a_fault():
    run = recorded(broken("stop", 0, 1), level(2.0, 2))
    assert run.faulty.tolist() == [[True, True, False, False, False], [False, False, True, False, False]]
    assert set(run.unbroken_live[0].tolist()) == {3}
    assert set(run.unbroken_live[1].tolist()) == {4}
    assert np.flatnonzero(run.begun[1])[0] == 20
    assert run.trace(CLEAN) is run.clean_trace


def test_a_source_is_intact_where_both_twins_last_heard_the_same_of_it():
    run = recorded(level(1.0001, 3, start=20, end=22), broken("stop", 3, start=20, end=22), broken("null", 3, start=20, end=22), level(2.0, 3, start=100))
    for twin in range(3):
        assert np.flatnonzero(~run.intact[twin, :, 3]).tolist() == [20, 21], twin
        assert run.intact[twin][:, [0, 1, 2, 4]].all()
    assert run.intact[3].all()


def test_a_held_or_halted_value_is_none_to_act_on():
    run = recorded(quotes=market(seconds=8), seconds=8)
    answer = run.clean_trace.answer
    answer.status[:] = [0, 1, 2, 3, 0, 0, 0, 0]
    answer.value[5] = np.nan
    assert run.clean.missing[0].tolist() == [False, False, True, True, False, True, False, False]
