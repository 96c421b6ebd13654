"""`responsiveness`: a true move of at least 1 % reaches the index within «max_tracking_lag» of the last live source showing it.

All venues say the new price at second 30, which publication 30 has seen; two seconds later, at publication 32, the index owes it.
"""

import msgspec
import numpy as np
import pytest

from indexlab.index.determination import HALTED, HELD
from indexlab.properties.responsiveness import PROPERTY
from indexlab.properties.run import CLEAN
from tests.properties.recording import EXPECT, answering, assert_broken, assert_holds, assert_unmet, level, market, recorded, rewritten

MOVES = (1.0102, 0.987, 1.05, 0.85, 20.0, 0.04, 99.0, 0.0101)


def step(factor, *, second=30):
    return market(lambda s, k: (100.0 + 0.002 * k) * (factor if s >= second else 1.0))


@pytest.mark.parametrize("factor", MOVES)
def test_a_median_follows_moves_of_every_size_and_sign(factor):
    assert_holds(PROPERTY.check(recorded(quotes=step(factor))))


@pytest.mark.parametrize("factor", MOVES)
def test_an_index_that_stays_where_it_was_is_found_when_it_is_owed(factor):
    run = recorded(quotes=step(factor))
    stays = rewritten(run, CLEAN, slice(30, None), value=100.0)
    assert_broken(PROPERTY.check(stays), CLEAN, 32)
    assert_holds(PROPERTY.check(rewritten(run, CLEAN, [30, 31], value=100.0)))


@pytest.mark.parametrize("sign", [1, -1])
@pytest.mark.parametrize(("off", "found"), [(0.705, False), (0.715, True)])
def test_within_a_tenth_of_the_move_and_20_bp_is_near_enough(sign, off, found):
    """Of a move from 100 to 105: a tenth of 5, and 20 bp of 105, are 0.71."""
    run = recorded(quotes=market(lambda s, _: 100.0 if s < 30 else 105.0))
    assert (PROPERTY.check(rewritten(run, CLEAN, [40], value=105.0 + sign * off)).breach is not None) == found


def capped(request):
    """Wrong: a step cap of 0.25 % a second lets a crash reach the index late."""
    told = answering()(request)
    value = told.value
    for k in range(1, len(value)):
        value[k] = min(max(value[k], value[k - 1] * 0.9975), value[k - 1] * 1.0025)
    return told


def test_a_step_cap_is_found():
    outcome = PROPERTY.check(recorded(quotes=step(0.85), answer=capped))
    assert_broken(outcome, CLEAN, 32)
    assert "-15.00%" in outcome.breach.sentence


@pytest.mark.parametrize("status", [HELD, HALTED])
def test_an_index_that_goes_away_with_the_move_is_found(status):
    run = recorded(quotes=step(1.05))
    assert_broken(PROPERTY.check(rewritten(run, CLEAN, range(30, 40), status=status)), CLEAN, 32)
    assert_holds(PROPERTY.check(rewritten(run, CLEAN, [30, 31], status=status)))


def test_the_last_live_source_starts_the_clock():
    """Venues show the move one after the other, the last of them at second 33: owed from publication 35 on."""
    staggered = market(lambda s, k: 105.0 if s >= 30 + (3 if k == 4 else 0) else 100.0)
    expect = msgspec.structs.replace(EXPECT, max_lead=4_000_000)
    run = recorded(quotes=staggered, expect=expect)
    assert_holds(PROPERTY.check(rewritten(run, CLEAN, range(30, 35), value=100.0)))
    assert_broken(PROPERTY.check(rewritten(run, CLEAN, range(30, 37), value=100.0)), CLEAN, 35)


def test_a_source_that_is_not_live_need_not_show_it():
    quotes = market(lambda s, k: None if k == 4 and s >= 10 else (105.0 if s >= 30 else 100.0))
    run = recorded(quotes=quotes)
    assert_holds(PROPERTY.check(run))
    assert_broken(PROPERTY.check(rewritten(run, CLEAN, slice(30, None), value=100.0)), CLEAN, 32)


def test_a_market_that_moves_again_is_judged_when_it_rests():
    """5 % up, and five seconds later back: then the index owes the old price again."""
    there_and_back = market(lambda s, _: 105.0 if 30 <= s < 35 else 100.0)
    run = recorded(quotes=there_and_back)
    assert_holds(PROPERTY.check(run))
    late = np.roll(run.clean.value[0], 4)
    assert_broken(PROPERTY.check(rewritten(run, CLEAN, slice(None), value=late)), CLEAN, 32)


@pytest.mark.parametrize(
    "quotes",
    [
        market(),
        step(1.0095),
        step(0.9905),
        step(120.0),
        step(1 / 120),
        market(lambda s, _: 100.0 * 1.004**s),
        market(lambda s, k: 105.0 if s >= 30 and k != 2 else 100.0),
        market(lambda s, k: None if k > 1 else 100.0 + 5 * (s >= 30)),
    ],
    ids=["no move", "0.95 % up", "0.95 % down", "by 120", "by 1/120", "no rest", "one does not follow", "too few"],
)
def test_without_a_move_of_all_and_a_rest_there_is_no_verdict(quotes):
    assert_unmet(PROPERTY.check(recorded(quotes=quotes)))


def test_broken_twins_are_none_of_its_business():
    run = recorded(level(1.5, 0), quotes=step(1.05))
    assert_holds(PROPERTY.check(rewritten(run, 0, slice(None), value=1.0)))


def test_after_all_were_away_a_target_has_max_recovery_to_take_them_back():
    """Nobody speaks for 15 s, which is beyond «max_age»; at second 30 all open 5 % higher, and from 5 s later on an index is owed."""
    opens = market(lambda s, _: 100.0 if s < 15 else None if s < 30 else 105.0)
    run = recorded(quotes=opens, expect=msgspec.structs.replace(EXPECT, max_lead=8_000_000))
    assert_holds(PROPERTY.check(rewritten(run, CLEAN, range(20, 34), status=HALTED)))
    assert_broken(PROPERTY.check(rewritten(run, CLEAN, range(20, 45), status=HALTED)), CLEAN, 35)


def test_over_a_long_tracking_lag_a_market_may_wander_by_a_share_of_its_move():
    """By 30 bp, where half of a tenth of the move is 167 bp: too much for a move of 2 %, of which that is 10 bp."""
    expect = msgspec.structs.replace(EXPECT, max_tracking_lag=12_000_000)

    def wanders(factor):
        return recorded(quotes=market(lambda s, _: 100.0 if s < 30 else 100.0 * factor * (1.0 + 0.003 * (s % 2))), expect=expect)

    assert_holds(PROPERTY.check(wanders(1.5)))
    assert_broken(PROPERTY.check(rewritten(wanders(1.5), CLEAN, slice(30, None), value=100.0)), CLEAN, 42)
    assert_unmet(PROPERTY.check(wanders(1.02)))
