"""What the kernel says of processes, where it says it in /proc (Linux); elsewhere nothing is known of any."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["entry", "figures", "processes"]

_PROCESSES: Final = Path("/proc")


def processes() -> Iterator[int]:
    """Give the ids of all processes."""
    if _PROCESSES.is_dir():
        with os.scandir(_PROCESSES) as found:
            yield from [int(process.name) for process in found if process.name.isdigit()]


def entry(process: int, name: str) -> bytes:
    """Return what an entry of a process says; nothing where the process is gone, or is not ours to look at."""
    try:
        return (_PROCESSES / str(process) / name).read_bytes()
    except OSError:
        return b""


def figures(process: int) -> list[bytes]:
    """Return the figures of a process from its state on, as proc(5) counts them from the third; none where it is gone."""
    line = entry(process, "stat")
    return line[line.rfind(b")") + 2 :].split()  # the name before it may hold anything
