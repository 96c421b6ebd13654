"""How targets are reached, beside their label: time limits, memory, headers. What is secret here is never printed, stored or sent to anybody but the target."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

__all__ = ["USUAL", "Secret", "TargetOptions"]


class Secret:
    """A text that is sent and never shown: it has no text of its own, prints as «hidden», and no encoder of ours knows how to write it."""

    __slots__ = ("_text",)

    def __init__(self, text: str) -> None:
        """Keep the text."""
        self._text = text

    def reveal(self) -> str:
        """Return the text, for the one who sends it."""
        return self._text

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and self._text == other._text

    def __hash__(self) -> int:
        return hash(self._text)

    def __repr__(self) -> str:
        return "«hidden»"


@dataclass(frozen=True, slots=True)
class TargetOptions:
    """Time limits in seconds, `memory_bytes` of a process and its children (0: none), `headers` of HTTP requests, `isolate`: `python:` in its own process."""

    first_answer_s: float = 10.0
    answer_s: float = 5.0
    memory_bytes: int = 4 << 30
    headers: tuple[tuple[str, Secret], ...] = ()
    isolate: bool = False

    def as_table(self) -> dict[str, object]:
        """Return what a report says of them: what differs from what is usual, and of headers the names alone."""
        told: dict[str, object] = {}
        if self.first_answer_s != USUAL.first_answer_s:
            told["start_timeout"] = f"{self.first_answer_s:g}s"
        if self.answer_s != USUAL.answer_s:
            told["answer_timeout"] = f"{self.answer_s:g}s"
        if self.memory_bytes != USUAL.memory_bytes:
            told["memory"] = f"{self.memory_bytes / (1 << 20):g}MiB" if self.memory_bytes else "0"
        if self.headers:
            told["headers"] = [name for name, _ in self.headers]
        if self.isolate:
            told["isolate"] = True
        return told


USUAL: Final = TargetOptions()
"""What the target protocol says where nobody says otherwise."""
