"""`availability`: with «min_sources» live sources that agree within 10 bp every determination is ok or degraded."""

from dataclasses import replace

import msgspec
import numpy as np
import pytest

from indexlab.index.determination import DEGRADED, HALTED, HELD, Determinations
from indexlab.market.quotes import Quotes
from indexlab.market.rates import Rate
from indexlab.properties.availability import PROPERTY
from indexlab.properties.run import CLEAN
from tests.properties.recording import answering, assert_broken, assert_holds, assert_unmet, broken, level, market, recorded, rewritten

RUN = recorded(level(1.0003, 0), level(1.5, 1))


def test_an_index_that_is_always_there_holds():
    """Also where a source is broken by less than the 10 bp, and before and after it is."""
    assert_holds(PROPERTY.check(RUN), met=3)


@pytest.mark.parametrize("status", [HELD, HALTED])
@pytest.mark.parametrize("twin", [CLEAN, 0])
def test_a_pause_in_an_agreeing_market_is_found(status, twin):
    assert_broken(PROPERTY.check(rewritten(RUN, twin, [12, 40], status=status)), twin, 12)


def test_a_degraded_index_is_an_index():
    assert_holds(PROPERTY.check(rewritten(RUN, CLEAN, slice(None), status=DEGRADED)), met=3)


def test_a_target_that_stops_at_equal_prices_is_found():
    honest = answering()

    def answer(request):
        told = honest(request)
        held = np.append(False, np.diff(told.value) == 0)
        return Determinations(told.value, np.where(held, HELD, told.status).astype(np.int8))

    assert_broken(PROPERTY.check(recorded(quotes=market(lambda *_: 100.0), answer=answer)), CLEAN, 1)


@pytest.mark.parametrize(("spread", "found"), [(9.9e-4, True), (10.1e-4, False)])
def test_agreement_is_within_ten_basis_points(spread, found):
    run = recorded(quotes=market(lambda _, k: 100.0 * (1 + spread * (k == 2))))
    outcome = PROPERTY.check(rewritten(run, CLEAN, [12], status=HALTED))
    assert (outcome.breach is not None) == found == (outcome.premise_met == 1)


def test_agreement_is_of_what_prices_are_worth():
    """Source 4 says half of what the others say, in a currency that is worth twice the index's; in the broken twin, at first, in one that is not."""
    run = recorded(level(1.5, 4), quotes=market(lambda _, k: 100.0 if k < 4 else 50.0))
    assert_unmet(PROPERTY.check(replace(run, broken_traces=(), twins=())))
    basket = (*run.basket[:4], msgspec.structs.replace(run.basket[4], quote="EUR"))
    two, less = ({"EUR": Rate(run.times[:1], run.times[:1], np.full(1, worth))} for worth in (2.0, 2.0 / 1.5))
    told = replace(run, basket=basket, rates=two, twin_rates=(two,))
    assert_broken(PROPERTY.check(rewritten(told, CLEAN, [12], status=HALTED)), CLEAN, 12)
    assert_holds(PROPERTY.check(rewritten(told, CLEAN, [0], status=HALTED)), met=2)
    assert_holds(PROPERTY.check(rewritten(told, 0, [25], status=HALTED)), met=2)
    assert_broken(PROPERTY.check(rewritten(replace(told, twin_rates=(less,)), 0, [25], status=HALTED)), 0, 25)


def test_only_live_sources_need_to_agree():
    """Source 0 says 150 until 20 s: from publication 29 on it is not live, near the limit until 30."""
    run = recorded(quotes=market(lambda second, k: 100.0 if k else (150.0 if second < 20 else None)))
    assert_holds(PROPERTY.check(rewritten(run, CLEAN, range(31), status=HALTED)))
    assert_broken(PROPERTY.check(rewritten(run, CLEAN, range(40), status=HALTED)), CLEAN, 31)


def test_a_source_that_sent_garbage_does_not_count_as_one_of_enough():
    run = recorded(broken("zero", 0, 1, 2, end=40))
    assert_holds(PROPERTY.check(rewritten(run, 0, range(20, 40), status=HALTED)), met=2)
    assert_broken(PROPERTY.check(rewritten(run, 0, [19], status=HALTED)), 0, 19)


def test_without_agreement_or_enough_sources_there_is_no_verdict():
    assert_unmet(PROPERTY.check(recorded(quotes=market(lambda _, k: 100.0 + k))))
    assert_unmet(PROPERTY.check(recorded(quotes=market(venues=2), weights=[1.0] * 2)))
    assert_unmet(PROPERTY.check(recorded(quotes=Quotes.empty(), seconds=5)))
