"""The three pipes of a running target, served by whoever asks: while an answer is awaited, what is to be written is written and the log is drained.

No clock is read: a wait is a poll, and where other things happen meanwhile, its time is counted in the ticks of a Watch. Nothing blocks: a flood of lines
stops at the pipe, a target that reads nothing costs the time limit, and a stray child that holds a pipe open holds up nobody.
"""

from __future__ import annotations

import itertools
import os
import select
from collections import deque
from enum import Enum, auto
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable

    from indexlab.targets.watch import Watch

__all__ = ["Ending", "Pipes"]

_CHUNK: Final = 1 << 18
_ORPHANED_S: Final = 0.5
_WHOLE: Final = 1 << 16
"""A line of at most so many bytes is put together before it is written: cheaper than to write it in parts."""
_MOST_PARTS: Final = 64
"""So many parts are written in one call; what a system takes is at least 16 and mostly 1 024."""
_MOST_AT_CLOSE: Final = 64
"""So many chunks of log are read at the end: more than a pipe holds, fewer than a stray child could write for ever."""


class Ending(Enum):
    """Why no further line will come."""

    CLOSED = auto()
    TOO_LARGE = auto()


class Pipes:
    """Takes over the descriptors of a target's standard input, output and error, and closes them at `close`. Used by one thread at a time."""

    def __init__(self, descriptors: tuple[int, int, int], leader: int, watch: Watch, *, answer_bytes: int, log_bytes: int) -> None:
        """Serve standard input, output and error: a line of at most `answer_bytes`, the last `log_bytes` of the log.

        `leader` is a descriptor that is ready once the process has ended, -1 where the system has none.
        """
        self._stdin, self._stdout, self._stderr = descriptors
        self._leader = leader
        self._watch, self._answer_bytes, self._log_bytes = watch, answer_bytes, log_bytes
        self._lines: deque[bytes] = deque()
        self._ending: Ending | None = None
        self._waiting: deque[memoryview] = deque()  # to the target, not yet written
        self._leader_has_ended = False
        self._poll, self._polled = select.poll(), tuple[int, ...]()
        self._partial = bytearray()  # from the target, no end of line yet
        self._log = bytearray()
        self._logged_out = False
        self.has_spoken = False
        for descriptor in descriptors:
            os.set_blocking(descriptor, False)

    def send(self, *parts: bytes) -> None:
        """Hand a line over, whole or in parts: written at once as far as the pipe takes it, the rest while answers are awaited."""
        whole = sum(map(len, parts)) <= _WHOLE
        self._waiting += [memoryview(b"".join(parts))] if whole else map(memoryview, parts)
        self._write()

    def receive(self, timeout_s: float) -> bytes | Ending | None:
        """Return the next line without its end, why none will come, or None where the time ran out."""
        if not self._lines and self._ending is None:
            self._read_lines()  # mostly an answer is there already
        if not self._lines and self._ending is None:
            self._serve(timeout_s, lambda: bool(self._lines) or self._ending is not None, self._poller)
        return self._lines.popleft() if self._lines else self._ending

    @property
    def is_deaf(self) -> bool:
        """Say whether the target has closed its standard input."""
        if self._stdin < 0:
            return False
        poll = select.poll()
        poll.register(self._stdin, 0)  # errors are told unasked
        return bool(poll.poll(0))

    @property
    def partial(self) -> bytes:
        """What came of a line that has no end yet."""
        return bytes(self._partial[:_CHUNK])

    def log(self) -> str:
        """Return the tail of what the target has logged so far."""
        for _ in range(_MOST_AT_CLOSE):
            if self._logged_out or not self._read_log():
                break
        return self._log[-self._log_bytes :].decode("utf-8", errors="replace")

    def close_input(self) -> None:
        """Tell the target that nothing more will come."""
        self._waiting.clear()
        if self._stdin >= 0:
            os.close(self._stdin)
        self._stdin = -1

    def hear_out(self, timeout_s: float) -> bool:
        """Drain what a target says on its way out, to no purpose but that it can; say whether it has closed both pipes before the time ran out."""

        def is_over() -> bool:
            self._lines.clear()
            self._partial.clear()
            return self._ending is Ending.CLOSED and self._logged_out

        # not with the poll of whoever awaits an answer: a target may be closed by another thread
        self._serve(timeout_s, is_over, lambda: _poll_of(self._wanted()))
        return is_over()

    def close(self) -> str:
        """Close everything; return the tail of the log."""
        told = self.log()
        self.close_input()
        for descriptor in (self._stdout, self._stderr, self._leader):
            if descriptor >= 0:
                os.close(descriptor)
        return told

    def _serve(self, timeout_s: float, is_over: Callable[[], bool], poller: Callable[[], select.poll]) -> None:
        """Read and write until `is_over` or the time ran out."""
        begun = self._watch.ticks
        while not is_over():
            # who has ended may have left a child that speaks for it, but it is not waited for as long
            limit_s = min(timeout_s, _ORPHANED_S) if self._leader_has_ended else timeout_s
            left_s = limit_s - (self._watch.ticks - begun) * self._watch.tick_s
            ready = poller().poll(left_s * 1000) if left_s > 0 else []
            if not ready:
                return
            for descriptor, _ in ready:
                if descriptor == self._stdout:
                    self._read_lines()
                elif descriptor == self._stderr:
                    self._read_log()
                elif descriptor == self._leader:
                    self._leader_has_ended = True
                else:
                    self._write()

    def _wanted(self) -> tuple[int, ...]:
        """Return the descriptors on which something can happen now, standard input the last; -1 for the others."""
        stdout, stderr = self._stdout if self._ending is None else -1, -1 if self._logged_out else self._stderr
        return stdout, stderr, -1 if self._leader_has_ended else self._leader, self._stdin if self._waiting else -1

    def _poller(self) -> select.poll:
        """Return what waits for that; the same as before, where it has not changed."""
        wanted = self._wanted()
        if wanted != self._polled:
            self._polled, self._poll = wanted, _poll_of(wanted)
        return self._poll

    def _write(self) -> None:
        """Write what the pipe takes."""
        while self._waiting and self._stdin >= 0:
            try:
                written = os.writev(self._stdin, list(itertools.islice(self._waiting, _MOST_PARTS)))
            except BlockingIOError:
                return
            except OSError:  # nobody reads any more: that no answer comes is what will be seen
                self._waiting.clear()
                return
            while self._waiting and written >= len(self._waiting[0]):
                written -= len(self._waiting.popleft())
            if written:
                self._waiting[0] = self._waiting[0][written:]

    def _read_log(self) -> bool:
        """Read a piece of the log; say whether there was one."""
        chunk = _read(self._stderr)
        if chunk is None:
            return False
        self._logged_out = not chunk
        self._log += chunk
        if len(self._log) > 4 * self._log_bytes:
            del self._log[: -self._log_bytes]
        return True

    def _read_lines(self) -> None:
        chunk = _read(self._stdout)
        if chunk is None:
            return
        self.has_spoken = self.has_spoken or bool(chunk)
        *ended, rest = chunk.split(b"\n")
        for piece in ended:
            self._lines.append(b"".join((self._partial, piece)))
            self._partial.clear()
        self._partial += rest
        if not chunk or len(self._partial) > self._answer_bytes:
            self._ending = Ending.TOO_LARGE if chunk else Ending.CLOSED


def _poll_of(descriptors: tuple[int, ...]) -> select.poll:
    poll = select.poll()
    *read, write = descriptors
    for descriptor in read:
        if descriptor >= 0:
            poll.register(descriptor, select.POLLIN)
    if write >= 0:
        poll.register(write, select.POLLOUT)
    return poll


def _read(descriptor: int) -> bytes | None:
    """Return what there is to read, nothing at the end, None where there is nothing yet."""
    try:
        return os.read(descriptor, _CHUNK)
    except BlockingIOError:
        return None
    except OSError:  # another thread has closed the target
        return b""
