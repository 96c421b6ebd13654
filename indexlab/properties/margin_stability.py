"""`margin-stability`: one broken source does not move anybody's margin state."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from indexlab.margin.contract import BTCUSDT, Contract
from indexlab.margin.liquidation_cost import forced_cost, notional_at
from indexlab.margin.rack import Rack
from indexlab.margin.states import FROZEN, STATES
from indexlab.market.times import clock_text
from indexlab.market.units import format_ratio
from indexlab.properties.premise import enough_sources, single_source_premise
from indexlab.properties.property import Breach, Extreme, Outcome, Property
from indexlab.properties.run import CLEAN
from indexlab.properties.tell import first_breach, names, price_text, say, summed_up
from indexlab.properties.words import range_over, windows

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from indexlab.margin.account import Account
    from indexlab.margin.ladder import Ladder
    from indexlab.properties.run import Run

__all__ = ["PROPERTY"]

_UNMET = "no account stood in one state with one to ten times «margin_headroom» of headroom while a fault was at work"
_NEAR = 10.0
"""So many times «margin_headroom» from a change of state an account is near enough to test anything: a rack of others that stays where it is says nothing."""


def steady_accounts(run: Run, rack: Rack | Ladder) -> tuple[NDArray[np.int8], NDArray[np.bool_], NDArray[np.float64]]:
    """Return of the clean twin: states [times, accounts], which accounts are steady over the whole tracking window, their least headroom in it."""
    clean = run.clean
    states = rack.states(run.clean_mark, clean.missing)[0]
    against, in_favour = rack.headroom(run.clean_mark)
    headroom = np.minimum(against[0], in_favour[0])
    headroom = np.where(clean.missing[0][:, None], 0.0, headroom)
    low, high = windows(run.times, run.expect.max_tracking_lag, run.expect.max_tracking_lag)
    least, _ = range_over(headroom, low, high)
    return states, np.asarray((least > run.expect.margin_headroom) & _lasting(run, states)), least


def check(run: Run) -> Outcome:
    """Hold the state of every steady account in every broken twin against its state in the clean one."""
    if run.rack is None:
        return Outcome(len(run.twins), 0, unmet="the scenario has no accounts")
    premise = single_source_premise(run)
    clean_states, steady, least = steady_accounts(run, run.rack)
    states, steady_too = run.broken_states, np.broadcast_to(steady, (len(run.twins), *steady.shape))
    before = np.broadcast_to(clean_states, states.shape)
    for twin in {talk.twin for talk in run.own if talk.twin != CLEAN}:
        # a target's own states are held against its own: the headroom is that of the rules
        theirs = run.clean_states(twin)
        before, steady_too = _with_row(before, twin, theirs), _with_row(steady_too, twin, steady & _lasting(run, theirs))
    enough = run.unbroken_live >= run.expect.min_sources
    judged = premise & (enough | ~run.broken.missing) & np.asarray(steady.any(axis=1))[None, :]
    changed = np.asarray((states != before) & steady_too & judged[:, :, None])
    breaches = np.asarray(changed.any(axis=2))
    place = first_breach(breaches)
    breach = None if place is None else _breach(run, run.rack, *place, changed, states, before, least)
    moved = changed.sum(axis=2).astype(np.float64)
    # a finding that is asked again names the account that it is about, however far that stands
    asked_again = run.batch.base.accounts and run.batch.base.quotes is not None
    reach = np.inf if asked_again else _NEAR * run.expect.margin_headroom
    near = np.asarray((steady & (least <= reach)).any(axis=1))
    met = judged & (near[None, :] | breaches)
    return summed_up(run, met, breaches, breach, _worst(changed, met), _UNMET, moved, lambda twin, at: _word(changed, states, twin, at))


def _with_row(stack: NDArray[Any], twin: int, row: NDArray[Any]) -> NDArray[Any]:
    """Return [twins, …] with another row."""
    changed = np.array(stack)
    changed[twin] = row
    return changed


def _lasting(run: Run, states: NDArray[np.int8]) -> NDArray[np.bool_]:
    """Say which accounts, [times, accounts], stay in one state over the whole tracking window, and are not frozen in it."""
    lowest, highest = range_over(states.astype(np.float64), *windows(run.times, run.expect.max_tracking_lag, run.expect.max_tracking_lag))
    return np.asarray((lowest == highest) & (states != FROZEN))


def _word(changed: NDArray[np.bool_], states: NDArray[np.int8], twin: int, at: int) -> str:
    # by the worst state that an account was moved to: a wrong liquidation and a frozen account are two findings
    return STATES[int(states[twin, at][changed[twin, at]].max())]


def _worst(changed: NDArray[np.bool_], judged: NDArray[np.bool_]) -> Extreme | None:
    if not judged.any():
        return None
    moved = changed.any(axis=1).sum(axis=1)
    twin = int(np.argmax(moved))
    return Extreme(float(moved[twin]), "count", f"{int(moved[twin])} of {changed.shape[2]} accounts in another state", twin)


def _breach(
    run: Run,
    rack: Rack | Ladder,
    twin: int,
    at: int,
    changed: NDArray[np.bool_],
    states: NDArray[np.int8],
    before: NDArray[np.int8],
    least: NDArray[np.float64],
) -> Breach:
    account = int(np.argmax(np.where(changed[twin, at], least[at], -1.0)))
    record = rack.accounts[account]
    clean, now = STATES[before[twin, at, account]], STATES[states[twin, at, account]]
    count = int(changed[twin, at].sum())
    others = f" ({count} of {len(rack)} accounts moved)" if len(rack) > 1 else ""
    headroom = format_ratio(float(f"{least[at, account]:.3g}"))
    time = clock_text(int(run.times[at])).partition(".")[0]
    happened = {"liquidation": "liquidated", "bankrupt": "bankrupt", "frozen": "frozen"}.get(now, f"in {now}")
    if run.mark is not None and now != "frozen":
        time = f"{time} at the mark {price_text(float(run.broken_mark[twin, at]))}"
    theirs = " by its own engine" if run.own_states(twin) is not None else ""
    cost = _cost(run, record, twin, at) if now in ("liquidation", "bankrupt") and clean not in ("liquidation", "bankrupt") else ""
    who = names(run, run.twins[twin].faulty)
    sentence = f"{who} alone: {described(record, rack)}, {headroom} of headroom, {happened} at {time}{theirs}, in the clean twin {clean}{cost}{others}."
    promised = f"no change of state beyond margin_headroom = {format_ratio(run.expect.margin_headroom)}"
    seen = say(run.broken_traces[twin], run.clean_trace, at, "clean twin")
    return Breach(twin, at, float(least[at, account]), sentence, promised, seen, "clean twin", run.clean_trace, record, _word(changed, states, twin, at))


def described(account: Account, rack: Rack | Ladder) -> str:
    """Return an account as a person names it: "short 20x", by notional over collateral when it was opened; one with several positions by its id."""
    if account.mode != "isolated" or account.collateral <= 0:
        return f"the account {account.id}"
    leverage = notional_at(_contract(rack), account.size, account.entry_price) / account.collateral
    return f"{'long' if account.size > 0 else 'short'} {leverage:.3g}x"


def _contract(rack: Rack | Ladder) -> Contract:
    """Return the contract of the isolated accounts; in a rack of all modes they are those of BTCUSDT."""
    return rack.contract if isinstance(rack, Rack) else BTCUSDT


def _cost(run: Run, account: Account, twin: int, at: int) -> str:
    """Return what the forced close of an isolated account costs, valued at the clean twin's price; "" where nobody can say."""
    rack, mark, price = run.rack, float(run.broken_mark[twin, at]), float(run.clean.value[0, at])
    if run.rules is None or rack is None or account.mode != "isolated" or not (math.isfinite(mark) and math.isfinite(price) and price > 0):
        return ""
    contract = _contract(rack)
    lost = forced_cost(account, contract, run.rules, mark, price)
    if lost.cost <= 0:
        return ""
    return f"; cost {price_text(float(f'{lost.cost:.3g}'))} {contract.settlement}, of which fee {price_text(float(f'{lost.fee:.3g}'))}"


PROPERTY = Property(
    id="margin-stability",
    statement="no account that stays in one state with more than «margin_headroom» of headroom in the clean twin is in another state in the broken one",
    check=check,
    applies=enough_sources,
    hurt="Deribit 2019-10-31: one wrong feed liquidated accounts, about 1.3 million USD were paid back (https://insights.deribit.com/exchange-updates/deribit-flash-crash-a-letter-from-the-founders/)",
    occasion="baskets of max(«min_sources», 2 × «faulty_sources» + 1) sources or more",
    premise="as for `single-source`, with an account one to ten times «margin_headroom» from a change of state over «max_tracking_lag» before and after",
    measure="the most accounts of a twin that are in another state",
    example="""five sources that say 100; a says 110 from 12:00:20 on, and the target takes the mean
12:00:21   index 102, clean twin 100 (200.0 bp)
a alone: short 8.83x, 1.58% of headroom, in warning at 12:00:21, in the clean twin healthy (10 of 64 accounts moved).
promised: no change of state beyond margin_headroom = 1%""",
)
