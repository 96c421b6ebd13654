"""What each key of a declaration means, in words: one sentence a key, for the value that it has."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from indexlab.index.wording_input import INPUT
from indexlab.index.wording_rest import QUORUM, REST
from indexlab.index.wording_thrown_out import THROWN_OUT

if TYPE_CHECKING:
    from indexlab.index.rules import Declaration
    from indexlab.index.wording_key import Keys

__all__ = ["INPUT_KEYS", "PARTS", "QUORUM_KEYS", "REST_KEYS", "THROWN_OUT_KEYS", "has_meaning", "meaning", "part_keys", "told_with"]


def _with_a_line(part: Keys) -> tuple[str, ...]:
    return tuple(name for name, key in part.items() if not key.told_with)


INPUT_KEYS: Final = _with_a_line(INPUT)
THROWN_OUT_KEYS: Final = _with_a_line(THROWN_OUT)
REST_KEYS: Final = _with_a_line(REST)
QUORUM_KEYS: Final = _with_a_line(QUORUM)
PARTS: Final = (
    ("What goes in", INPUT_KEYS),
    ("What is thrown out", THROWN_OUT_KEYS),
    ("What is made of the rest", REST_KEYS),
    ("What is done when too little is left", QUORUM_KEYS),
)
"""The parts of a sheet, each with the keys that have a line of their own, in order."""
_WORDS: Final[Keys] = INPUT | THROWN_OUT | REST | QUORUM


def meaning(declaration: Declaration, key: str) -> str:
    """Return the sentence for one dotted key and its value in this declaration; a key that is told with another has that one's."""
    return _WORDS[key].words(declaration)


def has_meaning(declaration: Declaration, key: str) -> bool:
    """Say whether a key has a meaning beside the others of this declaration: whether the rule that it belongs to is in force."""
    return _WORDS[key].means(declaration)


def told_with(key: str) -> tuple[str, ...]:
    """Return the keys that the sentence of a key tells: itself, and those that have none of their own."""
    return (key, *(name for name, other in _WORDS.items() if other.told_with == key))


def part_keys(keys: tuple[str, ...]) -> tuple[str, ...]:
    """Return the keys of a part with those that have no line of their own, each after the one that tells it."""
    return tuple(told for key in keys for told in told_with(key))
