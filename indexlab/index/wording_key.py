"""One key of a declaration in words: its sentence, whether it means something beside the others, and the key whose sentence tells it too."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, TypeAlias

from indexlab.market.units import format_duration

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from indexlab.index.rules import Declaration

__all__ = ["Key", "Keys", "always", "counted", "listed", "no_older_than", "spelt"]


def always(_: Declaration) -> bool:
    """Return True: such a key means something in any declaration."""
    return True


class Key(NamedTuple):
    """What a key means in words; `means` says whether it does, `told_with` names the key whose sentence says it as well (such a key has no line of its own)."""

    words: Callable[[Declaration], str]
    means: Callable[[Declaration], bool] = always
    told_with: str = ""


Keys: TypeAlias = "dict[str, Key]"


def counted(count: int, what: str) -> str:
    """Write "1 source", "3 sources"."""
    return f"{count} {what}{'' if count == 1 else 's'}"


def listed(words: Iterable[str], last: str = "and") -> str:
    """Write "a", "a and b", "a, b and c"."""
    *first, end = tuple(words) or ("none",)
    return f"{', '.join(first)} {last} {end}" if first else end


def spelt(table: Mapping[str, float]) -> str:
    """Write "kraken 3, gemini 1"."""
    return ", ".join(f"{name} {value:.12g}" for name, value in table.items())


def no_older_than(limit: int | None, what: str) -> str:
    """Write what an age limit does to something that counts until then."""
    return f"{what} counts however old it is" if limit is None else f"{what} counts no more once it is older than {format_duration(limit)}"
