"""What fixture.toml says, read strictly: what market it is, when, of which sources, from where, and the checksums of the files beside it."""

from __future__ import annotations

import re
from datetime import datetime
from typing import TYPE_CHECKING, Final, Literal, TypeAlias

import msgspec

from indexlab.market.errors import InputError, did_you_mean
from indexlab.market.source import Basket, Source, checked_basket
from indexlab.market.tables import parse_table, record, refuse_unknown, shown
from indexlab.market.times import LATEST_US, parse_time, time_text
from indexlab.market.units import MILLISECOND, duration_us
from indexlab.market.waypoints import Waypoint, checked_waypoints

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["KINDS", "SCHEMA", "FixtureDeclaration", "FixtureKind", "Provenance", "checked_id", "file_name_is_plain", "parse_fixture_toml"]

FixtureKind: TypeAlias = Literal["synthetic", "reconstructed", "recorded"]
KINDS: Final[tuple[FixtureKind, ...]] = ("synthetic", "reconstructed", "recorded")
SCHEMA: Final = 1
_MOST_PUBLICATIONS: Final = 50_000_000
_MOST_WAYPOINTS: Final = 10_000
_LONGEST_TEXT: Final = 4_000
_ID: Final = re.compile(r"[a-z0-9][a-z0-9._-]{0,79}")
_FILE_NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")
_HEX: Final = re.compile(r"[0-9a-f]{64}")
_KEYS: Final = ("schema", "id", "title", "kind", "instrument", "start", "end", "interval", "source", "waypoint", "provenance", "sha256")


