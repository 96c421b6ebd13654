"""The textbook of portfolio margin: a scenario matrix in exact arithmetic, from MatrixRule's sentences."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING

from indexlab.margin.exact import exact

if TYPE_CHECKING:
    from collections.abc import Sequence

    from indexlab.margin.account import Position
    from indexlab.margin.reference_moment import Moment
    from indexlab.margin.rules import VenueRules

__all__ = ["MatrixLeg", "group_loss", "grouped", "margins", "parts"]

_NO_DIRECTION = Fraction(1, 10**9)


class MatrixLeg:
    """One position at its mark, with what its gains are worth in the venue's currency."""

    def __init__(self, rules: VenueRules, position: Position, mark: Fraction, now: Moment) -> None:
        self.contract = rules.contract(position.contract)
        self.size = exact(position.size)
        self.quantity = self.size * exact(self.contract.multiplier)
        self.mark = mark
        self.worth = Fraction(1) if self.contract.settlement == rules.states.currency else now.prices[self.contract.settlement]

    @property
    def notional(self) -> Fraction:
        """Return the notional in the venue's currency."""
        return self.worth * abs(self.quantity) * (1 / self.mark if self.contract.kind == "inverse" else self.mark)

    def gain(self, shock: Fraction, volatility: Fraction) -> Fraction:
        """Return what the position gains in a row, on top of its profit so far."""
        moved = self.mark * (1 + shock)
        by_price = 1 / self.mark - 1 / moved if self.contract.kind == "inverse" else moved - self.mark
        return self.worth * (self.quantity * by_price + self.size * exact(self.contract.vega) * volatility)


def group_loss(legs: Sequence[MatrixLeg], shock: Fraction, volatility: Fraction) -> Fraction:
    """Return what a group loses in a row."""
    return -sum((leg.gain(shock, volatility) for leg in legs), Fraction(0))


def grouped(rules: VenueRules, held: Sequence[Position], now: Moment) -> dict[str, list[MatrixLeg]]:
    """Return the positions by underlying."""
    groups: dict[str, list[MatrixLeg]] = {}
    for position, mark in zip(held, now.marks, strict=True):
        leg = MatrixLeg(rules, position, mark, now)
        groups.setdefault(leg.contract.underlying, []).append(leg)
    return groups


def parts(rules: VenueRules, held: Sequence[Position], now: Moment) -> tuple[Fraction, Fraction, Fraction, Fraction]:
    """Return (sum of risks, hedge charges, offsets, share of the stress loss)."""
    matrix, nought = rules.matrix, Fraction(0)
    if matrix is None:  # pragma: no cover - checked_case refuses it
        message = "portfolio margin needs a matrix"
        raise AssertionError(message)
    groups = grouped(rules, held, now)
    shocks, volatilities = [exact(s) for s in matrix.price_shocks], [exact(v) for v in matrix.volatility_shocks]
    risks: list[tuple[Fraction, int]] = []
    hedge = nought
    for legs in groups.values():
        losses = {(s, v): group_loss(legs, s, v) for s in shocks for v in volatilities}
        upwards = max([nought, *(loss for (s, _), loss in losses.items() if s > 0)])
        downwards = max([nought, *(loss for (s, _), loss in losses.items() if s < 0)])
        even = abs(upwards - downwards) <= _NO_DIRECTION * max(upwards, downwards)
        risks.append((max([nought, *losses.values()]), 0 if even else 1 if upwards > downwards else -1))
        long = sum((leg.notional for leg in legs if leg.size > 0), nought)
        short = sum((leg.notional for leg in legs if leg.size < 0), nought)
        hedge += exact(matrix.hedge_rate) * min(long, short)
    stress = max([nought, *(sum((group_loss(legs, exact(s), nought) for legs in groups.values()), nought) for s in matrix.stress)])
    return sum((risk for risk, _ in risks), nought), hedge, exact(matrix.offset) * _paired(risks), exact(matrix.stress_share) * stress


def _paired(risks: Sequence[tuple[Fraction, int]]) -> Fraction:
    """Return twice the smaller risk of every pair."""
    waiting: list[tuple[Fraction, int]] = []
    twice = Fraction(0)
    for risk, direction in sorted(risks, key=lambda entry: entry[0], reverse=True):
        partner = next((other for other in waiting if other[1] * direction < 0), None)
        if partner is None:
            waiting.append((risk, direction))
        else:
            waiting.remove(partner)
            twice += 2 * risk
    return twice


def margins(rules: VenueRules, held: Sequence[Position], now: Moment) -> tuple[Fraction, Fraction]:
    """Return maintenance and initial margin of the positions at a moment, in the venue's currency."""
    risk, hedge, offset, stress = parts(rules, held, now)
    maintenance = max(risk + hedge - offset, stress)
    factor = exact(rules.matrix.initial_factor) if rules.matrix is not None else Fraction(1)
    return maintenance, factor * maintenance
