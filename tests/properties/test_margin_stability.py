"""`margin-stability`: who keeps more than «margin_headroom» of headroom in the clean twin is in the same state in the broken one."""

import msgspec
import numpy as np
import pytest

from indexlab.index.determination import HALTED
from indexlab.margin.account import Account
from indexlab.margin.rack import rack_from_accounts
from indexlab.margin.rules_file import venue
from indexlab.margin.states import FROZEN, HEALTHY
from indexlab.market.quotes import Quotes
from indexlab.properties.margin_stability import PROPERTY, described, steady_accounts
from indexlab.properties.run import CLEAN
from indexlab.properties.single_source import PROPERTY as SINGLE_SOURCE
from tests.properties.recording import EXPECT, answering, assert_broken, assert_holds, assert_unmet, broken, level, market, mean, recorded, rewritten

FLAT = market(lambda *_: 100.0)
RUN = recorded(level(1.02, 1), level(1.5, 0), quotes=FLAT)


def account(headroom, *, size=1.0):
    """Return an account that is healthy at 100 until the mark has moved by about `headroom` against it.

    In the first tier of BTCUSDT maintenance is 0.4 % of the notional, the warning begins at 1/0.8 of that.
    """
    border = 100.0 * (1 - headroom if size > 0 else 1 + headroom)
    return Account("drawn", size, 100.0, abs(size) * (0.005 * border + 100.0 * headroom))


def test_a_median_leaves_every_account_where_it_was():
    assert_holds(PROPERTY.check(RUN), met=2)


@pytest.mark.parametrize(("factor", "found"), [(1.0099, False), (0.9901, False), (1.0115, True), (0.9885, True)])
def test_some_account_stands_just_above_the_border(factor, found):
    """Within the headroom nobody moves; a little beyond it the rack has an account that does, long or short."""
    outcome = PROPERTY.check(rewritten(RUN, 1, [33], factor=factor))
    assert (outcome.breach is not None) == found
    if found:
        assert_broken(outcome, 1, 33)
        assert outcome.breach.account in RUN.rack.accounts
        assert (outcome.breach.account.size > 0) == (factor < 1)
        assert outcome.breach.size == pytest.approx(0.011, rel=0.05)


def test_it_may_be_broken_where_single_source_holds():
    """A promise of 3 % of displacement is one thing, an account with 1 % of headroom another."""
    loose = msgspec.structs.replace(EXPECT, max_displacement=0.03)
    run = recorded(level(1.1, 0), quotes=FLAT, expect=loose, answer=answering(mean))
    assert SINGLE_SOURCE.check(run).breach is None
    outcome = PROPERTY.check(run)
    assert_broken(outcome, 0, 20)
    assert outcome.breach.sentence.startswith("a alone: short ")
    assert "of headroom, in warning at 12:00:21, in the clean twin healthy" in outcome.breach.sentence


@pytest.mark.parametrize(("size", "factor"), [(1.0, 0.94), (-1.0, 1.06)])
def test_the_scenario_s_own_accounts_are_judged(size, factor):
    run = recorded(level(1.5, 0), quotes=FLAT, accounts=[account(0.05, size=size)])
    assert run.rack.states(100.0).tolist() == [HEALTHY]
    assert_holds(PROPERTY.check(rewritten(run, 0, [30], factor=1 + (factor - 1) * 0.8)))
    outcome = PROPERTY.check(rewritten(run, 0, [30], factor=factor))
    assert_broken(outcome, 0, 30)
    assert outcome.breach.account == run.rack.accounts[0]


def test_headroom_for_a_better_state_counts_too():
    """A long in liquidation close below the warning: a rise of 0.5 % makes it better, which is within the headroom; so it is not steady."""
    nearly = account(-0.0005)
    run = recorded(level(1.5, 0), quotes=FLAT, accounts=[nearly])
    assert run.rack.states(100.0)[0] != HEALTHY
    assert_unmet(PROPERTY.check(rewritten(run, 0, [30], factor=1.005)))


