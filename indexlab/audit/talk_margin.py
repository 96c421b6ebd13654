"""The steps of a first conversation that are about margin, for a target that has a margin engine: one account at a few marks, and no price at all."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from indexlab.audit.talk_steps import Act, Told
from indexlab.margin.account import Account
from indexlab.margin.account_rules import StateRules
from indexlab.margin.case import MarginAnswer, MarginCase
from indexlab.margin.contract import Contract, Tier
from indexlab.margin.rules import Venue, VenueRules
from indexlab.market.errors import TargetFailure
from indexlab.properties.margin_slips import slip_of
from indexlab.properties.run import CLEAN, MarginTalk
from indexlab.targets.margin_params import MARGIN, margin_params
from indexlab.targets.target import Margining

if TYPE_CHECKING:
    from indexlab.audit.talk_steps import Talk

__all__ = ["EXAMPLE", "MARGIN_SCRIPT"]

_START: Final = 1_700_000_040_000_000
EXAMPLE: Final = MarginCase(
    rules=VenueRules(
        Venue("talk"),
        (Contract("BTC-PERP", "BTC", (Tier(50_000.0, 0.008, 0.004, 0.0), Tier(None, 0.01, 0.005, 50.0))),),
        states=StateRules(warning=0.8),
    ),
    accounts=(Account("a", -0.1, 50_000.0, 500.0, "BTC-PERP"), Account("b", 2.0, 50_000.0, 10_000.0, "BTC-PERP")),
    times=tuple(_START + 1_000_000 * number for number in range(1, 5)),
    index={"BTC": (50_000.0, 45_500.0, 54_750.0, None)},
    mark={"BTC-PERP": (50_000.0, 45_225.0, 54_780.0, 54_780.0)},
    status={"BTC": ("ok", "ok", "ok", "halted")},
)
"""A short and a long beside a warning, a liquidation, and an index that is halted: what the page of the target protocol shows."""


def _states(talk: Talk) -> Told | None:
    if MARGIN not in talk.description.provides or not isinstance(talk.target, Margining):
        return None
    talk.sent, talk.params = "margin: a short and a long at three marks, and at a fourth time with the index halted", margin_params(EXAMPLE)
    (answer,) = talk.target.margin([EXAMPLE])
    if isinstance(answer, TargetFailure):
        raise answer
    slip = slip_of(MarginTalk(CLEAN, EXAMPLE, MarginAnswer(answer.state, answer.margin_ratio), ours=False))
    if slip is not None:
        where = f"state[{slip.row}]" if slip.what in ("state", "order") else f"margin_ratio[{slip.row}]"
        return Told("wrong", came=f"at {where} {slip.sentence}", expected=slip.promised, next="work the case out by hand: its rules are in the request")
    more = [name for name in ("liquidation_price", "initial_margin") if getattr(answer, name) is None]
    if more:
        return Told("better", said="states and ratios are right", came=f"no {' and no '.join(more)} (they are optional)", next="what is answered is judged")
    return Told(said="states and ratios are right")


MARGIN_SCRIPT: Final = (Act("margin", _states),)
"""What follows the rest of the conversation."""
