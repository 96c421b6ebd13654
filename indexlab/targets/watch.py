"""What watches over a running target: it counts ticks, by which waits are measured, and looks at how much memory the process and its children hold.

Memory is what the kernel says is resident (Linux; elsewhere it is not watched). A limit on addresses would stop Java, Go and Node.js, which reserve far more
than they use; so the group is looked at, and ended once it holds too much. Pages that processes share are counted once.
"""

from __future__ import annotations

import os
import re
import threading
from typing import TYPE_CHECKING, Final

from indexlab.targets.procfs import entry, figures, processes

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

__all__ = ["Watch", "group_memory"]

_TICK_S: Final = 0.1
_GROUP_EVERY: Final = 4
"""The leader is looked at with each tick, its group, for which every process of the machine is asked, with every fourth."""
_GROUP, _RESIDENT = 2, 21
"""The places of the process group and of the resident pages among the figures of a process."""
_SHARE: Final = re.compile(rb"^Pss:\s+(\d+) kB", re.MULTILINE)


class Watch:
    """Ticks every 0.1 s, or later on a busy machine, in a thread of its own. Where the group of `leader` holds more than `memory_bytes`, `end` is called."""

    tick_s: Final = _TICK_S

    def __init__(self, leader: int, memory_bytes: int, end: Callable[[], object]) -> None:
        """Begin; 0 bytes are no limit."""
        self.ticks = 0
        self.has_ended_it = False
        self._leader, self._memory_bytes, self._end = leader, memory_bytes, end
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._run, name="indexlab-target-watch", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Watch no longer; nobody is ended after it has returned."""
        self._over.set()
        if threading.current_thread() is not self._thread:
            self._thread.join()

    def _run(self) -> None:
        while not self._over.wait(_TICK_S):
            self.ticks += 1
            if self._memory_bytes and not self.has_ended_it and self._holds_too_much():
                self.has_ended_it = True
                self._end()

    def _holds_too_much(self) -> bool:
        leader_alone = self.ticks % _GROUP_EVERY
        seen = _resident(figures(self._leader)) if leader_alone else sum(resident for _, resident in _members(self._leader))
        return seen > self._memory_bytes and group_memory(self._leader) > self._memory_bytes


def group_memory(leader: int) -> int:
    """Return how many bytes a process group holds in memory, shared pages counted once; 0 where the system does not say."""
    return sum(_proportional(process, resident) for process, resident in _members(leader))


def _members(leader: int) -> Iterator[tuple[int, int]]:
    """Give the processes of a group and how many bytes are resident of each."""
    for process in processes():
        told = figures(process)
        if told and int(told[_GROUP]) == leader:
            yield process, _resident(told)


def _resident(told: list[bytes]) -> int:
    return int(told[_RESIDENT]) * os.sysconf("SC_PAGE_SIZE") if told else 0


def _proportional(process: int, resident: int) -> int:
    """Return the bytes of a process with its share of what it shares, or what is resident where the system does not say more."""
    found = _SHARE.search(entry(process, "smaps_rollup"))
    return resident if found is None else int(found[1]) * 1024
