"""What may break, as Hypothesis strategies: each gives faults that do not know yet whose market they are in, so that they compose with `|`.

What is drawn is a handful of whole numbers and round sizes, the simplest first: a level that is off for twenty publications.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal, TypeAlias

from hypothesis import strategies as st

from indexlab.faults.registry import BUNDLED, fault
from indexlab.faults.sizes import intensity_of_delay
from indexlab.faults.spec import FaultSpec, checked_spec
from indexlab.market.errors import InputError
from indexlab.scenarios.shapes import limit_shape

if TYPE_CHECKING:
    from collections.abc import Sequence

    from indexlab.market.source import Basket
    from indexlab.market.synthetic import Market
    from indexlab.scenarios.expect import Expect

__all__ = ["KINDS", "Breaking", "Faults", "any_fault", "lagging", "several_sources", "silent", "single_source"]

Size: TypeAlias = "float | st.SearchStrategy[float] | None"
After: TypeAlias = Literal["moment", "recovery", "limit"]

_NOT_ALONE: Final = ("agree", "reorder-across-sources", "crossed-book", "empty-side")
"""Faults that take several sources, or a book."""
KINDS: Final = ("level", "spike", *(name for name in BUNDLED if name not in (*_NOT_ALONE, "level", "spike")))
"""The kinds of fault that one source can have, the plainest first."""
_FACTORS: Final = (0.025, 0.1, 0.01, 0.005, 0.002, 0.0005, 0.25, 0.5, 1.0)
"""Sizes on the scale 10^(12 * intensity): twice the price first, then from 1.4 % to a million millions."""
_SHARES: Final = (1.0, 0.5)
_DELAYS: Final = (0.5, 0.7, 0.3, 1.0)
_SIZES: Final = {
    **dict.fromkeys(("lag", "relabelled-lag", "jitter", "burst", "skew", "drift"), _DELAYS),
    "decimal": (0.1, 0.2, 0.5),
    "truncate": (1.0, 0.8, 0.6),
    "timezone": (0.05, 1.0, 0.5),
}
"""Kinds whose sizes are no factors: 1.9 s, 38 s, 92 ms and an hour; one digit, two, six; one digit left, three, five; one hour, fourteen, seven."""
_WARM: Final = 20
_LASTING: Final = (20, 10, 60, None)
_AFTER: Final[tuple[After, After]] = ("moment", "recovery")
_SEEDS: Final = st.integers(0, 2**16)


@dataclass(frozen=True, slots=True)
class Breaking:
    """One fault before it has a market: `count` sources from place `first` on (counted round the basket), from `begin` publications after the start on.

    `lasting` is for how many publications (None: to the end), `after` what the run goes on for: a moment, until everything must be forgotten («max_recovery»),
    or until silence counts («max_age», and «max_recovery»). `delay`: the size is a delay beyond «max_age», by `intensity` of it, not the intensity itself.
    """

    kind: str
    first: int = 0
    count: int = 1
    begin: int = _WARM
    lasting: int | None = 20
    intensity: float = 1.0
    direction: Literal["up", "down"] = "up"
    seed: int = 0
    after: After = "moment"
    delay: bool = False

    def publications(self, expect: Expect) -> int:
        """Return how many publications a run must have to judge this."""
        if self.after == "limit":
            return self.begin + limit_shape(expect).publications - _WARM
        span = expect.max_tracking_lag + (expect.max_recovery if self.after == "recovery" else 0)
        return self.begin + (20 if self.lasting is None else self.lasting) + -(-span // expect.interval) + 2

    def placed(self, basket: Basket, market: Market, expect: Expect) -> FaultSpec:
        """Return the fault in a market. Raises InputError where its kind or its size makes no sense."""
        n, step = len(basket), market.interval
        begin = market.start + self.begin * step
        intensity = self.intensity
        if self.delay:
            intensity = round(intensity_of_delay((expect.max_age + 2 * expect.age_margin) * (1.0 + self.intensity)), 4)
        spec = FaultSpec(
            fault=fault(self.kind).name,
            sources=tuple(sorted({(self.first + k) % n for k in range(self.count)})),
            start=begin,
            end=None if self.lasting is None else begin + self.lasting * step,
            intensity=intensity,
            direction=self.direction,
            seed=self.seed,
        )
        return checked_spec(spec, basket)


Faults: TypeAlias = "st.SearchStrategy[tuple[Breaking, ...]]"


def _sizes(kind: str, intensity: Size) -> st.SearchStrategy[float]:
    if isinstance(intensity, st.SearchStrategy):
        return intensity
    if intensity is not None:
        return st.just(float(intensity))
    return st.sampled_from(_SIZES.get(kind, _FACTORS if fault(kind).sized else _SHARES))


def _checked_kinds(kinds: Sequence[str] | None) -> tuple[str, ...]:
    if kinds is None:
        return KINDS
    if isinstance(kinds, str) or not kinds:
        problem = f"must be a list of kinds of fault, was {kinds!r}"
        raise InputError(problem, key="kinds", remedy='write kinds=["level", "stop"]')
    return tuple(fault(kind).name for kind in kinds)


@st.composite
def _wrong(draw: st.DrawFn, count: int, kinds: tuple[str, ...], intensity: Size, *, ends: bool) -> tuple[Breaking, ...]:
    kind = draw(st.sampled_from(kinds))
    return (
        Breaking(
            kind,
            first=draw(st.integers(0, 11)),
            count=count,
            begin=_WARM + draw(st.integers(0, 10)),
            lasting=draw(st.sampled_from(_LASTING[:-1] if ends else _LASTING)),
            intensity=draw(_sizes(kind, intensity)),
            direction=draw(st.sampled_from(("up", "down"))) if fault(kind).directed or fault(kind).sized else "up",
            seed=draw(_SEEDS),
            after="recovery" if ends else draw(st.sampled_from(_AFTER)),
        ),
    )


def single_source(kinds: Sequence[str] | None = None, intensity: Size = None, *, ends: bool = False) -> Faults:
    """Return faults of one source: any of `kinds` (default: all that one source can have), of an `intensity` (a number, or a strategy of numbers).

    `indexlab faults list` names the kinds; the default leaves out those of the book, which a market made with `book=True` may be given. With `ends` each is
    over before the run is, and the run goes on until it must be forgotten: what `recovery` and `margin-recovery` judge.

    >>> single_source(kinds=["level"], intensity=0.025) is not None     # one price is twice what it should be
    True
    """
    return _wrong(1, _checked_kinds(kinds), intensity, ends=ends)


def several_sources(count: int, kinds: Sequence[str] | None = None, intensity: Size = None, *, ends: bool = False) -> Faults:
    """Return faults that `count` sources have at once, as `single_source`; at most as many as the basket has.

    >>> several_sources(2, kinds=["stop"]) is not None
    True
    """
    if count < 1:
        problem = f"must be at least 1, was {count}"
        raise InputError(problem, key="several_sources")
    return _wrong(count, _checked_kinds(kinds), intensity, ends=ends)


@st.composite
def _gone(draw: st.DrawFn, kinds: tuple[str, ...], most: int, *, delay: bool) -> tuple[Breaking, ...]:
    return (
        Breaking(
            draw(st.sampled_from(kinds)),
            first=draw(st.integers(0, 11)),
            count=draw(st.integers(1, most)),
            begin=_WARM + draw(st.integers(0, 10)),
            lasting=None,
            intensity=draw(st.sampled_from((0.0, 0.25, 1.0))) if delay else 1.0,
            after="limit",
            delay=delay,
        ),
    )


def silent(most: int = 1) -> Faults:
    """Return one to `most` sources that fall silent for good; the run goes on until they must have no influence.

    >>> silent(most=2) is not None
    True
    """
    return _gone(("stop",), most, delay=False)


def lagging(most: int = 1) -> Faults:
    """Return one to `most` sources whose messages come later than «max_age» allows, honestly stamped.

    >>> lagging() is not None
    True
    """
    return _gone(("lag",), most, delay=True)


def any_fault() -> Faults:
    """Return any fault of one source: wrong for a while, silent for good, or late for good. Add `| several_sources(2)` for more.

    >>> any_fault() is not None
    True
    """
    return single_source() | silent() | lagging()
