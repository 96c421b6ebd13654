"""Who is far from the others, and what is done about it: `outlier`, one pass."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING, Literal, NamedTuple, TypeAlias

from indexlab.index.reference_numbers import exact, is_beyond, is_same, mean, median, square_root, variance, weighted_middles
from indexlab.index.rules import Outlier

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Sequence

    from indexlab.index.rules import Declaration
    from indexlab.market.source import Basket

__all__ = ["Scene", "Verdict", "count_of", "judge"]

Outcome: TypeAlias = Literal["rules", "median", "hold", "halt", "own"]


class Scene(NamedTuple):
    """What the outlier rule looks at: prices of live sources, and of the stale ones in the reference; given weights; groups that count as one."""

    live: dict[int, Fraction]
    beside: dict[int, Fraction]
    weights: Sequence[Fraction]
    groups: Sequence[int]
    last: Fraction | None
    own: Fraction | None

    @property
    def everyone(self) -> dict[int, Fraction]:
        """Prices of all who are in the reference."""
        return self.live | self.beside


class Verdict(NamedTuple):
    """What comes of it: `outcome` "rules", the aggregation of `used`; else the rule that stands in for it. `out` were judged so, `dropped` among them."""

    outcome: Outcome
    used: dict[int, Fraction]
    out: frozenset[int] = frozenset()
    dropped: frozenset[int] = frozenset()


def count_of(sources: Collection[int], groups: Sequence[int]) -> int:
    """Count sources by the groups that count as one."""
    return len({groups[s] for s in sources})


def judge(declaration: Declaration, basket: Basket, scene: Scene) -> Verdict:
    """Apply the outlier rule to the live sources."""
    rule, bands = _rule_for(declaration, basket, count_of(scene.live, scene.groups))
    out = frozenset(s for s in scene.live if rule.rule != "none" and not _is_exempt(rule, s, scene) and _is_out(rule, bands[s], s, scene))
    if not out:
        return Verdict("rules", scene.live)
    is_several = rule.several != "each" and count_of(out, scene.groups) >= rule.several_from
    action = rule.several if is_several else rule.rule
    if action == "keep":
        return Verdict("rules", scene.live)
    if action in {"median", "hold", "halt", "own"}:
        return Verdict(action, scene.live, out)
    return _thrown_out(rule, bands, scene, out)


def _rule_for(declaration: Declaration, basket: Basket, count: int) -> tuple[Outlier, list[Fraction]]:
    """Return the rule for so many live sources, and the band of each source."""
    outlier = declaration.outlier
    few = {1: outlier.one, 2: outlier.two}.get(count)
    if few is not None:
        return Outlier(rule=few.rule, reference=few.reference, band=few.band, comparison=few.comparison), [exact(few.band)] * len(basket)
    return outlier if count >= outlier.from_sources else Outlier(), [exact(declaration.band_for(source)) for source in basket]


def _is_exempt(rule: Outlier, s: int, scene: Scene) -> bool:
    total = sum((scene.weights[other] for other in scene.live), Fraction(0))
    return is_beyond(scene.weights[s], Fraction(0), exact(rule.exempt_share) * total)


def _is_out(rule: Outlier, band: Fraction, s: int, scene: Scene) -> bool:
    middle = _reference_for(rule, s, scene)
    if middle is None:
        return False
    limit = band * abs(middle)
    if rule.sigmas > 0:
        limit = exact(rule.sigmas) * square_root(variance(scene.everyone.values(), sample=rule.deviation == "sample"))
    return is_beyond(scene.live[s], middle, limit, rule.comparison)


def _thrown_out(rule: Outlier, bands: Sequence[Fraction], scene: Scene, out: frozenset[int]) -> Verdict:
    """Drop or move those who are out, one by one."""
    dropped = frozenset(s for s in out if rule.rule != "clamp" or _is_dropped_too(rule, s, scene))
    if len(dropped) == len(scene.live) and rule.all_out == "keep":
        return Verdict("rules", scene.live)
    used = {s: _moved(rule, bands[s], s, scene) if s in out else price for s, price in scene.live.items() if s not in dropped}
    return Verdict("rules", used, out, dropped)


def _is_dropped_too(rule: Outlier, s: int, scene: Scene) -> bool:
    middle = _reference_for(rule, s, scene)
    if rule.drop_beyond <= 0 or middle is None:
        return False
    return is_beyond(scene.live[s], middle, exact(rule.drop_beyond) * abs(middle), rule.comparison)


def _moved(rule: Outlier, band: Fraction, s: int, scene: Scene) -> Fraction:
    """Return the nearest end of the band."""
    price, middle = scene.live[s], _reference_for(rule, s, scene)
    if middle is None:
        return price
    return middle + band * abs(middle) if price > middle else middle - band * abs(middle)


# ------------------------------------------------------------------------------------------------------------------ references


def _reference_for(rule: Outlier, s: int, scene: Scene) -> Fraction | None:
    """Return what a source is compared with; None: there is nothing, and it is not out."""
    return _REFERENCES[rule.reference](s, scene)


def _others(s: int, scene: Scene) -> list[Fraction]:
    return [price for other, price in scene.everyone.items() if other != s]


def _median_of_others(s: int, scene: Scene) -> Fraction | None:
    others = _others(s, scene)
    return median(others) if others else None


def _mean_of_others(s: int, scene: Scene) -> Fraction | None:
    others = _others(s, scene)
    return mean(others) if others else None


def _weighted_median(_s: int, scene: Scene) -> Fraction:
    return weighted_middles((price, scene.weights[s]) for s, price in scene.everyone.items())[0]


def _median_with_last(_s: int, scene: Scene) -> Fraction:
    prices = list(scene.everyone.values())
    return median(prices if scene.last is None else [*prices, scene.last])


def _neighbour(s: int, scene: Scene) -> Fraction | None:
    price, ranked = scene.live[s], sorted(scene.everyone.values())
    if len(ranked) < 2:
        return None
    if is_same(price, ranked[0]):
        return ranked[1]
    return ranked[-2] if is_same(price, ranked[-1]) else None


_REFERENCES: dict[str, Callable[[int, Scene], Fraction | None]] = {
    "median": lambda _, scene: median(scene.everyone.values()),
    "mean": lambda _, scene: mean(scene.everyone.values()),
    "median-of-others": _median_of_others,
    "mean-of-others": _mean_of_others,
    "weighted-median": _weighted_median,
    "last-index": lambda _, scene: scene.last,
    "median-with-last-index": _median_with_last,
    "neighbour": _neighbour,
    "own": lambda _, scene: scene.own,
}
