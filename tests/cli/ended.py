"""An audit that ends itself: `python -m tests.cli.ended N SHARE LIMIT ARGUMENTS…` is `indexlab ARGUMENTS…` with a small budget, killed in its Nth write.

Writes to the journal are meant; of the last one `SHARE` (0 to 1) reaches the file. N = 0: nobody kills it. `LIMIT`: no file may have more bytes (0: any).
"""

from __future__ import annotations

import os
import resource
import signal
import sys
from itertools import count
from types import SimpleNamespace
from typing import TYPE_CHECKING

from indexlab.audit import journal
from indexlab.audit.plan import Budget
from indexlab.cli import main
from tests.audit.audits import spending

if TYPE_CHECKING:
    from collections.abc import Callable

FEW = Budget(batches=4, twins=2, shrink=25, seconds=1e9, kinds=2)


def ending(at: int, share: float) -> Callable[[int, bytes], int]:
    """Return an `os.write` that ends the process in its `at`-th call."""
    calls = count(1)

    def write(file: int, content: bytes) -> int:
        if next(calls) == at:
            os.write(file, content[: int(share * len(content))])
            os.kill(os.getpid(), signal.SIGKILL)
        return os.write(file, content)

    return write


if __name__ == "__main__":
    at, share, limit, *arguments = sys.argv[1:]
    if int(limit):
        resource.setrlimit(resource.RLIMIT_FSIZE, (int(limit), int(limit)))
    journal.os = SimpleNamespace(**{**vars(os), "write": ending(int(at), float(share))})
    with spending(FEW):
        main(arguments, prog_name="indexlab")
