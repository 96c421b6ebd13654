"""The true market moves, which no index may filter: a harness that only breaks things would praise an index that is frozen.

They are no faults, but regimes of the market (`indexlab.market.synthetic`); they are listed and drawn beside the faults.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from indexlab.market.synthetic import Regime

__all__ = ["TRUE_MOVES", "TrueMove"]


@dataclass(frozen=True, slots=True)
class TrueMove:
    """A move that all venues make: `move` is the factor, `over` how long it takes and `silence` how long nobody says anything before it, in seconds."""

    name: Regime
    summary: str
    explanation: str
    move: float = 1.0
    over: int = 0
    silence: int = 0


TRUE_MOVES: Final = {
    move.name: move
    for move in (
        TrueMove(
            "crash",
            "the price falls on every venue",
            "A guard that takes every fall for a fault holds the index up while accounts go under, and the insurance fund pays. "
            "It happened: on 2023-11-18 YFI fell from 14,500 to 8,300 dollars within hours.",
            0.98,
            14,
        ),
        TrueMove(
            "rally",
            "the price rises on every venue",
            "A step guard or a band around an old value that has no way back is left behind, and stays behind. It happened: on 2022-10-11 MNGO "
            "was bought from 0.038 to 0.91 dollars on every market that its index read: on purpose, and yet that was the price.",
            1.02,
            14,
        ),
        TrueMove(
            "gap-open",
            "after a silence of all, every venue shows another price at once",
            "There is no price in between, so what compares with the last value throws out everybody. "
            "Markets with hours open like this, and venues after a common halt.",
            1.02,
            0,
            8,
        ),
        TrueMove(
            "volatile",
            "every venue's price moves ten times as much as in a calm market",
            "A band that fits calm days throws out half of the venues on such a day, and the quorum is lost when the index is needed most.",
        ),
        TrueMove(
            "lead-lag",
            "one venue goes first, the others follow one by one",
            "For some time the venue that is right is alone. It may be left out until others have followed, but must be let in again at once, "
            "and the index must arrive.",
            1.02,
        ),
    )
}
"""By name, in the order in which they are listed."""