class Provenance(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """Where a fixture comes from: in words, with an address, under which licence."""

    text: str
    url: str = ""
    licence: str = "unknown"


class FixtureDeclaration(msgspec.Struct, frozen=True, kw_only=True):
    """The content of fixture.toml. Times and `interval` are microseconds; `sha256` gives the checksum of each file beside it."""

    id: str
    title: str
    kind: FixtureKind
    instrument: str
    start: int
    end: int
    interval: int
    sources: Basket
    provenance: Provenance
    sha256: dict[str, str] = {}
    waypoints: tuple[Waypoint, ...] = ()
    schema: int = SCHEMA


def parse_fixture_toml(content: bytes | str, *, file: object) -> FixtureDeclaration:
    """Read the text of a fixture.toml. Raises InputError with the file, the key, the value and the remedy."""
    table = parse_table(content, file=file)
    try:
        return _declaration(table)
    except InputError as error:
        raise error.within(file) from None


def checked_id(given: str, *, file: object = None) -> str:
    """Return the id of a fixture; it is a folder's name too, so it has no separator and no leading dot."""
    if _ID.fullmatch(given) is None:
        problem = f'must be lower-case letters, digits, ".", "_" or "-", at most 80, was "{shown(given)}"'
        raise InputError(problem, file=file, key="id")
    return given


def file_name_is_plain(name: str) -> bool:
    """Say whether a name is one file's in the fixture's own folder: no separator, no "..", nothing odd."""
    return _FILE_NAME.fullmatch(name) is not None and ".." not in name


def _declaration(table: dict[str, object]) -> FixtureDeclaration:
    _check_schema(table)
    refuse_unknown(table, _KEYS)
    for key in _KEYS:
        if key not in table and key not in {"waypoint", "sha256"}:
            problem = "is missing"
            raise InputError(problem, key=key)
    kind = _kind(table["kind"])
    start, end, interval = _window(table)
    sources = checked_basket(record(_source(given), Source, key=f"source {number}") for number, given in enumerate(_tables(table, "source"), 1))
    for number, source in enumerate(sources, 1):
        for name in ("id", "venue", "quote", "upstream"):
            _text(getattr(source, name) or "-", f"source {number}: {name}", 100)
    given_waypoints = [_waypoint(given, number) for number, given in enumerate(_tables(table, "waypoint"), 1)]
    _check_form(kind, bool(given_waypoints))
    provenance = record(table["provenance"], Provenance, key="provenance")
    _text(provenance.text, "provenance.text", _LONGEST_TEXT, lines=True)
    _text(provenance.licence, "provenance.licence", 200)
    _text(provenance.url or "-", "provenance.url", 1_000)
    return FixtureDeclaration(
        id=checked_id(_text(table["id"], "id", 80)),
        title=_text(table["title"], "title", 200),
        kind=kind,
        instrument=_text(table["instrument"], "instrument", 64),
        start=start,
        end=end,
        interval=interval,
        sources=sources,
        provenance=provenance,
        sha256=_checksums(table.get("sha256", {})),
        waypoints=checked_waypoints(given_waypoints, sources, start=start, end=end),
    )


def _check_schema(table: dict[str, object]) -> None:
    schema = table.get("schema")
    if schema is None:
        problem = f"is missing; this version reads schema = {SCHEMA}"
        raise InputError(problem, key="schema")
    if type(schema) is not int or schema != SCHEMA:
        problem = f"must be {SCHEMA}, was {shown(repr(schema))}"
        raise InputError(problem, key="schema", remedy="the fixture was written for another version of indexlab")


def _kind(given: object) -> FixtureKind:
    for kind in KINDS:
        if given == kind:
            return kind
    problem = f"must be one of {', '.join(KINDS)}, was {shown(repr(given))}"
    raise InputError(problem, key="kind", remedy=did_you_mean(str(given), KINDS))


def _check_form(kind: FixtureKind, has_waypoints: bool) -> None:  # noqa: FBT001 - it is what the rule is about
    if has_waypoints and kind != "reconstructed":
        problem = f'must be given for kind = "reconstructed" alone, was given for "{kind}"'
        raise InputError(problem, key="waypoint", remedy="quotes of other kinds lie in quotes.parquet")
    if not has_waypoints and kind == "reconstructed":
        problem = 'is missing: a fixture of kind = "reconstructed" is its waypoints'
        raise InputError(problem, key="waypoint")


def _window(table: dict[str, object]) -> tuple[int, int, int]:
    start, end = _moment(table["start"], "start"), _moment(table["end"], "end")
    interval = duration_us(table["interval"], key="interval", low_us=MILLISECOND)
    if end <= start:
        problem = f"must be later than start ({time_text(start)}), was {time_text(end)}"
        raise InputError(problem, key="end")
    if (end - start) // interval >= _MOST_PUBLICATIONS:
        problem = f"must give fewer than {_MOST_PUBLICATIONS} publications from start to end, would give {(end - start) // interval + 1}"
        raise InputError(problem, key="interval")
    return start, end, interval


def _moment(given: object, key: str) -> int:
    if not isinstance(given, (str, datetime)):
        problem = f"must be an RFC 3339 time, was {shown(repr(given))}"
        raise InputError(problem, key=key, remedy='write "2019-10-31T21:00:00Z"')
    if isinstance(given, str):
        _text(given, key, 64)
    moment = parse_time(given, key=key)
    if not 0 <= moment <= LATEST_US:
        problem = f"must lie between 1970 and {time_text(LATEST_US)}, was {given}"
        raise InputError(problem, key=key)
    return moment


def _tables(table: dict[str, object], key: str) -> list[object]:
    given = table.get(key, [])
    if not isinstance(given, list):
        problem = f"must be a list of tables, was {shown(repr(given))}"
        raise InputError(problem, key=key, remedy=f"write [[{key}]]")
    if len(given) > _MOST_WAYPOINTS:
        problem = f"must not be more than {_MOST_WAYPOINTS} tables, were {len(given)}"
        raise InputError(problem, key=key)
    return given


def _source(given: object) -> object:
    # TOML tells 1 from 1.0; a weight may be written as either
    return {**given, "weight": float(given["weight"])} if isinstance(given, dict) and type(given.get("weight")) is int else given


def _waypoint(given: object, number: int) -> Waypoint:
    key = f"waypoint {number}"
    if isinstance(given, dict) and "time" in given:
        given = {**given, "time": _moment(given["time"], f"{key}: time")}
    waypoint = record(given, Waypoint, key=key)
    _text(waypoint.cited, f"{key}: from", 1_000)
    return waypoint


def _checksums(given: object) -> dict[str, str]:
    if not isinstance(given, dict):
        problem = f"must be a table of file = hex, was {shown(repr(given))}"
        raise InputError(problem, key="sha256")
    for name, digest in given.items():
        if not file_name_is_plain(name):
            problem = f'must name files of the fixture\'s own folder, was "{shown(name)}"'
            raise InputError(problem, key="sha256")
        if not isinstance(digest, str) or _HEX.fullmatch(digest) is None:
            problem = f"must be 64 lower-case hexadecimal digits, was {shown(repr(digest))}"
            raise InputError(problem, key=f"sha256.{name}")
    return dict(given)


def _text(given: object, key: str, longest: int, *, lines: bool = False) -> str:
    # a title goes to terminals and pages: nothing that could steer one
    allowed: Callable[[str], bool] = (lambda letter: letter.isprintable() or letter == "\n") if lines else str.isprintable
    if not isinstance(given, str) or not given.strip() or len(given) > longest or not all(allowed(letter) for letter in given):
        problem = f"must be a printable text of 1 to {longest} letters, was {shown(repr(given))}"
        raise InputError(problem, key=key)
    return given
