"""The engine of portfolio margin: a scenario matrix over groups of positions, in plain floats."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from indexlab.margin.account_rules import MatrixRule
    from indexlab.margin.engine_book import Leg
    from indexlab.margin.rules import VenueRules

__all__ = ["margins"]

_NO_DIRECTION = 1e-9


class _Group:
    """What a group of positions of one underlying adds up to: values that move with the price, by kind, vega, and notionals of both sides."""

    def __init__(self) -> None:
        self.straight = self.inverse = self.vega = self.long = self.short = 0.0

    def loss(self, shock: float, volatility: float) -> float:
        """Return the loss in a row: a straight position's value moves by the shock, an inverse one's by shock / (1 + shock)."""
        return -(shock * self.straight + shock / (1 + shock) * self.inverse + volatility * self.vega)


def _groups(rules: VenueRules, legs: Sequence[Leg], marks: Sequence[float], prices: dict[str, float]) -> list[_Group]:
    groups: dict[str, _Group] = {}
    for leg, mark in zip(legs, marks, strict=True):
        contract = leg.contract
        group = groups.setdefault(contract.underlying, _Group())
        price = 1.0 if contract.settlement == rules.states.currency else prices[contract.settlement]
        value = price * leg.size * contract.multiplier
        if contract.kind == "inverse":
            value /= mark
            group.inverse += value
        else:
            value *= mark
            group.straight += value
        group.vega += price * leg.size * contract.vega
        if value > 0:
            group.long += value
        else:
            group.short -= value
    return list(groups.values())


def _risk(matrix: MatrixRule, group: _Group) -> tuple[float, int]:
    """Return a group's risk, and 1 where it loses upwards, -1 downwards, 0 for neither."""
    risk = up = down = 0.0
    for shock in matrix.price_shocks:
        worst = max(group.loss(shock, volatility) for volatility in matrix.volatility_shocks)
        risk = max(risk, worst)
        if shock > 0:
            up = max(up, worst)
        elif shock < 0:
            down = max(down, worst)
    if abs(up - down) <= _NO_DIRECTION * max(up, down):
        return risk, 0
    return risk, 1 if up > down else -1


def _offsets(risks: Sequence[tuple[float, int]]) -> float:
    """Return twice the smaller risk of every pair: from the largest down, who finds somebody of the other direction waiting is the smaller of the two."""
    waiting = twice = 0.0
    for risk, direction in sorted(risks, reverse=True):
        if waiting * direction < 0:
            twice += 2 * risk
        waiting += direction
    return twice


def margins(rules: VenueRules, legs: Sequence[Leg], marks: Sequence[float], prices: dict[str, float]) -> tuple[float, float]:
    """Return maintenance and initial margin of positions, in the venue's currency."""
    matrix = rules.matrix
    if matrix is None:  # pragma: no cover - checked_case refuses it
        message = "portfolio margin needs a matrix"
        raise AssertionError(message)
    groups = _groups(rules, legs, marks, prices)
    risks = [_risk(matrix, group) for group in groups]
    hedged = sum(min(group.long, group.short) for group in groups)
    alone = sum(risk for risk, _ in risks) + matrix.hedge_rate * hedged - matrix.offset * _offsets(risks)
    stress = max([0.0, *(sum(group.loss(shock, 0.0) for group in groups) for shock in matrix.stress)])
    maintenance = max(alone, matrix.stress_share * stress)
    return maintenance, matrix.initial_factor * maintenance
