"""Plain figures for a terminal: a path as one line of bars, states over time as one line of letters, a position's states over moves of the mark."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, TypeVar

from indexlab.margin.states import STATES

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["LETTERS", "LONG_MOVE", "legend", "move_line", "move_text", "path_line", "state_line"]

_T = TypeVar("_T")
_BARS: Final = "▁▂▃▄▅▆▇█"
LETTERS: Final = {"healthy": "·", "warning": "w", "reduce-only": "r", "liquidation": "L", "bankrupt": "B", "frozen": "f"}
_BADNESS: Final = ("healthy", "frozen", "warning", "reduce-only", "liquidation", "bankrupt")


LONG_MOVE: Final = 1000.0
"""From this ratio on a move is written with an exponent."""


def move_text(move: float, digits: int) -> str:
    """Write a relative move with its sign in percent, however large it is."""
    return f"{move:+.{digits}%}" if abs(move) < LONG_MOVE else f"{move * 100:+.3g}%"


def legend(states: Sequence[str]) -> str:
    """Say what the letters mean, of those states that are there."""
    return ", ".join(f"{LETTERS[state]} {state}" for state in STATES if state in states)


def path_line(values: Sequence[float | None], columns: int, *, low: float, high: float) -> str:
    """Return a path in so many columns at most; of each the value farthest from the first, "·" where there is none."""
    first = next((value for value in values if value is not None), 0.0)
    drawn = []
    for part in _parts(values, columns):
        known = [value for value in part if value is not None]
        far = max(known, key=lambda value: abs(value - first)) if known else None
        share = 0.0 if far is None or high <= low else min(max((far - low) / (high - low), 0.0), 1.0)
        drawn.append("·" if far is None else _BARS[int(share * (len(_BARS) - 1))])
    return "".join(drawn)


def state_line(states: Sequence[str], columns: int) -> str:
    """Return the states in so many columns at most; of each the worst."""
    return "".join(LETTERS[max(part, key=_BADNESS.index)] for part in _parts(states, columns))


def _parts(values: Sequence[_T], columns: int) -> list[Sequence[_T]]:
    width = min(columns, len(values))
    return [values[column * len(values) // width : (column + 1) * len(values) // width] for column in range(width)]


def move_line(moves: Sequence[tuple[str, float]], farthest: float, columns: int) -> str:
    """Return the states from no move to `farthest` (a ratio above 0), up to where the last one begins: `moves` are (state, where it begins).

    A state that begins in a column is shown there, however narrow it is; of states that begin together the worst.
    """
    line, before = "", -1.0
    together = {begin: state for state, begin in sorted(moves, key=lambda move: move[1])}
    ahead = [(state, begin) for begin, state in together.items()]
    state = "healthy"
    for column in range(columns):
        far = (column + 1) / columns * farthest
        begun = [each for each in ahead if before < each[1] <= far * (1 + 1e-12)]
        if begun:
            # one a column: what begins in it as well is seen in the next
            state, before = begun[0]
        line += LETTERS[state]
        if ahead and state == ahead[-1][0]:
            break
    return line
