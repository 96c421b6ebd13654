"""The baseline's file as text: entries come and go, and what people wrote beside them stays.

The file is rewritten whole, with its entries ordered by target and property, so that two people's changes meet in a diff and not at the end of the file.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
from typing import TYPE_CHECKING, Final

import msgspec

from indexlab.audit.baseline import BASELINE_NAME, Entry, entries_of
from indexlab.market.errors import InputError
from indexlab.market.tables import parse_table, read_bytes

try:
    import fcntl
except ImportError:  # pragma: no cover - a system without such locks: two writers at once may then lose an entry
    fcntl = None  # type: ignore[assignment]

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

__all__ = ["LARGEST", "alone_in", "text_of", "with_entries", "without_entries"]

LARGEST: Final = 1 << 20
_HEAD: Final = f"""\
# {BASELINE_NAME}: findings that are known, and do not fail an audit until the day they are known until.
# Written by `indexlab baseline add`, `remove` and `prune`; what you write beside the entries stays. `indexlab baseline list` shows what stands here.
"""
_BLOCK: Final = re.compile(r"^[ \t]*\[\[known\]\]", re.MULTILINE)
_REQUIRED: Final = ("target", "property", "reason")
_OUT_OF_PLACE: Final = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")


@contextlib.contextmanager
def alone_in(folder: Path) -> Iterator[None]:
    """Wait until nobody else changes a baseline in this folder, and keep others out meanwhile."""
    try:
        handle = os.open(folder, os.O_RDONLY)
    except OSError as error:
        problem = f"cannot be opened: {error.strerror}"
        raise InputError(problem, file=folder) from None
    try:
        if fcntl is not None:
            fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)


def text_of(path: Path) -> str:
    """Return what stands in a baseline's file, "" where there is none yet. Raises InputError."""
    if not path.exists():
        return ""
    content = read_bytes(path, LARGEST)
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError as error:
        problem = f"must be UTF-8 text, is not at byte {error.start}"
        raise InputError(problem, file=path) from None


def with_entries(text: str, entries: Iterable[Entry], path: Path) -> str:
    """Return the file's text with these entries; one that stands there already is written anew in its place."""
    new = {entry.fingerprint: _plain(entry) for entry in entries}
    head, blocks = _parts(text, path)
    kept = [(entry, block) for entry, block in blocks if entry.fingerprint not in new]
    return _joined(head or _HEAD, [*kept, *((entry, _block(entry)) for entry in new.values())], path)


def without_entries(text: str, fingerprints: Iterable[str], path: Path) -> str:
    """Return the file's text without these entries."""
    gone = set(fingerprints)
    head, blocks = _parts(text, path)
    return _joined(head or _HEAD, [(entry, block) for entry, block in blocks if entry.fingerprint not in gone], path)


def _plain(entry: Entry) -> Entry:
    """Return an entry with a blank for what no file should hold."""
    texts = {name: _OUT_OF_PLACE.sub(" ", getattr(entry, name)) for name in ("target", "property", "what", "summary", "reason", "owner")}
    return msgspec.structs.replace(entry, **texts)


def _parts(text: str, path: Path) -> tuple[str, list[tuple[Entry, str]]]:
    """Cut the text where entries begin, the comments right above one being part of it."""
    entries = entries_of(parse_table(text, file=path), path)
    starts = [_with_comments(text, found.start()) for found in _BLOCK.finditer(text)]
    if len(starts) != len(entries):
        problem = 'cannot be rewritten: each entry must begin with a line "[[known]]"'
        raise InputError(problem, file=path, remedy="write the entries so, or edit the file by hand")
    if not starts:
        return text, []
    ends = [*starts[1:], len(text)]
    return text[: starts[0]], [(entry, text[a:b].strip() + "\n") for entry, a, b in zip(entries, starts, ends, strict=True)]


def _with_comments(text: str, start: int) -> int:
    while True:
        before = text.rfind("\n", 0, max(start - 1, 0)) + 1
        if start == 0 or not text[before:start].lstrip().startswith("#"):
            return start
        start = before


def _joined(head: str, blocks: list[tuple[Entry, str]], path: Path) -> str:
    ordered = sorted(blocks, key=lambda each: each[0].order())
    text = "\n".join([head.strip() + "\n", *(block for _, block in ordered)])
    if entries_of(parse_table(text, file=path), path) != tuple(entry for entry, _ in ordered):  # a line of a text in three quotes that looks like an entry
        problem = "cannot be rewritten without changing an entry"
        raise InputError(problem, file=path, remedy="edit the file by hand")
    if len(text.encode()) > LARGEST:
        problem = f"would be larger than {LARGEST} bytes"
        raise InputError(problem, file=path, remedy="a baseline so long hides more than it says: mend some of it first")
    return text


def _block(entry: Entry) -> str:
    told = {"target": entry.target, "property": entry.property, "what": entry.what, "summary": entry.summary, "reason": entry.reason, "owner": entry.owner}
    texts = [f"{key} = {_quoted(text)}" for key, text in told.items() if text or key in _REQUIRED]
    lines = ["[[known]]", f"fingerprint = {_quoted(entry.fingerprint)}", *texts]
    return "\n".join([*lines, f"until = {entry.until.isoformat()}"]) + "\n"


def _quoted(text: str) -> str:
    """Return a text as a basic string of TOML, which is one of JSON where no control character is in it."""
    return json.dumps(text, ensure_ascii=False)
