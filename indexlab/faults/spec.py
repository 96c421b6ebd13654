"""What is to be broken: which fault, in which sources, when, how hard. Plain data, as a scenario file stores it; no numpy."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Literal

import msgspec

from indexlab.market.errors import InputError

if TYPE_CHECKING:
    from indexlab.market.source import Basket

__all__ = ["FaultSpec", "checked_spec"]


class FaultSpec(msgspec.Struct, frozen=True, omit_defaults=True, forbid_unknown_fields=True):
    """One fault in `sources` (positions in the basket) over the window [start, end), microseconds; `end` None is the end of the stream.

    The window is on the clock of the undisturbed receive time: when the quote would have arrived had no fault delayed it. `intensity` in
    [0, 1] scales the size of a fault that has one, else it is the share of quotes touched; 0 is the identity. `direction` is for value
    and clock faults. `seed` is for what is drawn.

    The window repeats every `every` microseconds (at least its own length) from its start on, and nothing at or after `until` is inside. With
    `stagger` the windows of each source begin so many microseconds after those of the source before it in `sources`.

    A quote inside is subject to the fault with `probability`. One draw holds for `burst` quotes of a source in the mean (at least 1: each quote has
    its own), so that the share stays and the runs grow.
    """

    fault: str
    sources: tuple[int, ...]
    start: int
    end: int | None = None
    intensity: float = 1.0
    direction: Literal["up", "down"] = "up"
    seed: int = 0
    probability: float = 1.0
    burst: float = 1.0
    every: int | None = None
    until: int | None = None
    stagger: int = 0


def checked_spec(spec: FaultSpec, basket: Basket, *, file: object = None) -> FaultSpec:
    """Return the spec where its sources are in the basket and its window and its numbers make sense. Raises InputError with the key and the value."""
    if not 0 <= spec.intensity <= 1:
        raise _refused(spec, "intensity", f"must be between 0 and 1, was {spec.intensity}", file)
    count = len(basket)
    for position in spec.sources:
        if not 0 <= position < count:
            raise _refused(spec, "sources", f"must be positions in the list of {count} sources, was {position}", file)
    if spec.end is not None and spec.end < spec.start:
        raise _refused(spec, "end", f"must not be before its start {spec.start}, was {spec.end}", file)
    if spec.direction not in {"up", "down"}:
        raise _refused(spec, "direction", f'must be "up" or "down", was "{spec.direction}"', file)
    if not 0 <= spec.probability <= 1:
        raise _refused(spec, "probability", f"must be between 0 and 1, was {spec.probability}", file)
    if not (spec.burst >= 1 and math.isfinite(spec.burst)):
        raise _refused(spec, "burst", f"must be a finite number of at least 1, was {spec.burst}", file)
    if spec.stagger < 0:
        raise _refused(spec, "stagger", f"must be at least 0 microseconds, was {spec.stagger}", file, "list the sources in the other order")
    _check_repetition(spec, file)
    return spec


def _check_repetition(spec: FaultSpec, file: object) -> None:
    if spec.every is not None:
        if spec.end is None:
            raise _refused(spec, "every", f"must come with an end, was {spec.every} beside a window without one", file, "say when the window ends")
        length = spec.end - spec.start
        if spec.every < max(length, 1):
            raise _refused(spec, "every", f"must be at least the window's length of {max(length, 1)} microseconds, was {spec.every}", file)
    if spec.until is not None:
        if spec.every is None:
            raise _refused(spec, "until", f"must come with every, was {spec.until} beside a window that does not repeat", file, "give every, or end alone")
        if spec.until < spec.start:
            raise _refused(spec, "until", f"must not be before its start {spec.start}, was {spec.until}", file)


def _refused(spec: FaultSpec, key: str, problem: str, file: object, remedy: str | None = None) -> InputError:
    return InputError(problem, file=file, key=f"{spec.fault}.{key}", remedy=remedy)
