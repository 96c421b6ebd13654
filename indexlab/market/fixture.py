"""Fixtures: recorded, reconstructed and synthetic markets, a folder each, with fixture.toml.

A recorded or synthetic one has its quotes in quotes.parquet, with its checksum; a reconstructed one is TOML alone, its quotes are derived from
waypoints. The rules of the day may lie beside it as rules.toml, a methodology's declaration. What a folder says is not trusted: sizes are
bounded, paths stay inside, sums are checked, and whatever is wrong is an InputError that names the file.

This is the front of the modules around it; it hands on their names.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import msgspec
import numpy as np

from indexlab.market.errors import InputError
from indexlab.market.fixture_catalogue import bundled_folder, find_fixture, fixture_ids
from indexlab.market.fixture_declaration import KINDS, SCHEMA, FixtureDeclaration, FixtureKind, Provenance, parse_fixture_toml
from indexlab.market.fixture_files import FIXTURE_TOML, QUOTES_PARQUET, RULES_TOML, check_sum, inside, read_checked, read_quotes
from indexlab.market.fixture_writer import fixture_toml, write_fixture
from indexlab.market.quote_pieces import ROWS_AT_ONCE, quote_pieces
from indexlab.market.tables import LARGEST_TOML, read_bytes, read_table
from indexlab.market.times import time_text
from indexlab.market.waypoints import Waypoint, quotes_from_waypoints

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from indexlab.market.quotes import Quotes
    from indexlab.market.source import Basket

__all__ = [
    "KINDS",
    "SCHEMA",
    "Fixture",
    "FixtureDeclaration",
    "FixtureKind",
    "FixtureSlice",
    "Provenance",
    "Waypoint",
    "bundled_folder",
    "check_fixture",
    "find_fixture",
    "fixture_ids",
    "fixture_toml",
    "load_fixture",
    "parse_fixture_toml",
    "write_fixture",
]


class FixtureSlice(NamedTuple):
    """A part of a fixture: the quotes received in it, and the publication times that fall into it (int64 microseconds)."""

    quotes: Quotes
    times: NDArray[np.int64]


class Fixture(FixtureDeclaration, frozen=True, kw_only=True):
    """A fixture that was read: what its fixture.toml says, and the folder it lies in."""

    folder: Path

    @property
    def basket(self) -> Basket:
        """The sources, in the order of [[source]]; one that no quote mentions is absent throughout."""
        return self.sources

    @property
    def rules(self) -> Path | None:
        """The rules of the day that lie beside it, to be used as a target `file:`, or None."""
        path = inside(self.folder, RULES_TOML)
        return path if path.is_file() else None

    def times(self) -> NDArray[np.int64]:
        """Return the publication times: start, start + interval, … up to the end and including it, int64 microseconds."""
        return np.arange(self.start, self.end + 1, self.interval, dtype=np.int64)

    def quotes(self) -> Quotes:
        """Read or derive the quotes; positions in them are those of [[source]]. Raises InputError."""
        if self.waypoints:
            return quotes_from_waypoints(self.waypoints, self.sources, self.times())
        content = read_checked(self.folder, QUOTES_PARQUET, self.sha256[QUOTES_PARQUET])
        return read_quotes(content, self.sources, start=self.start, end=self.end, file=self.folder / QUOTES_PARQUET)

    def pieces(self, rows_at_once: int = ROWS_AT_ONCE) -> Iterator[Quotes]:
        """Give the quotes in pieces of so many rows, without ever holding all of quotes.parquet; raises InputError, where it must be in a later piece."""
        if self.waypoints:
            yield self.quotes()
            return
        path = check_sum(self.folder, QUOTES_PARQUET, self.sha256[QUOTES_PARQUET])
        yield from quote_pieces(path, self.sources, rows_at_once=rows_at_once, start=self.start, end=self.end)

    def slice(self, start: int, end: int, *, lookback: int = 0) -> FixtureSlice:
        """Return the publications from `start` to `end` inclusive, and the quotes received from `lookback` before the start on; microseconds.

        The lookback lets sources be known at the first publication. Raises InputError where no publication falls into the window.
        """
        times = self.times()
        times = times[(times >= start) & (times <= end)]
        if not len(times):
            problem = f"has no publication from {time_text(start)} to {time_text(end)}; it runs from {time_text(self.start)} to {time_text(self.end)}"
            raise InputError(problem, file=self.folder / FIXTURE_TOML)
        quotes = self.quotes()
        return FixtureSlice(quotes.take((quotes.receive_time >= start - lookback) & (quotes.receive_time <= end)), times)


def load_fixture(folder: str | Path) -> Fixture:
    """Read a fixture's folder and check the sums of its files; its quotes are read when asked for. Raises InputError with file, key, value, remedy."""
    fixture = _load_declared(Path(folder))
    for name, digest in fixture.sha256.items():
        check_sum(fixture.folder, name, digest)
    return fixture


def check_fixture(folder: str | Path) -> list[str]:
    """Return every problem of a fixture's folder that can be told apart, a line each; none for a right one."""
    path = Path(folder)
    try:
        fixture = _load_declared(path)
    except InputError as error:
        return [str(error)]
    problems = []
    for name, digest in fixture.sha256.items():
        try:
            check_sum(path, name, digest)
        except InputError as error:
            problems.append(str(error))
    if problems:
        return problems
    try:
        quotes = fixture.quotes()
        if not len(quotes):
            problems.append(f"{path}: must have at least one quote, has none")
        if fixture.rules is not None:
            read_table(fixture.rules)
    except InputError as error:
        problems.append(str(error))
    return problems


def _load_declared(folder: Path) -> Fixture:
    path = folder / FIXTURE_TOML
    declaration = parse_fixture_toml(read_bytes(inside(folder, FIXTURE_TOML), LARGEST_TOML), file=path)
    if not declaration.waypoints and QUOTES_PARQUET not in declaration.sha256:
        problem = f"must state the sum of {QUOTES_PARQUET}, where its quotes lie"
        raise InputError(problem, file=path, key="sha256", remedy=f'write "{QUOTES_PARQUET}" = "…" under [sha256]')
    if declaration.waypoints and (folder / QUOTES_PARQUET).exists():
        problem = "must not lie beside waypoints: a reconstructed fixture's quotes are derived from them"
        raise InputError(problem, file=folder / QUOTES_PARQUET, remedy="remove the file or the waypoints")
    return Fixture(**msgspec.structs.asdict(declaration), folder=folder)
