"""TOML that people write, read strictly: bounded in size, every unknown key an error with the nearest known one.

`read_table` opens a file, `parse_table` its text, `record` makes one typed record of a table.
"""

from __future__ import annotations

import stat
import tomllib
from typing import TYPE_CHECKING, Final, TypeVar

import msgspec

from indexlab.market.errors import InputError, did_you_mean

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from pathlib import Path

__all__ = ["LARGEST_TOML", "parse_table", "read_blocks", "read_bytes", "read_table", "record", "refuse_unknown"]

LARGEST_TOML: Final = 1 << 20
"""The largest TOML file that is read, in bytes (1 MiB)."""

T = TypeVar("T", bound=msgspec.Struct)


def read_bytes(path: Path, limit: int) -> bytes:
    """Return the content of a plain file of at most `limit` bytes; a pipe, a device or a folder is refused before it is opened."""
    return b"".join(read_blocks(path, limit, limit + 1))


def read_blocks(path: Path, limit: int, block: int = 1 << 20) -> Iterator[bytes]:
    """Give the content of a plain file of at most `limit` bytes in blocks; what is refused is as with `read_bytes`."""
    read = 0
    try:
        status = path.stat()
        if not stat.S_ISREG(status.st_mode):
            problem = "must be a plain file"
            raise InputError(problem, file=path)
        with path.open("rb") as opened:
            while read <= limit and (content := opened.read(min(block, limit + 1 - read))):
                read += len(content)
                if read <= limit:
                    yield content
    except FileNotFoundError:
        problem = "does not exist"
        raise InputError(problem, file=path) from None
    except (OSError, ValueError) as error:
        problem = f"cannot be read ({getattr(error, 'strerror', None) or error})"
        raise InputError(problem, file=path) from None
    if read > limit:
        problem = f"must not be larger than {limit} bytes, was {max(status.st_size, read)}"
        raise InputError(problem, file=path)


def read_table(path: Path) -> dict[str, object]:
    """Return the top table of a TOML file."""
    return parse_table(read_bytes(path, LARGEST_TOML), file=path)


def parse_table(content: bytes | str, *, file: object) -> dict[str, object]:
    """Return the top table of a TOML text. Raises InputError with the line where it does not parse."""
    try:
        text = content.decode("utf-8") if isinstance(content, bytes) else content
    except UnicodeDecodeError as error:
        problem = f"must be UTF-8 text, is not at byte {error.start}"
        raise InputError(problem, file=file) from None
    try:
        return tomllib.loads(text)
    except RecursionError:
        problem = "must not nest its values so deeply"
        raise InputError(problem, file=file) from None
    except ValueError as error:
        problem = f"does not parse as TOML: {_one_line(str(error))}"
        raise InputError(problem, file=file) from None


def refuse_unknown(table: Mapping[str, object], known: Iterable[str], *, key: str | None = None, file: object = None) -> None:
    """Raise InputError for the first key of the table that is not known, with the nearest known one."""
    names = tuple(known)
    for name in table:
        if name not in names:
            problem = "is an unknown key"
            raise InputError(problem, file=file, key=f"{key}.{shown(name)}" if key else shown(name), remedy=did_you_mean(name, names))


def record(given: object, kind: type[T], *, key: str | None = None, file: object = None) -> T:
    """Make a record of one table, strictly: unknown keys, missing keys and wrong types are errors that name the key."""
    if not isinstance(given, dict):
        problem = f"must be a table, was {shown(repr(given))}"
        raise InputError(problem, file=file, key=key)
    fields = msgspec.structs.fields(kind)
    refuse_unknown(given, [field.encode_name for field in fields], key=key, file=file)
    for field in fields:
        if field.required and field.encode_name not in given:
            problem = "is missing"
            raise InputError(problem, file=file, key=f"{key}.{field.encode_name}" if key else field.encode_name)
    try:
        return msgspec.convert(given, kind)
    except msgspec.ValidationError as error:
        rule, _, path = str(error).partition(" - at `$")
        name = (key or "") + path.rstrip("`")
        found = given.get(path.strip("`."))
        problem = f"must be right: {_one_line(rule)[:1].lower()}{_one_line(rule)[1:]}" + ("" if found is None else f", was {shown(repr(found))}")
        raise InputError(problem, file=file, key=name.lstrip(".") or None) from None


def shown(text: str) -> str:
    """Return a text from a file as it may stand in a message: printable, one line, not long."""
    clean = "".join(letter if letter.isprintable() else "�" for letter in text)
    return clean if len(clean) <= 80 else f"{clean[:77]}..."


def _one_line(text: str) -> str:
    return shown(" ".join(text.split()))
