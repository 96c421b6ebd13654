"""A property: a statement that must hold, and a pure check of a recorded run."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Callable

    from indexlab.margin.account import Account
    from indexlab.properties.run import Run, Trace
    from indexlab.scenarios.expect import Expect

__all__ = ["Applies", "Breach", "Check", "Extreme", "Occasion", "Outcome", "Property"]


@dataclass(frozen=True, slots=True)
class Breach:
    """The witness: in which twin (-1: the clean one) and at which publication it was first seen, and in words what happened.

    `other` is the run it is held against, `reference` its name as a column head ("clean twin", "kraken absent").
    """

    twin: int
    at: int
    size: float
    sentence: str
    promised: str
    seen: str
    reference: str
    other: Trace | None = None
    account: Account | None = None


@dataclass(frozen=True, slots=True)
class Extreme:
    """The worst that was seen, whether or not it broke the promise: `value` in `unit` ("ratio", "us", "count")."""

    value: float
    unit: str
    text: str
    twin: int


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a check found in a batch: in how many scenarios it was judged, in how many its premise was met, how many broke it.

    `unmet` says why the premise was not met where it never was.
    """

    scenarios: int
    premise_met: int
    breached: int = 0
    breach: Breach | None = None
    worst: Extreme | None = None
    unmet: str = ""


@dataclass(frozen=True, slots=True)
class Occasion:
    """What decides whether a property applies at all: the promise, what the target uses and provides, how many sources its basket has.

    `sources` is the number of sources that the plan gives; None where baskets are drawn, which are large enough.
    """

    expect: Expect
    uses: tuple[str, ...]
    provides: tuple[str, ...]
    sources: int | None = None

    def too_few(self, least: int, why: str) -> str:
        """Return the reason where the plan's basket has fewer than `least` sources, or ""."""
        if self.sources is None or self.sources >= least:
            return ""
        return f"the basket has {self.sources} source{'' if self.sources == 1 else 's'}; {why} takes {least}"


Check: TypeAlias = "Callable[[Run], Outcome]"
Applies: TypeAlias = "Callable[[Occasion], str]"


def _always(_: Occasion) -> str:
    return ""


@dataclass(frozen=True, slots=True)
class Property:
    """A statement with its check. `needs` names the kinds of variation it compares with; `applies` gives the reason why it does not, or "".

    `metamorphic`: a breach counts only if it is still there when every price and weight is moved by a relative 1e-9. `hurt` says who was hurt
    by its absence, with the source.
    """

    id: str
    statement: str
    check: Check
    needs: tuple[str, ...] = ()
    metamorphic: bool = False
    applies: Applies = _always
    hurt: str = ""
