"""One publication after another: who is live, how many are enough, what the value is, and what is remembered of it."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING, NamedTuple

from indexlab.index.reference_aggregate import Aggregate, Part, aggregate, mean_of_all, median_of_all
from indexlab.index.reference_conversion import Converter
from indexlab.index.reference_guard import Guard
from indexlab.index.reference_inputs import observations
from indexlab.index.reference_numbers import exact, is_value
from indexlab.index.reference_outliers import Scene, Verdict, count_of, judge
from indexlab.index.reference_reinclusion import Bench, Moment
from indexlab.index.reference_rows import Row
from indexlab.index.reference_sources import Arrivals, Memory
from indexlab.index.reference_weights import given_weights

if TYPE_CHECKING:
    from collections.abc import Mapping

    from indexlab.index.reference_inputs import Brought
    from indexlab.index.reference_sources import Stand
    from indexlab.index.rules import Declaration
    from indexlab.market.quotes import Quotes
    from indexlab.market.rates import Rate
    from indexlab.market.source import Basket

__all__ = ["Run"]

_BORDER = exact(1e-12)


class _Made(NamedTuple):
    """What the rules came to before the guard; without a value, `status` says what is published instead."""

    status: str
    made: Aggregate
    used: dict[int, Fraction]


class _Present(NamedTuple):
    """The sources at one publication: reasons so far, what each brings in the index's currency, and what the outlier rule will look at."""

    time: int
    reasons: list[str]
    brought: dict[int, Brought]
    scene: Scene

    def parts(self, used: dict[int, Fraction]) -> dict[int, Part]:
        return {s: Part(price, self.scene.weights[s], self.brought[s]) for s, price in used.items()}


