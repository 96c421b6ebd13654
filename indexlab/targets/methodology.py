"""Targets that are declarations: a preset of the catalogue or a TOML file, run by the engine in this process."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, Self

import numpy as np

from indexlab.index import reference
from indexlab.index.engine import determine_batch
from indexlab.index.stream import determined
from indexlab.market.quotes import Quotes
from indexlab.targets.target import Description

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from types import TracebackType

    from numpy.typing import NDArray

    from indexlab.index.determination import Determinations
    from indexlab.index.rules import Declaration
    from indexlab.market.source import Basket
    from indexlab.targets.target import Outcome, Request

__all__ = ["MethodologyTarget"]


class MethodologyTarget:
    """A declaration as a target; requests that share basket, times, rates and `explain` go to the engine as one batch.

    As the `textbook` they go one by one to the reference instead: exact, word by word, and slow.
    """

    kind: Literal["in-process"] = "in-process"

    def __init__(self, label: str, declaration: Declaration, *, textbook: bool = False) -> None:
        """Take the label that reports show and the declaration, already checked; the date of its rules is its version."""
        self.label = label
        self.declaration = declaration
        self.textbook = textbook
        rules = declaration.methodology
        self._description = Description(
            name=rules.name,
            version=rules.date,
            uses=declaration.uses,
            expect=dict(declaration.expect),
            thresholds=_thresholds(declaration),
            columns=_columns(declaration),
            converts=declaration.conversion.rate in {"same-round", "previous-round"},
            dear=declaration.aggregation.rule == "partitions",  # it pools and sorts an hour's trades at each publication
        )

    def describe(self) -> Description:
        """Return what the declaration says of itself; it never fails."""
        return self._description

    def index(self, requests: Sequence[Request]) -> list[Outcome]:
        """Determine every request; an exception here is a failure of ours, not of the target, and goes through."""
        if self.textbook:
            return [reference.determine(self.declaration, request.basket, request.quotes, request.times, request.rates) for request in requests]
        groups: dict[tuple[Basket, bytes, bool, int], list[int]] = {}
        members: list[int] = []
        last = None
        for i, request in enumerate(requests):
            # the twins of a batch come one after another and share the very same objects: no need to look into them
            if last is None or not _alike(request, last):
                members = groups.setdefault((request.basket, request.times.tobytes(), request.explain, id(request.rates)), [])
            members.append(i)
            last = request
        found: dict[int, Determinations] = {}
        for (basket, _, explain, _), members in groups.items():
            runs, first = [requests[i].quotes for i in members], requests[members[0]]
            batch = determine_batch(self.declaration, basket, runs, first.times, rates=first.rates, detail=explain)
            found.update(zip(members, batch, strict=True))
        return [found[i] for i in range(len(requests))]

    def index_pieces(self, basket: Basket, pieces: Iterable[Quotes], times: NDArray[np.int64]) -> Iterator[Determinations]:
        """Determine one run piece by piece, in memory that its length does not matter to; the textbook wants all of it at once."""
        if self.textbook:
            yield reference.determine(self.declaration, basket, Quotes.concatenate(list(pieces)), times)
        else:
            yield from determined(self.declaration, basket, pieces, times, detail=False)

    def close(self) -> None:
        """Do nothing: there is nothing running."""

    def __enter__(self) -> Self:
        """Return the target itself."""
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        """Close it."""
        self.close()


def _alike(one: Request, other: Request) -> bool:
    return one.times is other.times and one.basket is other.basket and one.rates is other.rates and one.explain == other.explain


def _thresholds(declaration: Declaration) -> tuple[float, ...]:
    """Return the ratios at which the declared rules take hold, sorted."""
    outlier, reinclusion, guard = declaration.outlier, declaration.reinclusion, declaration.guard
    few = [rule.band for rule in (outlier.two, outlier.one) if rule is not None]
    back = [] if reinclusion is None else [reinclusion.band, reinclusion.alone]
    given = [outlier.band, outlier.drop_beyond, *outlier.by_quote.values(), *outlier.by_asset.values(), *few, *back, guard.step, guard.own_band]
    return tuple(sorted({ratio for ratio in given if ratio is not None and 0 < ratio < np.inf}))


def _columns(declaration: Declaration) -> tuple[str, ...]:
    """Return the optional columns that the declared input reads."""
    kind = declaration.input.price
    reads = {
        "confidence": kind == "confidence" or declaration.input.max_uncertainty < 1,
        "trade_size": kind in {"vwap", "tvwap", "trades"},
        "book": kind in {"cross", "book"},
    }
    return tuple(name for name, read in reads.items() if read)
