"""Whether anything of a target is still running."""

from __future__ import annotations

import os
import select
from pathlib import Path


def marked_processes():
    """Processes that carry the mark of a target of this process."""
    mark = f";{os.getpid()}.".encode()
    found = []
    for entry in Path("/proc").glob("[0-9]*/environ"):
        try:
            if mark in entry.read_bytes().partition(b"INDEXLAB_TARGET=")[2].partition(b"\0")[0]:
                found.append(int(entry.parent.name))
        except OSError:
            pass
    return found


def ended(process):
    """Wait for the end of a process that is no child of ours; a process that is no more has ended."""
    try:
        descriptor = os.pidfd_open(process)
    except ProcessLookupError:
        return True
    poll = select.poll()
    poll.register(descriptor, select.POLLIN)
    try:
        return bool(poll.poll(10_000))
    finally:
        os.close(descriptor)
