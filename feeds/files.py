"""Minute candles from files: `ts,open,high,low,close,volume,trades`, gzip or not, as quotes.

`ts` is the start of the minute in unix seconds. The quote is the close at the end of its minute, event time and receive time equal; a minute
with volume 0 is no new quote. A file's name, `VENUE_BASE-QUOTE.*`, says whose candles they are.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np

from feeds.candles import MINUTE_S, Candles, parse_candles, read_content
from indexlab.market.errors import InputError
from indexlab.market.feed import FeedOptions, Recording
from indexlab.market.quotes import Quotes
from indexlab.market.source import Source, checked_basket
from indexlab.market.times import time_text
from indexlab.market.units import MINUTE, SECOND

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

__all__ = ["CandleFiles", "candles", "read_candles"]

_NAME: Final = re.compile(r"(?P<venue>[^/]+)_(?P<base>[A-Za-z0-9]+)-(?P<quote>[A-Za-z0-9]+)(?P<rest>_[^.]*)?(?:\..*)?")
_RENAME: Final = 'rename it VENUE_BASE-QUOTE.csv ("kraken_BTC-USD.csv"), or name its source with --source ID=FILE'
_MOST_FILES: Final = 256


class _Named(NamedTuple):
    """A file, and what its name says: `id` where a person gave it, None where the name has to."""

    path: Path
    id: str | None
    venue: str
    base: str | None
    quote: str | None


def read_candles(paths: Sequence[str | Path], sources: Mapping[str, str | Path] | None = None) -> Recording:
    """Read candle files as one recording, published every minute; `sources` names files otherwise (source id → file).

    Raises InputError that names file, line and value: an empty or cut file, a missing column, a row that goes back in time, a price that is none.
    """
    files = _named([Path(path) for path in paths], {name: Path(path) for name, path in (sources or {}).items()})
    base = _base(files)
    basket = checked_basket(_sources(files))
    parts, sums, rows = [], [], []
    for position, file in enumerate(files):
        content, digest = read_content(file.path)
        read = parse_candles(content, file=file.path)
        parts.append(_quotes(read, position))
        sums.append(f"{basket[position].id}: {file.path.name}, {len(read.ts)} rows, {len(parts[-1])} quotes, sha256 {digest}")
        rows.append((int(read.ts[0]), int(read.ts[-1])))
    quotes = Quotes.concatenate(parts)
    if not len(quotes):
        problem = "hold no candle with volume: there is no quote"
        raise InputError(problem, file=", ".join(file.path.name for file in files))
    start, end = ((edge + MINUTE_S) * SECOND for edge in (min(first for first, _ in rows), max(last for _, last in rows)))
    instrument = f"{base}-{'+'.join(sorted({source.quote for source in basket}))}"
    return Recording(
        basket=basket,
        quotes=quotes,
        start=start,
        end=max(end, start + MINUTE),
        interval=MINUTE,
        instrument=instrument,
        title=f"{instrument}, minute candles of {len(basket)} sources from {time_text(start)} to {time_text(end)}",
        provenance=f"Minute candles: the close, at the end of its minute; a minute without volume is no quote. {_listed(sums)}.",
    )


class CandleFiles:
    """The feed `candles`."""

    name = "candles"
    summary = "minute candles from CSV files (ts,open,high,low,close,volume,trades), gzip or not"

    def read(self, paths: Sequence[Path], options: FeedOptions) -> Recording:
        """Return the files as one recording. Raises InputError."""
        return read_candles(paths, options.sources)


candles: Final = CandleFiles()


def _quotes(read: Candles, position: int) -> Quotes:
    traded = read.volume > 0
    moment = (read.ts[traded] + MINUTE_S) * SECOND
    return Quotes.from_columns(receive_time=moment, source=np.full(len(moment), position), price=read.close[traded], volume=read.volume[traded])


def _named(paths: Sequence[Path], sources: Mapping[str, Path]) -> list[_Named]:
    ids = {_same(path): name for name, path in sources.items()}
    if len(ids) < len(sources):
        problem = "names one file twice"
        raise InputError(problem, key="sources", remedy="give each file one id")
    known = {_same(path) for path in paths}
    files = [*paths, *(path for path in sources.values() if _same(path) not in known)]
    if not 0 < len(files) <= _MOST_FILES:
        problem = f"must be 1 to {_MOST_FILES} candle files, were {len(files)}"
        raise InputError(problem, key="files")
    twice = next((path for number, path in enumerate(files) if _same(path) in {_same(former) for former in files[:number]}), None)
    if twice is not None:
        problem = "is given twice"
        raise InputError(problem, file=twice)
    return [_read_name(path, ids.get(_same(path))) for path in files]


def _same(path: Path) -> str:
    return str(path.absolute())


def _read_name(path: Path, given: str | None) -> _Named:
    match = _NAME.fullmatch(path.name)
    if match is None or (match["rest"] and given is None):
        if given is None:
            problem = "does not say in its name whose candles it holds"
            raise InputError(problem, file=path, remedy=_RENAME)
        return _Named(path, given, given, None, None)
    return _Named(path, given, match["venue"], match["base"].upper(), match["quote"].upper())


def _base(files: Sequence[_Named]) -> str:
    said = [file for file in files if file.base is not None]
    if not said:
        problem = "does not say in its name what it is the price of"
        raise InputError(problem, file=files[0].path, remedy=_RENAME)
    for file in said[1:]:
        if file.base != said[0].base:
            problem = f"must be candles of {said[0].base} like {said[0].path.name}, are of {file.base}"
            raise InputError(problem, file=file.path, remedy="import one instrument at a time")
    return str(said[0].base)


def _sources(files: Sequence[_Named]) -> list[Source]:
    venues = [file.venue for file in files]
    quotes = [file.quote for file in files if file.quote is not None]
    found: list[Source] = []
    for file in files:
        quote = file.quote or quotes[0]
        name = file.id or (file.venue if venues.count(file.venue) == 1 else f"{file.venue}-{quote}")
        if name in {source.id for source in found}:
            problem = f'would be a second source "{name}"'
            raise InputError(problem, file=file.path, remedy="name one of them with --source ID=FILE")
        found.append(Source(id=name, venue=file.venue, quote=quote))
    return found


def _listed(sums: Sequence[str]) -> str:
    # a fixture's provenance is bounded; whoever imports more files than fit finds the first ones and how many there were
    text = "; ".join(sums)
    return text if len(text) <= 2_500 else f"{'; '.join(sums[:12])}; and {len(sums) - 12} more files"
