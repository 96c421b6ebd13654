"""What people write about how a target is reached, on the command line or under `[target]` in a plan file, read into TargetOptions.

A header is `Name: value`; a word `env:NAME` in its value stands for that variable of the environment, so that no token has to be written down.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from indexlab.market.errors import InputError
from indexlab.market.units import MILLISECOND, SECOND, duration_us
from indexlab.targets.options import USUAL, Secret, TargetOptions

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["NOTHING", "Reaching", "options_of", "read_reaching"]

_KEYS: Final = ("headers", "isolate", "start_timeout", "answer_timeout", "memory")
_NAME: Final = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]{1,200}")
_VALUE: Final = re.compile(r"[\t\x20-\x7e]{1,8192}")
_ENV: Final = re.compile(r"(?<!\S)env:(\S*)")
_VARIABLE: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_OURS: Final = ("accept-encoding", "connection", "content-length", "content-type", "expect", "keep-alive", "te", "trailer", "transfer-encoding", "upgrade")
"""Headers that frame a message: whoever sets them by hand sends something else than they think."""
_HEADER_REMEDY: Final = 'write "Authorization: env:ACME_TOKEN"; the value is then read from the environment'
_SIZE: Final = re.compile(r"(\d{1,9}(?:\.\d{1,6})?)\s*([KMGT]i?B)")
_LONGEST_US: Final = 86_400 * SECOND
_LEAST_MEMORY: Final = 16 << 20


@dataclass(frozen=True, slots=True)
class Reaching:
    """What was written, by flag or file; None and empty where nothing was. Headers are kept as they were typed, and as unseen."""

    headers: tuple[Secret, ...] = ()
    isolate: bool | None = None
    start_timeout: str | None = None
    answer_timeout: str | None = None
    memory: str | None = None


NOTHING: Final = Reaching()


def read_reaching(table: Mapping[str, object]) -> Reaching:
    """Read the keys of `[target]` that say how it is reached. Raises InputError; a header's value is never in it."""
    headers, isolate = table.get("headers"), table.get("isolate")
    if headers is not None and not (isinstance(headers, list) and all(isinstance(header, str) for header in headers)):
        raise InputError("must be a list of texts", key="target.headers", remedy='write headers = ["Authorization: env:ACME_TOKEN"]')
    if isolate is not None and not isinstance(isolate, bool):
        raise InputError(f"must be true or false, was {isolate!r}", key="target.isolate")
    told = Reaching(tuple(Secret(header) for header in headers or ()), isolate, *(_text(table, key) for key in _KEYS[2:]))
    options_of(told, environment=None, origin="target.")
    return told


def options_of(flags: Reaching, file: Reaching = NOTHING, *, environment: Mapping[str, str] | None, origin: str = "--") -> TargetOptions:
    """Return the options: flags over the file over what is usual; a header of the file gives way to one of the same name. Raises InputError.

    `environment` is what `env:NAME` is read from; None only checks what is written. `origin` is how errors name a key of `flags`.
    """
    headers = [_header(header, f"{origin}{'header' if origin == '--' else 'headers'}", environment) for header in flags.headers]
    named = {name.lower() for name, _ in headers}
    kept = [_header(header, "target.headers", environment) for header in file.headers if _name(header).lower() not in named]

    def chosen(key: str) -> tuple[str | None, str]:
        flag: str | None = getattr(flags, key)
        return (flag, _spelled(origin, key)) if flag is not None else (getattr(file, key), f"target.{key}")

    return TargetOptions(
        first_answer_s=_seconds(*chosen("start_timeout"), USUAL.first_answer_s),
        answer_s=_seconds(*chosen("answer_timeout"), USUAL.answer_s),
        memory_bytes=_size(*chosen("memory")),
        headers=(*kept, *headers),
        isolate=bool(file.isolate) if flags.isolate is None else flags.isolate,
    )


def _spelled(origin: str, key: str) -> str:
    return f"--{key.replace('_', '-')}" if origin == "--" else f"{origin}{key}"


def _text(table: Mapping[str, object], key: str) -> str | None:
    given = table.get(key)
    if given is None or isinstance(given, str):
        return given
    raise InputError(f"must be a text, was {given!r}", key=f"target.{key}", remedy='write "4GiB"' if key == "memory" else 'write "30s" or "500ms"')


def _name(header: Secret) -> str:
    return header.reveal().partition(":")[0].strip()


def _header(given: Secret, key: str, environment: Mapping[str, str] | None) -> tuple[str, Secret]:
    name, (_, colon, value) = _name(given), given.reveal().partition(":")
    if not colon or not _NAME.fullmatch(name):  # nothing of it is shown: it may be the value alone
        raise InputError('must be "Name: value"', key=key, remedy=_HEADER_REMEDY)
    if name.lower() in _OURS:
        raise InputError(f"{name} frames the message and is set by indexlab itself", key=key, remedy="leave it out")
    value = _ENV.sub(lambda found: _variable(found[1], name, key, environment), value.strip())
    if not _VALUE.fullmatch(value):
        rule = "must not be empty" if not value else "must be printable ASCII on one line, of at most 8192 characters"
        raise InputError(f"{name}: its value {rule} (it is not shown)", key=key, remedy=_HEADER_REMEDY)
    return name, Secret(value)


def _variable(variable: str, name: str, key: str, environment: Mapping[str, str] | None) -> str:
    if not _VARIABLE.fullmatch(variable):
        raise InputError(f"{name}: env: must be followed by the name of a variable", key=key, remedy=_HEADER_REMEDY)
    if environment is None:
        return "?"  # only what is written is looked at
    value = environment.get(variable, "").strip()
    if not value:
        state = "empty" if variable in environment else "not set"
        raise InputError(f"{name}: the environment variable {variable} is {state}", key=key, remedy=f"export {variable}=…")
    return value


def _seconds(given: str | None, key: str, usual: float) -> float:
    if given is None:
        return usual
    found = duration_us(given, key=key, low_us=MILLISECOND)
    if found > _LONGEST_US:
        raise InputError(f'must be at most 1d, was "{given}"', key=key)
    return found / SECOND


def _size(given: str | None, key: str) -> int:
    if given is None:
        return USUAL.memory_bytes
    if given.strip() == "0":
        return 0
    found = _SIZE.fullmatch(given.strip())
    if found is None:
        raise InputError(f'must be a size with its unit, was "{given}"', key=key, remedy='write "4GiB" or "512MiB"; "0" is no limit')
    power = "KMGT".index(found[2][0]) + 1
    count = int(float(found[1]) * (1024 if "i" in found[2] else 1000) ** power)
    if not _LEAST_MEMORY <= count < 1 << 50:
        raise InputError(f'must be at least 16MiB and below 1024TiB, was "{given}"', key=key, remedy='"0" is no limit')
    return count