def test_who_is_steady_is_so_over_the_whole_tracking_window():
    """The clean index dips at second 30 so that 0.6 % are left: for two seconds before and after that nothing is promised to this account."""
    dip = market(lambda second, _: 95.6 if second == 30 else 100.0)
    run = recorded(level(1.5, 0), quotes=dip, accounts=[account(0.05)])
    states, steady, least = steady_accounts(run, run.rack)
    assert np.flatnonzero(~steady[:, 0]).tolist() == [28, 29, 30, 31, 32]
    assert set(states[:, 0].tolist()) == {HEALTHY}
    assert float(least[30, 0]) < EXPECT.margin_headroom < float(least[33, 0])
    assert_holds(PROPERTY.check(rewritten(run, 0, range(28, 33), factor=0.8)))
    assert_broken(PROPERTY.check(rewritten(run, 0, [33], factor=0.8)), 0, 33)


def test_who_changes_state_in_the_clean_twin_is_not_steady_around_that():
    """A true fall of 20 % at second 30 makes a bankrupt of an account that had 5 % of headroom before and has more behind it."""
    fall = market(lambda second, _: 100.0 if second < 30 else 80.0)
    run = recorded(level(1.5, 0), quotes=fall, accounts=[account(0.05)])
    _, steady, least = steady_accounts(run, run.rack)
    assert float(least.min()) > EXPECT.margin_headroom
    assert np.flatnonzero(~steady[:, 0]).tolist() == [28, 29, 30, 31]
    assert_holds(PROPERTY.check(rewritten(run, 0, [30, 31], value=100.0)))
    assert_broken(PROPERTY.check(rewritten(run, 0, [30, 31, 32], value=100.0)), 0, 32)


def test_an_account_that_freezes_in_the_broken_twin_alone_is_found_while_enough_sources_are_live():
    assert_broken(PROPERTY.check(rewritten(RUN, 0, [40], status=HALTED)), 0, 40)
    three = recorded(level(1.5, 0), quotes=market(lambda *_: 100.0, venues=3), weights=[1.0] * 3)
    assert_holds(PROPERTY.check(rewritten(three, 0, [40], status=HALTED)))
    assert_broken(PROPERTY.check(rewritten(three, 0, [40], factor=0.5)), 0, 40)


def test_a_frozen_account_is_not_steady():
    run = rewritten(RUN, CLEAN, range(35, 45), status=HALTED)
    states, steady, _ = steady_accounts(run, run.rack)
    assert set(states[40].tolist()) == {FROZEN}
    assert not steady[33:47].any()
    assert_holds(PROPERTY.check(rewritten(run, 0, range(33, 47), factor=0.5)), met=2)


def test_the_premise_is_that_of_single_source():
    alone = recorded(level(1.5, 0), quotes=market(lambda *_: 100.0, venues=3), weights=(0.22, 0.10, 0.08), answer=answering(mean))
    assert_unmet(PROPERTY.check(alone))
    assert_unmet(PROPERTY.check(recorded(level(1.5, 0, 1), quotes=FLAT, answer=answering(mean))))
    assert_holds(PROPERTY.check(rewritten(RUN, 1, range(20), factor=0.5)), met=2)


def test_without_an_account_that_is_steady_there_is_no_verdict():
    assert_unmet(PROPERTY.check(recorded(level(1.5, 0), quotes=FLAT, accounts=[account(0.005)])))
    never = recorded(broken("stop", 0), quotes=Quotes.empty(), seconds=5)
    assert never.rack is None
    outcome = PROPERTY.check(never)
    assert_unmet(outcome)
    assert outcome.unmet == "the scenario has no accounts"


def test_an_account_of_an_inverse_contract_is_named_by_its_worth_in_coins():
    """1000 contracts of 10 USD at 50 000 are 0.2 BTC, over 0.01 BTC of collateral; one BTC at 100 over 0.005 * 95.5 + 4.5 is 20.09 times it."""
    record = Account("drawn", -1000.0, 50_000.0, 0.01, contract="BTC-PERPETUAL")
    rules = venue("deribit")
    assert described(record, rack_from_accounts([record], rules.contract("BTC-PERPETUAL"), rules=rules)) == "short 20x"
    assert described(account(0.045), recorded(quotes=FLAT).rack) == "long 20.1x"
