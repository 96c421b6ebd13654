"""The maintenance margin of a scenario matrix along a walk: which row is the worst around m, and what is 0 where another takes over. Plain floats."""

from __future__ import annotations

from itertools import combinations
from typing import TYPE_CHECKING, Final

from indexlab.margin.engine_terms import Terms

if TYPE_CHECKING:
    from collections.abc import Sequence

    from indexlab.margin.account_rules import MatrixRule
    from indexlab.margin.engine_path import Walk

__all__ = ["maintenance"]

_NO_DIRECTION: Final = 1e-9
_NOTHING: Final = Terms()


class _Group:
    """What the positions of one underlying add up to, along m, in the venue's currency."""

    def __init__(self) -> None:
        self.straight = Terms()
        self.inverse = Terms()
        self.vega = Terms()
        self.long = Terms()
        self.short = Terms()

    def loss(self, shock: float, volatility: float) -> Terms:
        """Return the loss in a row."""
        return _NOTHING.plus(self.straight, -shock).plus(self.inverse, -shock / (1 + shock)).plus(self.vega, -volatility)


def _groups(walk: Walk, m: float) -> list[_Group]:
    groups: dict[str, _Group] = {}
    for place, leg in enumerate(walk.book.legs):
        group = groups.setdefault(leg.contract.underlying, _Group())
        worth, power = walk.worth(leg, m)
        _, value, of_value = walk.value(place)
        (group.inverse if leg.contract.kind == "inverse" else group.straight).add(worth * value, power + of_value)
        group.vega.add(worth * leg.size * leg.contract.vega, power)
        (group.long if value > 0 else group.short).add(worth * abs(value), power + of_value)
    return list(groups.values())


def _largest(rows: Sequence[Terms], m: float, switches: list[Terms]) -> Terms:
    """Return the largest of some sums (and of nothing) around m, and add where others overtake it to the switches."""
    best = max((_NOTHING, *rows), key=lambda terms: terms.at(m))
    switches += [best.plus(other, -1.0) for other in (_NOTHING, *rows) if other is not best]
    return best


def _directed(matrix: MatrixRule, group: _Group, m: float, switches: list[Terms]) -> tuple[Terms, int]:
    """Return a group's risk and its direction around m."""
    rows = [(shock, group.loss(shock, volatility)) for shock in matrix.price_shocks for volatility in matrix.volatility_shocks]
    risk = _largest([loss for _, loss in rows], m, switches)
    if not matrix.offset:
        return risk, 0
    up = _largest([loss for shock, loss in rows if shock > 0], m, switches)
    down = _largest([loss for shock, loss in rows if shock < 0], m, switches)
    switches += [up.plus(down, _NO_DIRECTION - 1), down.plus(up, _NO_DIRECTION - 1)]
    above, below = up.at(m), down.at(m)
    if abs(above - below) <= _NO_DIRECTION * max(above, below):
        return risk, 0
    return risk, 1 if above > below else -1


def maintenance(walk: Walk, m: float) -> tuple[Terms, list[Terms]]:
    """Return the maintenance margin around m, and what is 0 where it is put together otherwise."""
    matrix = walk.book.rules.matrix
    if matrix is None:  # pragma: no cover - checked_case refuses it
        message = "portfolio margin needs a matrix"
        raise AssertionError(message)
    switches: list[Terms] = []
    groups = _groups(walk, m)
    risks = [_directed(matrix, group, m, switches) for group in groups]
    alone = Terms()
    for group, (risk, _) in zip(groups, risks, strict=True):
        smaller = group.long if group.long.at(m) <= group.short.at(m) else group.short
        switches.append(group.long.plus(group.short, -1.0))
        alone = alone.plus(risk).plus(smaller, matrix.hedge_rate)
    waiting = 0
    for risk, direction in sorted(risks, key=lambda entry: entry[0].at(m), reverse=True) if matrix.offset else ():
        if waiting * direction < 0:
            alone = alone.plus(risk, -2 * matrix.offset)
        waiting += direction
    if matrix.offset:
        switches += [one.plus(other, -1.0) for (one, _), (other, _) in combinations(risks, 2)]
    together: list[Terms] = []
    for shock in matrix.stress:
        total = Terms()
        for group in groups:
            total = total.plus(group.loss(shock, 0.0))
        together.append(total)
    stress = Terms().plus(_largest(together, m, switches), matrix.stress_share)
    switches.append(alone.plus(stress, -1.0))
    return (alone if alone.at(m) >= stress.at(m) else stress), switches
