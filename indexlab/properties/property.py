"""A property: a statement that must hold, and a pure check of a recorded run."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Callable

    import numpy as np
    from numpy.typing import NDArray

    from indexlab.margin.account import Account
    from indexlab.market.source import Basket
    from indexlab.properties.run import Run, Trace
    from indexlab.scenarios.expect import Expect

__all__ = ["Applies", "Breach", "ByTwin", "Check", "Extreme", "Occasion", "Outcome", "Property"]


@dataclass(frozen=True, slots=True)
class Breach:
    """The witness: in which twin (-1: the clean one) and at which publication it was first seen, and in words what happened.

    `other` is the run it is held against, `reference` its name as a column head ("clean twin", "kraken absent"). `what` is one word for what happened
    ("moved", "lost", "appeared", "late", "called-ok", ...): two findings of one property and the same faults are the same only where it is too.
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
    what: str = "moved"


@dataclass(frozen=True, slots=True)
class Extreme:
    """The worst that was seen, whether or not it broke the promise: `value` in `unit` ("ratio", "us", "count")."""

    value: float
    unit: str
    text: str
    twin: int


@dataclass(frozen=True, slots=True, eq=False)
class ByTwin:
    """What a check found in each broken twin, [twins]: premise met, promise broken, the worst size seen where the premise was met (0: none).

    `what` is one word for each twin as in `Breach.what`, "" where it did not break; None where the check tells breaches not apart.
    """

    met: NDArray[np.bool_]
    broken: NDArray[np.bool_]
    size: NDArray[np.float64]
    what: tuple[str, ...] | None = None


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a check found in a batch: in how many scenarios it was judged, in how many its premise was met, how many broke it.

    `unmet` says why the premise was not met where it never was. `by_twin` tells the broken twins apart, for coverage and for findings that differ; None
    where a check judges the clean run alone. `no_occasion` says why the target's answers give none at all (it explains nothing, it uses no weights): where no
    batch met the premise and one says so, the property does not apply. `undecided` says what kept part of a batch from being judged: the property is then
    inconclusive, however well the rest went, unless it is broken.
    """

    scenarios: int
    premise_met: int
    breached: int = 0
    breach: Breach | None = None
    worst: Extreme | None = None
    unmet: str = ""
    by_twin: ByTwin | None = None
    no_occasion: str = ""
    undecided: str = ""


@dataclass(frozen=True, slots=True)
class Occasion:
    """What decides whether a property applies at all: the promise, what the target uses and provides, how many sources its basket has.

    `sources` is the number of sources that the plan gives; None where baskets are drawn, which are large enough. `basket` is the plan's, or None;
    `fixtures` are the baskets of the recorded markets that are run besides. `converts`: drawn baskets mix quote currencies, and rates are given.
    `against` is the label of the second target that is asked the same, "" where there is none.
    """

    expect: Expect
    uses: tuple[str, ...]
    provides: tuple[str, ...]
    sources: int | None = None
    basket: Basket | None = None
    fixtures: tuple[Basket, ...] = ()
    converts: bool = False
    against: str = ""

    @property
    def baskets(self) -> tuple[Basket, ...]:
        """The baskets that are known beforehand: the plan's and the fixtures'."""
        return self.fixtures if self.basket is None else (self.basket, *self.fixtures)

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
    by its absence, with the source. `occasion` says where it is judged at all, `premise` what must be so in a run for a verdict, `measure` what is
    reported as the worst case, `example` a violation in short worked lines, checked by a test that runs it.

    `measured_always`: its check is run, and the worst case shown, even where the plan sets no limit to judge it by (`applies` says so).
    """

    id: str
    statement: str
    check: Check
    needs: tuple[str, ...] = ()
    metamorphic: bool = False
    applies: Applies = _always
    hurt: str = ""
    occasion: str = "every target"
    premise: str = ""
    measure: str = ""
    example: str = ""
    measured_always: bool = False
