"""Processes that a target started and that left its group: they carry its mark in their environment, are found by it, and killed.

A group is killed as one; a child that made a session of its own is no longer in it. Where there is no /proc, such a child is not found.
"""

from __future__ import annotations

import contextlib
import os
import signal
from functools import cache
from typing import Final

from indexlab.targets.procfs import entry, figures, processes

__all__ = ["kill_own", "kill_strays", "marked"]

_VARIABLE: Final = "INDEXLAB_TARGET"
_MOST_ROUNDS: Final = 20
"""Who is killed can have started another meanwhile, so there is another look, until none is found."""
_STARTED: Final = 19
"""The place of the time of its start among the figures of a process."""


def marked(number: int) -> tuple[bytes, dict[str, str]]:
    """Return a mark that no other target has, and the environment that carries it, beside the marks of those that we run under."""
    mark = f"{os.getpid()}.{_began(os.getpid())}.{number};"
    return f";{mark}".encode(), os.environ | {_VARIABLE: (os.environ.get(_VARIABLE) or ";") + mark}


def kill_strays(mark: bytes) -> None:
    """Kill every process that carries a mark."""
    for _ in range(_MOST_ROUNDS):
        found = _carrying(mark)
        for process in found:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.kill(process, signal.SIGKILL)
        if not found:
            return


def kill_own() -> None:
    """Kill every process that a target of this process is or has started, and this process has not ended: for one who is ended itself."""
    kill_strays(f";{os.getpid()}.{_began(os.getpid())}.".encode())


def _carrying(mark: bytes) -> list[int]:
    # a zombie has no environment any more, and is not found again
    return [process for process in processes() if mark in entry(process, "environ")]


@cache
def _began(process: int) -> str:
    """Return when a process began, as the system counts it: process ids come again, and mean others in a container."""
    told = figures(process)
    return told[_STARTED].decode() if told else "0"
