"""Writes a fixture's folder: all of it or nothing, and never over another one."""

from __future__ import annotations

import os
import shutil
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from indexlab.market.errors import InputError
from indexlab.market.fixture_declaration import FixtureDeclaration, parse_fixture_toml
from indexlab.market.fixture_files import FIXTURE_TOML, QUOTES_PARQUET, quotes_to_parquet, read_quotes, sha256_hex
from indexlab.market.times import time_text
from indexlab.market.units import format_duration

if TYPE_CHECKING:
    from collections.abc import Iterable

    from indexlab.market.quotes import Quotes

__all__ = ["fixture_toml", "write_fixture"]


def write_fixture(folder: Path, declaration: FixtureDeclaration, quotes: Quotes | None = None) -> Path:
    """Write `folder`/fixture.toml and, for quotes, `folder`/quotes.parquet with its checksum; return the folder.

    The content is read back as any reader would before it appears. Raises InputError where it would not be a right fixture, and where the folder exists.
    """
    if folder.exists() or folder.is_symlink():
        problem = "exists already"
        raise InputError(problem, file=folder, remedy="choose another id, or remove the folder first")
    files: dict[str, bytes] = {}
    if quotes is not None:
        files[QUOTES_PARQUET] = quotes_to_parquet(quotes)
        declaration = msgspec.structs.replace(declaration, sha256={name: sha256_hex(content) for name, content in files.items()})
    text = fixture_toml(declaration)
    again = parse_fixture_toml(text, file=folder / FIXTURE_TOML)
    if quotes is not None:
        read_quotes(files[QUOTES_PARQUET], again.sources, start=again.start, end=again.end, file=folder / QUOTES_PARQUET)
    _write_at_once(folder, {FIXTURE_TOML: text.encode(), **files})
    return folder


def fixture_toml(declaration: FixtureDeclaration) -> str:
    """Return the text of a fixture.toml."""
    lines = [
        *_entries({name: getattr(declaration, name) for name in ("schema", "id", "title", "kind", "instrument")}),
        f"start = {time_text(declaration.start)}",
        f"end = {time_text(declaration.end)}",
        *_entries({"interval": format_duration(declaration.interval)}),
    ]
    for source in declaration.sources:
        lines += ["", "[[source]]", *_entries({name: getattr(source, name) for name in ("id", "venue", "quote", "weight", "upstream")})]
    for waypoint in declaration.waypoints:
        entries = {"source": waypoint.source, "price": waypoint.price, "path": waypoint.path, "basis": waypoint.basis, "from": waypoint.cited}
        lines += ["", "[[waypoint]]", f"time = {time_text(waypoint.time)}", *_entries(entries)]
    lines += ["", "[provenance]", *_entries({name: getattr(declaration.provenance, name) for name in ("text", "url", "licence")})]
    if declaration.sha256:
        lines += ["", "[sha256]", *_entries({f'"{name}"': digest for name, digest in declaration.sha256.items()})]
    return "\n".join(lines) + "\n"


def _entries(values: dict[str, str | float | None]) -> Iterable[str]:
    # a JSON text, with every letter outside ASCII kept, is a TOML basic string as long as no control character is in it
    return [f"{key} = {msgspec.json.encode(value).decode()}" for key, value in values.items() if value is not None and value != ""]


def _write_at_once(folder: Path, files: dict[str, bytes]) -> None:
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        building = Path(tempfile.mkdtemp(prefix=f".{folder.name}-", dir=folder.parent))
        try:
            made = building / folder.name
            made.mkdir()
            for name, content in files.items():
                with (made / name).open("wb") as opened:
                    opened.write(content)
                    opened.flush()
                    os.fsync(opened.fileno())
            made.rename(folder)
        finally:
            shutil.rmtree(building, ignore_errors=True)
    except OSError as error:
        problem = f"cannot be written ({error.strerror or error})"
        raise InputError(problem, file=folder, remedy="choose another folder") from None