class Run:
    """A declaration applied to the quotes of a basket, publication by publication."""

    def __init__(self, declaration: Declaration, basket: Basket, quotes: Quotes, rates: Mapping[str, Rate] | None) -> None:
        self._declaration, self._basket = declaration, basket
        self._arrivals = Arrivals(observations(declaration, quotes))
        self._memories = [Memory(declaration) for _ in basket]
        self._converter = Converter(declaration, rates)
        self._groups = declaration.groups_for(basket)
        self._bench, self._guard = Bench(declaration, basket, self._groups), Guard(declaration)
        self._own = next((s for s, source in enumerate(basket) if source.id == declaration.own.source), None)
        self._last: Fraction | None = None
        self._previous: int | None = None
        self._was_held = False

    def publish(self, time: int) -> Row:
        """Return the determination at a time, not before the one asked for last."""
        for observation in self._arrivals.until(time):
            self._memories[observation.source].hear(observation)
        present = self._present(time)
        row = self._settled(present, self._by_quorum(present))
        self._last = row.value if row.status in {"ok", "degraded"} else self._last
        self._previous, self._was_held = time, row.status == "held"
        return row

    # -------------------------------------------------------------------------------------------------------------- who is there

    def _present(self, time: int) -> _Present:
        weights = given_weights(self._declaration, self._basket, self._memories, time)
        stands: list[Stand] = []
        brought: dict[int, Brought] = {}
        for s, weight in enumerate(weights):
            stand, converted = self._stand(s, weight, time)
            stands.append(stand)
            if converted is not None:
                brought[s] = converted
        live = {s: brought[s].price for s, stand in enumerate(stands) if stand == "live"}
        stale = {s for s, stand in enumerate(stands) if stand == "stale"}
        out = self._bench.review(Moment(time, live, stale, self._last, self._was_held))
        beside = {s: brought[s].price for s, stand in enumerate(stands) if stand == "reference" and s not in out}
        inside = {s: price for s, price in live.items() if s not in out}
        reasons = [_reason(stand, is_out=s in out) for s, stand in enumerate(stands)]
        scene = Scene(inside, beside, weights, self._groups, self._last, self._own_price(time))
        return _Present(time, reasons, brought, scene)

    def _stand(self, s: int, weight: Fraction, time: int) -> tuple[Stand, Brought | None]:
        """Say how a source stands, and what it brings where it is live or in the reference; one without a given weight is absent."""
        is_by_amount = self._declaration.weights.kind in {"volume", "traded"}
        if s == self._own or (weight == 0 and not is_by_amount):
            return "absent", None
        standing = self._memories[s].standing_at(time)
        if standing.brought is None:
            return standing.stand, None
        if weight == 0:
            return "absent", None
        converted = self._converter.convert(self._basket[s], standing.brought, time, self._previous)
        return ("invalid", None) if converted is None else (standing.stand, converted)

    def _own_price(self, time: int) -> Fraction | None:
        if self._own is None:
            return None
        brought = self._memories[self._own].own_price_at(time)
        converted = None if brought is None else self._converter.convert(self._basket[self._own], brought, time, self._previous)
        return None if converted is None else converted.price

    # -------------------------------------------------------------------------------------------------------------- how many are enough

    def _by_quorum(self, present: _Present) -> _Made:
        quorum, live = self._declaration.quorum, present.scene.live
        count = count_of(live, self._groups)
        if count >= quorum.ok_from and self._has_weight(present):
            return self._by_rules(present, "ok")
        if quorum.below in {"halt", "hold"}:
            return self._instead(quorum.below)
        if quorum.below == "own":
            return self._by_own(present)
        if count < quorum.least or not live:
            return self._instead(quorum.then)
        if quorum.below == "mean":
            return _Made("degraded", mean_of_all(present.parts(live)), live)
        return self._by_rules(present, "degraded")

    def _has_weight(self, present: _Present) -> bool:
        weights = present.scene.weights
        live = sum((weights[s] for s in present.scene.live), Fraction(0))
        return live >= (exact(self._declaration.quorum.weight_share) - _BORDER) * sum(weights, Fraction(0))

    def _instead(self, action: str) -> _Made:
        return _Made("held" if action == "hold" else "halted", Aggregate(None, {}), {})

    def _by_own(self, present: _Present) -> _Made:
        own = present.scene.own
        return self._instead("halt") if own is None else _Made("degraded", Aggregate(own, {}), {})

    # -------------------------------------------------------------------------------------------------------------- what the rules give

    def _by_rules(self, present: _Present, status: str) -> _Made:
        verdict = judge(self._declaration, self._basket, present.scene)
        self._bench.send_out(verdict.dropped, present.time)
        for s in verdict.out:
            present.reasons[s] = "clamped" if verdict.outcome == "rules" and s not in verdict.dropped else "outlier"
        if verdict.outcome in {"hold", "halt"}:
            return self._instead(verdict.outcome)
        if verdict.outcome == "own":
            return self._by_own(present)
        return self._aggregated(present, verdict, status)

    def _aggregated(self, present: _Present, verdict: Verdict, status: str) -> _Made:
        parts = present.parts(verdict.used)
        if verdict.outcome == "rules":
            return _Made(status, aggregate(self._declaration, parts, present.time), verdict.used)
        made = median_of_all(parts)
        for s in verdict.out:
            present.reasons[s] = "used" if made.shares[s] else "outlier"
        return _Made(status, made, verdict.used)

    # -------------------------------------------------------------------------------------------------------------- what is published

    def _settled(self, present: _Present, made: _Made) -> Row:
        if self._guard.is_latched:
            return self._without_value(present, "halted")
        value = made.made.value
        if made.status in {"held", "halted"}:
            return self._without_value(present, made.status)
        if value is None or not is_value(value):
            return self._without_value(present, self._fallback)
        guarded = self._guard.check(value, self._last, present.scene.own)
        self._guard.keep(guarded)
        if guarded.value is None:
            return self._without_value(present, "halted" if guarded.is_halted else self._fallback)
        sources = range(len(self._basket))
        weights = [made.made.shares.get(s, Fraction(0)) for s in sources]
        used = [made.used.get(s) if present.reasons[s] in {"used", "clamped"} else None for s in sources]
        return Row(guarded.value, made.status, weights, used, present.reasons, made.made.confidence)

    @property
    def _fallback(self) -> str:
        quorum = self._declaration.quorum
        return "held" if "hold" in {quorum.below, quorum.then} else "halted"

    def _without_value(self, present: _Present, status: str) -> Row:
        held = self._last if status == "held" else None
        nothing: list[Fraction | None] = [None] * len(self._basket)
        return Row(held, "halted" if held is None else "held", [Fraction(0)] * len(self._basket), nothing, present.reasons)


def _reason(stand: Stand, *, is_out: bool) -> str:
    if stand == "live":
        return "cooling" if is_out else "used"
    return "stale" if stand == "reference" else stand
