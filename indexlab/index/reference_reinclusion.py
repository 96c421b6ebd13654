"""Who was thrown out, and when it comes back: `reinclusion`."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

from indexlab.index.reference_numbers import exact, is_beyond, median
from indexlab.index.reference_outliers import count_of

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence
    from fractions import Fraction

    from indexlab.index.rules import Declaration
    from indexlab.market.source import Basket

__all__ = ["Bench", "Moment"]


class Moment(NamedTuple):
    """A publication before anyone is thrown out: prices of all who are valid and not stale, who is stale and dropped, and the publication before."""

    time: int
    live: dict[int, Fraction]
    stale: Collection[int]
    last: Fraction | None
    was_held: bool


@dataclass
class _Out:
    """One source that is out: since when (or since its last strike), since when it has been right, and whether for good."""

    since: int
    right_since: int | None = None
    for_good: bool = False


@dataclass
class Bench:
    """The sources that are out, over a run."""

    declaration: Declaration
    basket: Basket
    groups: Sequence[int]
    out: dict[int, _Out] = field(default_factory=dict)
    strikes: dict[int, list[int]] = field(default_factory=dict)
    were_live: set[int] = field(default_factory=set)

    def review(self, moment: Moment) -> set[int]:
        """Send out who went stale, let back who may come back, and return who is out at this publication."""
        rules = self.declaration.reinclusion
        if rules is None:
            return set()
        if rules.applies_to != "outlier":
            for s in set(moment.stale) & self.were_live - set(self.out):
                self.out[s] = _Out(moment.time)
        inside = {s: price for s, price in moment.live.items() if s not in self.out}
        for s in sorted(self.out):
            self._look_at(s, inside, moment)
        self.were_live |= set(moment.live)
        return set(self.out)

    def send_out(self, dropped: Collection[int], time: int) -> None:
        """Send out whom the outlier rule dropped."""
        rules = self.declaration.reinclusion
        if rules is not None and rules.applies_to != "stale":
            for s in dropped:
                self.out[s] = _Out(time)
                self._strike(s, time)

    def _look_at(self, s: int, inside: dict[int, Fraction], moment: Moment) -> None:
        rules, state = self.declaration.reinclusion, self.out[s]
        if rules is None or state.for_good or moment.time - state.since < rules.out_for_us:
            return
        if not self._is_right(s, inside, moment):
            state.right_since = None
            if rules.out_for_us > 0:
                state.since = moment.time
                self._strike(s, moment.time)
            return
        state.right_since = moment.time if state.right_since is None else state.right_since
        waited = moment.time - state.right_since
        if waited > rules.held_for_us or (waited == rules.held_for_us and rules.at_limit == "back"):
            del self.out[s]

    def _strike(self, s: int, time: int) -> None:
        rules = self.declaration.reinclusion
        if rules is None or rules.strikes == 0:
            return
        given = self.strikes.setdefault(s, [])
        given.append(time)
        if sum(1 for strike in given if time - strike <= rules.strikes_within_us) >= rules.strikes:
            self.out[s].for_good = True

    def _is_right(self, s: int, inside: dict[int, Fraction], moment: Moment) -> bool:
        rules = self.declaration.reinclusion
        if rules is None or s not in moment.live:
            return False
        price, band, n_inside = moment.live[s], rules.band, count_of(inside, self.groups)
        if n_inside == 0 or (n_inside == 1 and moment.was_held):
            middle = moment.last
            band = rules.band if rules.alone is None else rules.alone
        else:
            middle = median([*inside.values(), price] if rules.reference == "all" else inside.values())
        if middle is None or (band is not None and band >= 1):
            return True
        limit = exact(self.declaration.band_for(self.basket[s]) if band is None else band) * abs(middle)
        return not is_beyond(price, middle, limit, ">" if rules.comparison == "<=" else ">=")
