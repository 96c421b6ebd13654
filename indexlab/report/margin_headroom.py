"""How far a position is from each state: the mark at which it begins, the move of mark and index to it, and what one source must be off for that."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import msgspec

from indexlab.margin.band import BORDERS, liquidation_band
from indexlab.market.units import format_ratio
from indexlab.properties.tell import price_text
from indexlab.report.grid import aligned, wrapped
from indexlab.report.margin_lines import LONG_MOVE, legend, move_line, move_text
from indexlab.report.margin_mark import index_note
from indexlab.report.margin_show import figure, tier_jumps
from indexlab.report.plain import plain

if TYPE_CHECKING:
    from collections.abc import Sequence

    from indexlab.margin.account import Account
    from indexlab.margin.contract import Contract
    from indexlab.margin.rules import VenueRules

__all__ = ["Headroom", "Reach", "headroom_of", "headroom_text", "moves_against"]

_WIDTH: Final = 100
_COLUMNS: Final = 60


class Reach(msgspec.Struct, frozen=True, omit_defaults=True):
    """A state of one position: the mark at which it begins, the move to it, and by weight what a source must be off (None: not even at 0).

    `jump`: it begins with the tier's jump just beyond that mark. Where `mark` is None no price above 0 reaches it, or, with `always`, every one does.
    """

    state: str
    mark: float | None
    move: float | None
    jump: bool
    source: dict[str, float | None]
    always: bool = False


class Headroom(msgspec.Struct, frozen=True):
    """One position and how far each state is that its venue has."""

    account: str
    side: str
    leverage: float
    margin: float
    states: tuple[Reach, ...]


def headroom_of(account: Account, rules: VenueRules, leverage: float, mark: float, weights: Sequence[float]) -> Headroom:
    """Return the headroom of an isolated account at a mark; `weights` are shares of the index that a single source may have.

    A source of weight w that is off by d moves a mean by w * d, and the mark with it: it must be off by the move over w. A price does not fall below 0.
    """
    band = liquidation_band(account, rules)
    given = {"warning": rules.states.warning, "reduce-only": rules.states.reduce_only}
    reached = []
    for state in BORDERS:
        if given.get(state, 0.0) is None:
            continue
        border, move = band.border(state), band.move(state, mark)
        if border is not None and border.always:
            reached.append(Reach(state, None, None, jump=False, source={}, always=True))
            continue
        off = {} if move is None else {format_ratio(weight): move / weight if move / weight >= -1 else None for weight in weights}
        reached.append(Reach(state, None if border is None else border.price, move, border is not None and border.jump, off))
    return Headroom(account.id, "long" if account.size > 0 else "short", leverage, account.collateral, tuple(reached))


def headroom_text(found: Sequence[Headroom], rules: VenueRules, contract: Contract, *, notional: float, price: float, mark: float) -> str:
    """Return the table, a row a state, and the same as a figure, a line a position."""
    unit = contract.settlement if contract.kind == "quanto" else contract.quote
    weights = list(dict.fromkeys(weight for each in found for reach in each.states for weight in reach.source))
    lines = [
        f"{plain(rules.venue.id)} {plain(contract.id)}: a notional of {figure(notional)} {plain(unit)}, opened at {figure(price)}, the mark at {figure(mark)}",
        "",
    ]
    head = ["side", "leverage", "state", "begins at", "mark moves by", "index by", *(f"a source of {weight} by" for weight in weights)]
    rows = [head, *(row for each in found for row in _rows(each, weights))]
    lines += [*aligned(rows, right=frozenset(range(3, len(head))) | {1}, indent=2), "", *_figure(found), ""]
    return "\n".join([*lines, *_notes(found, rules, contract)])


def _rows(each: Headroom, weights: Sequence[str]) -> list[list[str]]:
    rows = []
    for place, reach in enumerate(each.states):
        who = [each.side, f"{each.leverage:.4g}x"] if place == 0 else ["", ""]
        if reach.mark is None or reach.move is None:
            rows.append([*who, reach.state, "always" if reach.always else "never", *["-"] * (2 + len(weights))])
            continue
        begins = ("beyond " if reach.jump else "") + price_text(reach.mark)
        off = [move_text(value, 2) if value is not None else "not even at 0" for value in (reach.source[weight] for weight in weights)]
        index = f"{reach.move * 1e4:+,.1f} bp".replace(",", " ") if abs(reach.move) < LONG_MOVE else f"{reach.move * 1e4:+.3g} bp"
        rows.append([*who, reach.state, begins, move_text(reach.move, 3), index, *off])
    return rows


def moves_against(each: Headroom) -> list[tuple[str, float]]:
    """Return (state, how far the mark must move against the position until it begins, 0 where it has), from the safe side on."""
    sign = -1.0 if each.side == "long" else 1.0
    return [(reach.state, 0.0 if reach.move is None else max(sign * reach.move, 0.0)) for reach in each.states if reach.move is not None or reach.always]


def _figure(found: Sequence[Headroom]) -> list[str]:
    farthest = max((against for each in found for _, against in moves_against(each)), default=0.0)
    if farthest <= 0:
        return []
    rows = [[each.side, f"{each.leverage:.4g}x", move_line(moves_against(each), farthest, _COLUMNS)] for each in found]
    seen = {reach.state for each in found for reach in each.states if reach.move is not None or reach.always} | {"healthy"}
    return [*aligned(rows, right=frozenset({1}), indent=2), f"  moves against the position, from none to {farthest:.3g} of the mark: {legend(sorted(seen))}"]


def _notes(found: Sequence[Headroom], rules: VenueRules, contract: Contract) -> list[str]:
    notes = []
    if any(reach.source for each in found for reach in each.states):
        notes.append(
            "A source of that weight must be off by so much to move a plain mean that far; a median of three and more stays within what the others say."
        )
    if any((-1.0 if each.side == "long" else 1.0) * reach.move <= 0 for each in found for reach in each.states if reach.move is not None):
        notes.append("Where the move is in the position's favour, the state holds already, and ends there.")
    wrong_index = index_note(rules.mark)
    if wrong_index is not None:
        notes.append(wrong_index)
    if any(reach.jump for each in found for reach in each.states):
        notes.append("beyond: at that mark the notional enters the next tier, whose rate counts for the whole position; the tier alone changes the state.")
    elif tier_jumps(contract) and contract.tier_measure == "notional":
        notes.append("The tiers jump with the notional, so that further on there may be better states again.")
    return [line for note in notes for line in wrapped(note, _WIDTH)]
