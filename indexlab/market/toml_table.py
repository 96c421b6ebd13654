"""Strict reading of TOML tables that people write: every key is known, has the right kind, and is named in the error with its file."""

from __future__ import annotations

import contextlib
import datetime as dt
import math
import re
import sys
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING, Final, TypeGuard

from indexlab.market.errors import InputError, did_you_mean
from indexlab.market.units import duration_us, ratio

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

__all__ = ["Table", "read_text", "root_table"]

_MOST: Final = 1_000_000
_LARGEST: Final = 16 << 20
"""The longest file that is read, in bytes: tables that people write are a thousand times shorter."""
_LONG_BITS: Final = 128
_DATE: Final = re.compile(r"\d{4}(-\d{2}(-\d{2})?)?")


def read_text(path: str | Path) -> str:
    """Return what a TOML file holds; raises InputError where it cannot be read."""
    path = Path(path)
    try:
        if path.stat().st_size > _LARGEST:
            problem = f"must be at most {_LARGEST >> 20} MiB long, was {path.stat().st_size >> 20}"
            raise InputError(problem, file=path)
        return path.read_bytes().decode("utf-8-sig")
    except FileNotFoundError:
        problem = "does not exist"
        raise InputError(problem, file=path) from None
    except UnicodeDecodeError:
        problem = "is not a text in UTF-8"
        raise InputError(problem, file=path) from None
    except OSError as error:
        problem = f"cannot be read: {error.strerror}"
        raise InputError(problem, file=path) from None


def root_table(text: str, choices: Mapping[str, tuple[str, ...]], *, file: str | Path | None = None, what: str = "table") -> Table:
    """Read TOML text as the table that holds all others; `file`, or else `what` it is, is named in errors. Raises InputError."""
    try:
        return Table(tomllib.loads(text), "", file, choices)
    except tomllib.TOMLDecodeError as error:
        problem = f"is no valid TOML: {error}"
        raise InputError(problem, file=file or what) from None
    except RecursionError:
        problem = "must not be nested this deeply"
        raise InputError(problem, file=file or what) from None
    except ValueError:
        # a whole number of more digits than Python reads
        problem = "holds a whole number of too many digits"
        raise InputError(problem, file=file or what) from None


