"""`unanimity`: when all live sources have said p for longer than «max_recovery», so does the index."""

import msgspec
import numpy as np
import pytest

from indexlab.index.determination import HALTED
from indexlab.market.rates import Rate
from indexlab.properties.run import CLEAN
from indexlab.properties.unanimity import PROPERTY
from tests.properties.recording import EXPECT, answering, assert_broken, assert_holds, assert_unmet, broken, late, level, market, mean, recorded, rewritten

FLAT = market(lambda *_: 100.0)
RUN = recorded(broken("stop", 0), broken("zero", 1), level(1.5, 2, end=30), quotes=FLAT)


def test_a_right_target_holds_with_others_silent_invalid_or_wrong_for_a_while():
    assert_holds(PROPERTY.check(RUN), met=4)


@pytest.mark.parametrize(("twin", "publication"), [(CLEAN, 30), (0, 40), (1, 45), (2, 50)])
def test_another_index_is_found(twin, publication):
    outcome = PROPERTY.check(rewritten(RUN, twin, [publication], factor=1.0001))
    assert_broken(outcome, twin, publication)
    assert "100" in outcome.breach.seen
    assert outcome.by_twin.broken.tolist() == [number == twin for number in range(3)]


def test_a_tenth_of_a_basis_point_or_a_tick_is_the_same():
    assert PROPERTY.check(rewritten(RUN, 0, [40], factor=1 + 0.9e-5)).breach is None
    coarse = recorded(quotes=FLAT, expect=msgspec.structs.replace(EXPECT, tick=0.05))
    assert PROPERTY.check(rewritten(coarse, CLEAN, [40], value=100.04)).breach is None
    assert_broken(PROPERTY.check(rewritten(coarse, CLEAN, [40], value=100.06)), CLEAN, 40)


@pytest.mark.parametrize(("publication", "found"), [(4, False), (5, True), (21, False), (35, False), (36, True)])
def test_they_must_have_said_so_for_the_whole_recovery(publication, found):
    """Publication 30 is the first to show the new price, and 31 the first at which it is the same as before; source 2 is off from 20 s on."""
    quotes = market(lambda second, _: 100.0 if second < 30 else 101.0)
    run = recorded(level(1.5, 2, end=29), quotes=quotes)
    twin = 0 if publication == 21 else CLEAN
    outcome = PROPERTY.check(rewritten(run, twin, [publication], factor=1.001))
    assert (outcome.breach is not None) == found


def test_a_dead_source_that_is_still_averaged_in_is_found():
    """Source 0 said 104 and has been silent since 20 s."""
    quotes = market(lambda _, k: 104.0 if k == 0 else 100.0)
    run = recorded(broken("stop", 0), quotes=quotes, answer=answering(mean, max_age=10**12))
    outcome = PROPERTY.check(run)
    assert outcome.breach.twin == 0
    assert outcome.breach.size == pytest.approx(0.008)
    right = recorded(broken("stop", 0), quotes=quotes, answer=answering(mean))
    assert_holds(PROPERTY.check(right))


def test_a_source_near_the_limit_must_say_it_too():
    """Stopped from 20 s on, source 0 may count until 12 s of age: the first judged publication lies five seconds after that."""
    quotes = market(lambda _, k: 104.0 if k == 0 else 100.0)
    run = recorded(broken("stop", 0), quotes=quotes)
    for publication, found in ((30, False), (35, False), (36, True)):
        assert (PROPERTY.check(rewritten(run, 0, [publication], factor=1.001)).breach is not None) == found


def test_a_missing_value_is_no_matter_of_it():
    assert PROPERTY.check(rewritten(RUN, 0, [40], status=HALTED)).breach is None


@pytest.mark.parametrize(
    "run",
    [
        recorded(quotes=market(lambda _, k: 100.0 + k)),
        recorded(quotes=market(lambda *_: 100.0, venues=2), weights=[1.0, 1.0], answer=answering(least=1)),
        recorded(late(15, 0), quotes=market(lambda second, _: 100.0 + second)),
    ],
    ids=["apart", "too few", "never still"],
)
def test_without_agreement_there_is_no_verdict(run):
    assert_unmet(PROPERTY.check(run))


def test_prices_in_other_currencies_are_not_compared():
    rate = Rate.from_columns(receive_time=[1], price=[0.9])
    run = recorded(quotes=FLAT)
    told = type(run)(**{**{name: getattr(run, name) for name in run.__dataclass_fields__}, "rates": {"EUR": rate}})
    assert_unmet(PROPERTY.check(told))
    assert np.isfinite(run.clean.value).all()
