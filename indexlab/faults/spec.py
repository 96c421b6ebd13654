"""What is to be broken: which fault, in which sources, when, how hard. Plain data, as a scenario file stores it; no numpy."""

from __future__ import annotations

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
    faults. `seed` is for what is drawn.
    """

    fault: str
    sources: tuple[int, ...]
    start: int
    end: int | None = None
    intensity: float = 1.0
    direction: Literal["up", "down"] = "up"
    seed: int = 0


def checked_spec(spec: FaultSpec, basket: Basket, *, file: object = None) -> FaultSpec:
    """Return the spec where its sources are in the basket, its window is not back to front and its intensity is in [0, 1]. Raises InputError."""
    if not 0 <= spec.intensity <= 1:
        problem = f"must be between 0 and 1, was {spec.intensity}"
        raise InputError(problem, file=file, key=f"{spec.fault}.intensity")
    for position in spec.sources:
        if not 0 <= position < len(basket):
            problem = f"must be positions in the list of {len(basket)} sources, was {position}"
            raise InputError(problem, file=file, key=f"{spec.fault}.sources")
    if spec.end is not None and spec.end < spec.start:
        problem = f"must not be before its start {spec.start}, was {spec.end}"
        raise InputError(problem, file=file, key=f"{spec.fault}.end")
    if spec.direction not in {"up", "down"}:
        problem = f'must be "up" or "down", was "{spec.direction}"'
        raise InputError(problem, file=file, key=f"{spec.fault}.direction")
    return spec
