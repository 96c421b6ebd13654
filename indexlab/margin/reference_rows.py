"""The textbook's places where a scenario matrix switches while prices move: rows that take over, groups that change order, side or direction."""

from __future__ import annotations

from fractions import Fraction
from functools import partial
from itertools import combinations, pairwise
from typing import TYPE_CHECKING

from indexlab.margin import reference_matrix
from indexlab.margin.exact import exact
from indexlab.margin.reference_roots import fitted, plus, refined, roots, value_at

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from indexlab.margin.account_rules import MatrixRule
    from indexlab.margin.reference_path import Path
    from indexlab.margin.reference_roots import Cubic, Interval

__all__ = ["refined_by_matrix"]

_NOTHING: Cubic = (Fraction(0),) * 4
_NO_DIRECTION = Fraction(1, 10**9)


def refined_by_matrix(path: Path, points: set[Fraction]) -> set[Fraction]:
    """Return the points and those between them at which the matrix switches, each kind between the places of the kinds before it."""
    matrix = path.rules.matrix
    if matrix is None:  # pragma: no cover - checked_case refuses it
        return points
    for kind in (_rows, _orders, _stress):
        points = refined(points, partial(kind, path, matrix))
    return points


def _fitted_groups(path: Path, interval: Interval, figure: Callable[[list[reference_matrix.MatrixLeg]], Fraction]) -> list[Cubic]:
    """Return a figure of every group along an interval."""
    names = list(dict.fromkeys(path.rules.contract(position.contract).underlying for position in path.held))
    return [fitted(partial(_figure, path, name, figure), interval) for name in names]


def _figure(path: Path, name: str, figure: Callable[[list[reference_matrix.MatrixLeg]], Fraction], m: Fraction) -> Fraction:
    return figure(reference_matrix.grouped(path.rules, path.held, path.at(m))[name])


def _loss(shock: float, volatility: float) -> Callable[[list[reference_matrix.MatrixLeg]], Fraction]:
    return lambda legs: reference_matrix.group_loss(legs, exact(shock), exact(volatility))


def _worst(rows: list[tuple[float, float]]) -> Callable[[list[reference_matrix.MatrixLeg]], Fraction]:
    return lambda legs: max([Fraction(0), *(_loss(*row)(legs) for row in rows)])


def _all_rows(matrix: MatrixRule) -> list[tuple[float, float]]:
    return [(shock, volatility) for shock in matrix.price_shocks for volatility in matrix.volatility_shocks]


def _rows(path: Path, matrix: MatrixRule, interval: Interval) -> Iterator[Cubic]:
    """Where another row becomes the worst of a group, upwards, downwards, at all; where the long side overtakes the short; where the stress row changes."""
    rows = _all_rows(matrix)
    by_row = [_fitted_groups(path, interval, _loss(*row)) for row in rows]
    for losses in zip(*by_row, strict=True):
        yield from _takeovers([_NOTHING, *losses], interval)
        for sign in (1, -1):
            yield from _takeovers([_NOTHING, *(loss for loss, (shock, _) in zip(losses, rows, strict=True) if shock * sign > 0)], interval)
    yield from _fitted_groups(path, interval, lambda legs: sum((leg.notional if leg.size > 0 else -leg.notional for leg in legs), Fraction(0)))
    stress = []
    for shock in matrix.stress:
        together = _NOTHING
        for loss in _fitted_groups(path, interval, _loss(shock, 0.0)):
            together = plus(together, loss, Fraction(1))
        stress.append(together)
    yield from _takeovers([_NOTHING, *stress], interval)


def _takeovers(cubics: list[Cubic], interval: Interval) -> Iterator[Cubic]:
    """Yield the differences of the functions that take over from one another as the largest."""
    meetings = sorted({root for one, other in combinations(cubics, 2) for root in roots(plus(one, other, Fraction(-1)), interval)})
    low, high = interval
    edges = [low, *meetings, high if high is not None else 2 * max([low, *meetings]) + 1]
    largest = [max(cubics, key=partial(_height, (left + right) / 2)) for left, right in pairwise(edges)]
    for before, after in pairwise(largest):
        if before != after:
            yield plus(before, after, Fraction(-1))


def _height(m: Fraction, cubic: Cubic) -> Fraction:
    return value_at(cubic, m)


def _orders(path: Path, matrix: MatrixRule, interval: Interval) -> Iterator[Cubic]:
    """Where the risks of two groups change their order, and where a group changes its direction."""
    if not matrix.offset:
        return
    rows = _all_rows(matrix)
    risks = _fitted_groups(path, interval, _worst(rows))
    for one, other in combinations(risks, 2):
        yield plus(one, other, Fraction(-1))
    ups = _fitted_groups(path, interval, _worst([row for row in rows if row[0] > 0]))
    downs = _fitted_groups(path, interval, _worst([row for row in rows if row[0] < 0]))
    for up, down in zip(ups, downs, strict=True):
        yield plus(up, down, _NO_DIRECTION - 1)
        yield plus(down, up, _NO_DIRECTION - 1)


def _stress(path: Path, _: MatrixRule, interval: Interval) -> Iterator[Cubic]:
    """Where the stress row takes over from the risks."""

    def difference(m: Fraction) -> Fraction:
        risk, hedge, offset, stress = reference_matrix.parts(path.rules, path.held, path.at(m))
        return risk + hedge - offset - stress

    yield fitted(difference, interval)
