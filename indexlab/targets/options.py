"""How targets are reached, beside their label: time limits, memory, headers. What is secret here is never printed, stored or sent to anybody but the target."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

__all__ = ["USUAL", "TargetOptions"]


@dataclass(frozen=True, slots=True)
class TargetOptions:
    """Time limits in seconds, `memory_bytes` of a process and its children (0: none), `headers` of HTTP requests, `isolate`: `python:` in its own process."""

    first_answer_s: float = 10.0
    answer_s: float = 5.0
    memory_bytes: int = 4 << 30
    headers: tuple[tuple[str, str], ...] = field(default=(), repr=False)
    isolate: bool = False


USUAL: Final = TargetOptions()
"""What the target protocol says where nobody says otherwise."""
