"""What a target is: the seam between the audit and whatever is tested, ours or somebody else's, in this process or in another.

It may import market, index and margin. Nothing here asks a user to subclass: whatever has these methods is a target.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, Literal, Protocol, Self, TypeAlias, runtime_checkable

from indexlab.market.errors import TargetFailure

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from types import TracebackType

    import numpy as np
    from numpy.typing import NDArray

    from indexlab.index.determination import Determinations
    from indexlab.margin.case import MarginAnswer, MarginCase
    from indexlab.margin.rules import VenueRules
    from indexlab.market.quotes import Quotes
    from indexlab.market.rates import Rates
    from indexlab.market.source import Basket

__all__ = ["BOOK", "PRICE", "Description", "FollowingRules", "Margining", "Outcome", "Request", "RequestFailure", "Streaming", "Target", "undescribed"]

PRICE: Final = ("price",)
BOOK: Final = ("bid", "ask")
"""The columns a target may price from."""


@dataclass(frozen=True, slots=True, eq=False)
class Request:
    """One run to determine: what arrived (`quotes`, of the sources in `basket`) and when to publish (`times`, sorted int64 microseconds, [T]).

    Every request starts from an empty state. `rates` says what the quote currencies were worth in the index's, where they differ. `explain` asks a target in
    this process for weights, used prices and reasons; over the protocol they are the target's to give.
    """

    basket: Basket
    quotes: Quotes
    times: NDArray[np.int64]
    explain: bool = False
    rates: Rates | None = None


@dataclass(frozen=True, slots=True)
class Description:
    """What a target says of itself: the methods it `provides`, the columns it prices from (`uses`), its own promises as raw `[expect]` keys.

    `thresholds` are the ratios at which its rules take hold (0.05: a band of 5 %): sizes at and beside them are tried. Nothing is taken on trust from them.
    `columns` are the optional columns of observations that it reads ("confidence", "trade_size", "book"); `converts`: it reads `rates`.
    `venue` names the bundled venue whose margin rules its margin engine follows, "" where it says none.
    `dear`: a run of many thousands of observations costs it minutes, and is spared.
    """

    name: str
    version: str = ""
    provides: tuple[str, ...] = ("index",)
    uses: tuple[str, ...] = PRICE
    expect: dict[str, object] = field(default_factory=dict)
    thresholds: tuple[float, ...] = ()
    columns: tuple[str, ...] = ()
    converts: bool = False
    dear: bool = False
    venue: str = ""


class RequestFailure(TargetFailure):
    """A failure of one request; `request_id` is its id on the wire (0: it was never sent)."""

    def __init__(self, kind: str, detail: str, *, log: str = "", request_id: int = 0) -> None:
        """Keep the parts: they are shown with the finding."""
        super().__init__(kind, detail, log=log)
        self.request_id = request_id


Outcome: TypeAlias = "Determinations | TargetFailure"


class Target(Protocol):
    """An index under test. It is a context manager: leaving the block closes it."""

    @property
    def label(self) -> str:
        """What a person types to name it, and what reports show: `preset:plain-mean`."""

    @property
    def kind(self) -> Literal["in-process", "process"]:
        """Where it runs: it decides the budget of an audit."""

    def describe(self) -> Description:
        """Ask the target about itself; raises TargetFailure where it gives no usable answer (then `undescribed` is what to go on with)."""

    def index(self, requests: Sequence[Request]) -> list[Outcome]:
        """Determine every request, one entry each in their order; a misbehaving target gives a TargetFailure there and never raises."""

    def close(self) -> None:
        """Leave nothing running; the next request starts the target anew, with its failures forgiven."""

    def __enter__(self) -> Self:
        """Return the target itself."""

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        """Close it."""


@runtime_checkable
class Streaming(Protocol):
    """What a target may have besides: it takes a run of any length piece by piece."""

    def index_pieces(self, basket: Basket, pieces: Iterable[Quotes], times: NDArray[np.int64]) -> Iterator[Determinations]:
        """Give the determinations of one run in pieces, as its quotes come in; the last piece's notes are the run's."""


@runtime_checkable
class Margining(Protocol):
    """What a target may have besides: a margin engine. It `provides` "margin"."""

    def margin(self, cases: Sequence[MarginCase]) -> list[MarginAnswer | TargetFailure]:
        """Answer every case, one entry each in their order; a misbehaving target gives a TargetFailure there and never raises."""


@runtime_checkable
class FollowingRules(Protocol):
    """What a target with a margin engine in this process may have besides: the rules that it follows, where they are no bundled venue's."""

    @property
    def margin_rules(self) -> VenueRules:
        """Whose rules it is asked under, unless the plan says otherwise."""


def undescribed(label: str) -> Description:
    """Return what is assumed of a target that fails to describe itself: an index that prices from `price` and promises nothing of its own."""
    return Description(name=label)
