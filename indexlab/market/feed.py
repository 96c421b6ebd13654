"""The seam to feeds: what brings quotes in from outside, ours and a third party's, found by the entry point group `indexlab.feeds`.

A feed is an object with `name`, `summary` and `read`; indexlab knows none by import.
"""

from __future__ import annotations

from dataclasses import dataclass
from importlib.metadata import entry_points
from pathlib import Path
from typing import TYPE_CHECKING, Final, Protocol, runtime_checkable

import msgspec

from indexlab.market.errors import InputError, did_you_mean
from indexlab.market.fixture import FixtureDeclaration, Provenance, write_fixture
from indexlab.market.fixture_declaration import checked_id
from indexlab.market.gaps import gaps
from indexlab.market.times import time_text
from indexlab.market.units import format_duration

if TYPE_CHECKING:
    from collections.abc import Sequence

    from indexlab.market.quotes import Quotes
    from indexlab.market.source import Basket

__all__ = ["GROUP", "Feed", "FeedOptions", "Recording", "feed_names", "find_feed", "import_fixture"]

GROUP: Final = "indexlab.feeds"
_LONG_GAP: Final = 10
_GAPS_TOLD: Final = 12


@dataclass(frozen=True, slots=True)
class Recording:
    """What a feed read: a basket, its quotes, and the window and rhythm in which they are to be published.

    `start`, `end` and `interval` are microseconds; `provenance` says in words what was read, with the files' checksums and no path of anyone's machine.
    """

    basket: Basket
    quotes: Quotes
    start: int
    end: int
    interval: int
    instrument: str
    title: str
    provenance: str


class FeedOptions(msgspec.Struct, frozen=True, kw_only=True):
    """What a person says beside the files: `sources` names some of them (source id → file); a file named here alone is read too."""

    sources: dict[str, Path] = {}


@runtime_checkable
class Feed(Protocol):
    """Brings quotes in from files. `read` raises InputError that names file, row and value for input that is not right."""

    name: str
    summary: str

    def read(self, paths: Sequence[Path], options: FeedOptions) -> Recording:
        """Return what the files say."""
        ...


def feed_names() -> tuple[str, ...]:
    """Return the names of the installed feeds, sorted."""
    return tuple(sorted({entry.name for entry in entry_points(group=GROUP)}))


def find_feed(name: str) -> Feed:
    """Return the installed feed of that name. Raises InputError with the nearest one, or with what is wrong with the one found."""
    found = [entry for entry in entry_points(group=GROUP) if entry.name == name]
    if not found:
        problem = f'names no installed feed, was "{name}"'
        raise InputError(problem, key="feed", remedy=did_you_mean(name, feed_names()) or "install indexlab as a package: feeds are found by entry point")
    try:
        feed: object = found[0].load()
    except (ImportError, AttributeError) as error:
        problem = f'"{name}" does not load: {error}'
        raise InputError(problem, key="feed", remedy="install its package again") from error
    if not isinstance(feed, Feed):
        problem = f'"{name}" ({found[0].value}) must have name, summary and read'
        raise InputError(problem, key="feed")
    return feed


def import_fixture(
    feed: Feed | str,
    paths: Sequence[str | Path],
    *,
    id: str,  # noqa: A002 - the word of fixture.toml
    out: str | Path,
    sources: dict[str, str] | None = None,
    title: str | None = None,
    licence: str = "unknown",
    url: str = "",
) -> Path:
    """Read files through a feed and write them as a recorded fixture `out`/`id`; return its folder.

    `sources` names files otherwise than they name themselves (source id → file). Raises InputError; then nothing is written.
    """
    checked_id(id)
    reader = find_feed(feed) if isinstance(feed, str) else feed
    options = FeedOptions(sources={name: Path(path) for name, path in (sources or {}).items()})
    recording = reader.read([Path(path) for path in paths], options)
    declaration = FixtureDeclaration(
        id=id,
        title=title or recording.title,
        kind="recorded",
        instrument=recording.instrument,
        start=recording.start,
        end=recording.end,
        interval=recording.interval,
        sources=recording.basket,
        provenance=Provenance(text=recording.provenance + _gap_text(recording), url=url, licence=licence),
    )
    return write_fixture(Path(out) / id, declaration, recording.quotes)


def _gap_text(recording: Recording) -> str:
    long = _LONG_GAP * recording.interval
    found = gaps(recording.quotes, len(recording.basket), start=recording.start, end=recording.end, longer_than=long)
    if not found:
        return f" No source was silent for longer than {format_duration(long)}."
    longest = sorted(sorted(found, key=lambda gap: gap.start - gap.end)[:_GAPS_TOLD], key=lambda gap: gap.start)
    told = "; ".join(f"{recording.basket[gap.source].id} {time_text(gap.start)} to {time_text(gap.end)}" for gap in longest)
    return f" Silent for longer than {format_duration(long)} ({len(found)} times{', the longest' if len(found) > len(longest) else ''}): {told}."
