"""`liquidation-rules`: a forced reduction is what its rule says: no more than needed, never turned, in its rounds, every cent of it booked."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from indexlab.properties.liquidation_slips import slip
from indexlab.properties.per_twin import PerTwin
from indexlab.properties.property import Breach, Extreme, Outcome, Property
from indexlab.properties.run import CLEAN
from indexlab.properties.tell import which

if TYPE_CHECKING:
    from indexlab.margin.case import LiquidationAnswer
    from indexlab.properties.liquidation_slips import Slip
    from indexlab.properties.run import MarginTalk, Run

__all__ = ["PROPERTY"]

_UNMET = "no margin case with a forced reduction was asked"
_NO_OCCASION = "the target answers no forced reduction"
_SAFE = "no account that was asked about had to be reduced"


def check(run: Run) -> Outcome:
    """Hold each answer about a forced reduction against its rule."""
    asked = [talk for talk in run.margin if talk.case.liquidation is not None]
    by_twin = PerTwin(len(run.twins))
    first: Breach | None = None
    answered = met = breached = 0
    worst = (0.0, CLEAN)
    for talk in asked:
        answer = talk.answer.liquidation
        if answer is None:
            continue
        answered += 1
        found = slip(talk.case, answer, ours=talk.ours)
        if not answer.fills and found is None:
            continue
        met += 1
        paid = _from_fund(talk, answer)
        worst = max(worst, (paid, talk.twin))
        by_twin.judged(talk.twin, paid, "" if found is None else found.what)
        if found is not None:
            breached += 1
            first = first or _breach(run, talk.twin, found, paid)
    extreme = Extreme(worst[0], "ratio", f"{float(f'{worst[0]:.3g}'):g} of the collateral paid by the fund", worst[1]) if met else None
    no_occasion = _NO_OCCASION if asked and not answered else ""
    return Outcome(len(asked), met, breached, first, extreme, no_occasion or (_SAFE if asked else _UNMET), by_twin.told(), no_occasion)


def _from_fund(talk: MarginTalk, answer: LiquidationAnswer) -> float:
    """Return what the fund paid as a share of the account's collateral; 0 where it took, or there is no collateral to speak of."""
    for account in talk.case.accounts:
        if talk.case.liquidation is not None and account.id == talk.case.liquidation.account:
            unit = talk.case.rules.contract(account.contract).unit
            return max(answer.from_fund * unit / account.collateral, 0.0) if account.collateral > 0 else 0.0
    return 0.0


def _breach(run: Run, twin: int, found: Slip, size: float) -> Breach:
    at = max(int(np.searchsorted(run.times, found.at, side="right")) - 1, 0)
    return Breach(twin, at, size, f"in {which(twin)} {found.sentence}", found.promised, found.seen, "clean twin", run.clean_trace, what=found.what)


PROPERTY = Property(
    id="liquidation-rules",
    statement="a forced reduction trades only what makes the account safe, to a lot, never turns the position, keeps its rounds and its fees; the account never"
    " ends below zero, the fund and then the rivals in their order pay what is lost beyond the bankruptcy price, and money is conserved",
    check=check,
    needs=("margin",),
    hurt="BYTEX issue 26: an order to close 0.067 was filled with 0.134, and the position turned",
    occasion="margin cases with a forced reduction",
    premise="a forced reduction was answered, and something had to be traded",
    measure="the most that the fund paid, as a share of the collateral",
    example="""a long of 10 that an order of 4 makes safe; the target closes 14
12:00:20   10 → -4
in the clean run at 12:00:20 more is traded than is left, and the position turns.
promised: a forced reduction makes a position smaller, and never turns it""",
)
