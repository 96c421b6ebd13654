"""Standard output kept for the lines of the protocol: whatever else is printed goes to standard error."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["protocol_output"]


def protocol_output() -> Callable[[bytes], None]:
    """Return what writes whole lines to standard output, and send everything else that is printed to standard error from now on."""
    try:
        kept = os.dup(sys.stdout.fileno())
    except (OSError, ValueError):  # no descriptor: standard output is a stream in this process
        stream = sys.stdout.buffer

        def say(line: bytes) -> None:
            stream.write(line)
            stream.flush()

        return say
    sys.stdout.flush()
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    return lambda line: _write_all(kept, line)


def _write_all(descriptor: int, line: bytes) -> None:
    rest = memoryview(line)
    while rest:
        rest = rest[os.write(descriptor, rest) :]