class Table:
    """One TOML table: what is asked of it is known, and `close` refuses the rest. `name` is its dotted name ("" for the root).

    `choices` are the words that keys may take, by dotted key; the first is the default where there is one.
    """

    def __init__(self, content: Mapping[str, object], name: str, file: object, choices: Mapping[str, tuple[str, ...]]) -> None:
        self.name, self.file = name, file
        self._choices = choices
        self._content = content
        self._known: list[str] = []

    def has(self, key: str) -> bool:
        """Say whether the file states this key."""
        self._know(key)
        return key in self._content

    def stated(self) -> Iterator[str]:
        """Give the dotted keys that the file states here."""
        return (self.path(key) for key in self._content)

    def path(self, key: str) -> str:
        """Return the dotted key, as errors name it."""
        return f"{self.name}.{key}" if self.name else key

    def problem(self, key: str, problem: str, remedy: str | None = None) -> InputError:
        """Return the error for one key of this table."""
        return InputError(problem, file=self.file, key=self.path(key), remedy=remedy)

    def close(self) -> None:
        """Raise InputError for the first key that nothing asked for, with the nearest known one."""
        for key in self._content:
            if key not in self._known:
                raise self.problem(key, "is not a known key", did_you_mean(key, self._known))

    def table(self, key: str) -> Table:
        """Return a table inside this one; an empty one where it is not given."""
        given = self._get(key, {})
        if not isinstance(given, dict):
            raise self.problem(key, f"must be a table, was {_shown(given)}", f"write [{self.path(key)}]")
        return Table(given, self.path(key), self.file, self._choices)

    def tables(self, key: str) -> tuple[Table, ...]:
        """Return the tables of an array, [[key]]; none where it is not given."""
        given = self._get(key, [])
        if not isinstance(given, list) or not all(isinstance(one, dict) for one in given):
            raise self.problem(key, f"must be an array of tables, was {_shown(given)}", f"write [[{self.path(key)}]]")
        return tuple(Table(one, self.path(key), self.file, self._choices) for one in given)

    def raw(self) -> dict[str, object]:
        """Return all content unread; every key of it counts as known."""
        self._known.extend(self._content)
        return dict(self._content)

    def text(self, key: str, default: str = "") -> str:
        """Return a text without the white space around it."""
        given = self._get(key, default)
        if not isinstance(given, str):
            raise self.problem(key, f"must be a text, was {_shown(given)}", "put it in quotes")
        return given.strip()

    def date(self, key: str) -> str:
        """Return a date as "2020-10-29", "2018-06" or "2018"; a TOML date will do. Empty where not given."""
        given = self._get(key, "")
        if isinstance(given, dt.date) and not isinstance(given, dt.datetime):
            return given.isoformat()
        if isinstance(given, str) and (not given or _DATE.fullmatch(given)):
            return given
        raise self.problem(key, f"must be a date, was {_shown(given)}", 'write "2020-10-29", "2018-06" or "2018"')

    def choice(self, key: str, default: str | None = None) -> str | None:
        """Return one of the words that this key may take."""
        given = self._get(key, default)
        options = self._choices[self.path(key)]
        if given is None or given in options:
            return default if given is None else str(given)
        known = ", ".join(f'"{option}"' for option in options)
        near = did_you_mean(given, options) if isinstance(given, str) else None
        rule = f"must be one of {known}" if len(options) > 1 else f"must be {known}"
        raise self.problem(key, f"{rule}, was {_shown(given)}", near if near and near.startswith("did") else None)

    def word(self, key: str) -> str:
        """Return one of the words that this key may take; the first where the key is not given."""
        return self.choice(key) or self._choices[self.path(key)][0]

    def ratio(self, key: str, default: float = 0.0, *, low: float = 0.0, high: float = 1.0) -> float:
        """Return a ratio from `low` to `high`."""
        try:
            return ratio(self._get(key, default), key=self.path(key), low=low, high=high)
        except InputError as error:
            raise error.within(self.file) from None

    def duration(self, key: str, default: int | None = None) -> int | None:
        """Return microseconds, `default` where not given; "none" is None."""
        if not self.has(key):
            return default
        given = self._get(key, None)
        if given == "none":
            return None
        try:
            return duration_us(given, key=self.path(key))
        except InputError as error:
            raise error.within(self.file) from None

    def count(self, key: str, default: int, *, low: int = 1) -> int:
        """Return a whole number of at least `low`, and at most a million."""
        given = self._get(key, default)
        if isinstance(given, bool) or not isinstance(given, int) or given < low:
            raise self.problem(key, f"must be a whole number of at least {low}, was {_shown(given)}")
        if given > _MOST:
            raise self.problem(key, f"must be a whole number of at most {_MOST}, was {_shown(given)}")
        return given

    def flag(self, key: str) -> bool:
        """Return true or false; false where not given."""
        given = self._get(key, False)  # noqa: FBT003 - the default of a flag
        if not isinstance(given, bool):
            raise self.problem(key, f"must be true or false, was {_shown(given)}")
        return given

    def names(self, key: str) -> tuple[str, ...]:
        """Return a list of texts."""
        given = self._get(key, [])
        if not isinstance(given, list) or not all(isinstance(name, str) and name for name in given):
            raise self.problem(key, f"must be a list of ids, was {_shown(given)}", 'write ["kraken", "gemini"]')
        return tuple(given)

    def moment(self, key: str) -> int:
        """Return a date and time as microseconds since 1970; without an offset it is UTC."""
        given = self._get(key, None)
        if isinstance(given, str):
            with contextlib.suppress(ValueError):
                given = dt.datetime.fromisoformat(given)
        if not isinstance(given, dt.datetime):
            raise self.problem(key, f"must be a date and time, was {_shown(given)}", "write 2025-12-01T07:00:00Z")
        aware = given if given.tzinfo is not None else given.replace(tzinfo=dt.UTC)
        return (aware - dt.datetime(1970, 1, 1, tzinfo=dt.UTC)) // dt.timedelta(microseconds=1)

    def inside(self, key: str) -> tuple[str, ...]:
        """Return the dotted keys that the file states in a table inside this one; none where it is no table."""
        given = self._content.get(key)
        return tuple(f"{self.path(key)}.{inner}" for inner in given) if isinstance(given, dict) else ()

    def number(self, key: str, default: float, *, above: float = -math.inf, low: float = -math.inf) -> float:
        """Return a finite number greater than `above` and at least `low`."""
        given = self._get(key, default)
        if _is_finite(given) and given > above and given >= low:
            return float(given)
        bound = f" above {above:g}" if above > -math.inf else f" of at least {low:g}" if low > -math.inf else ""
        raise self.problem(key, f"must be a finite number{bound}, was {_shown(given)}")

    def numbers(self, key: str, default: tuple[float, ...] = ()) -> tuple[float, ...]:
        """Return a list of finite numbers."""
        given = self._get(key, list(default))
        if not isinstance(given, list) or not all(_is_finite(one) for one in given):
            raise self.problem(key, f"must be a list of finite numbers, was {_shown(given)}", "write [-0.04, 0.0, 0.04]")
        return tuple(float(one) for one in given)

    def _get(self, key: str, default: object) -> object:
        self._know(key)
        return self._content.get(key, default)

    def _know(self, key: str) -> None:
        if key not in self._known:
            self._known.append(key)


def _is_finite(given: object) -> TypeGuard[float]:
    """Say whether it is a number that a double can hold."""
    if isinstance(given, bool) or not isinstance(given, (int, float)):
        return False
    return abs(given) <= sys.float_info.max


def _shown(given: object) -> str:
    if isinstance(given, int) and not isinstance(given, bool) and given.bit_length() > _LONG_BITS:
        return f"a whole number of {given.bit_length()} bits"
    return f'"{given}"' if isinstance(given, str) else str(given).lower() if isinstance(given, bool) else str(given)
