"""The three pipes of a running target, served by one thread, so that nobody waits for anybody.

What is written never blocks, what the target logs is always drained, its lines wait in a short queue (a flood stops at the pipe, not in our memory), and a
time limit is the timeout of that queue: no clock is read. A wake-up pipe ends the thread even where a stray child of the target holds the pipes open.
"""

from __future__ import annotations

import contextlib
import os
import select
import threading
from enum import Enum, auto
from queue import Empty, SimpleQueue
from typing import Final

__all__ = ["Ending", "Pipes"]

_CHUNK: Final = 1 << 18
_READ_AHEAD: Final = 2
"""So many unread lines, and the target has to wait: a right one never has more than the answer to what it was asked."""


class Ending(Enum):
    """Why no further line will come."""

    CLOSED = auto()
    TOO_LARGE = auto()


class Pipes:
    """Takes over the descriptors of a target's standard input, output and error, and closes them at `close`."""

    def __init__(self, stdin: int, stdout: int, stderr: int, *, answer_bytes: int, log_bytes: int) -> None:
        """Start to serve: a line of at most `answer_bytes`, the last `log_bytes` of the log."""
        self._stdin, self._stdout, self._stderr = stdin, stdout, stderr
        self._answer_bytes, self._log_bytes = answer_bytes, log_bytes
        self._lines: SimpleQueue[bytes | Ending] = SimpleQueue()
        self._waiting = bytearray()  # to the target, not yet written
        self._writing = threading.Lock()
        self._partial = bytearray()  # from the target, no end of line yet
        self._log = bytearray()
        self._heard_out, self._logged_out = False, threading.Event()
        self._paused, self._stopped = False, False
        self._wake_read, self._wake_write = os.pipe()
        for descriptor in (stdin, stdout, stderr, self._wake_read, self._wake_write):
            os.set_blocking(descriptor, False)
        self._thread = threading.Thread(target=self._serve, name="indexlab-target-pipes", daemon=True)
        self._thread.start()

    def send(self, line: bytes) -> None:
        """Hand a line over: written at once as far as the pipe takes it, the rest by the thread."""
        with self._writing:
            self._waiting += line
            self._write()
            rest = bool(self._waiting)
        if rest:
            self._wake()

    def receive(self, timeout_s: float) -> bytes | Ending | None:
        """Return the next line without its end, why none will come, or None where the time ran out."""
        try:
            line = self._lines.get(timeout=timeout_s)
        except Empty:
            return None
        if self._paused:
            self._wake()
        return line

    @property
    def partial(self) -> bytes:
        """What came of a line that has no end yet."""
        return bytes(self._partial[:_CHUNK])

    def close_input(self) -> None:
        """Tell the target that nothing more will come."""
        with self._writing:
            self._waiting.clear()
            if self._stdin >= 0:
                os.close(self._stdin)
            self._stdin = -1

    def close(self, timeout_s: float) -> str:
        """End the thread once the log has come to its end, after `timeout_s` at the latest; close everything; return the tail of the log."""
        self._logged_out.wait(timeout_s)
        self._stopped = True
        self._wake()
        self._thread.join()
        self.close_input()
        for descriptor in (self._stdout, self._stderr, self._wake_read, self._wake_write):
            os.close(descriptor)
        return self._log[-self._log_bytes :].decode("utf-8", errors="replace")

    def _wake(self) -> None:
        with contextlib.suppress(BlockingIOError):  # it has been woken often enough
            os.write(self._wake_write, b"\0")

    def _write(self) -> None:
        """Write what the pipe takes; the caller holds the lock."""
        while self._waiting and self._stdin >= 0:
            try:
                del self._waiting[: os.write(self._stdin, self._waiting[:_CHUNK])]
            except BlockingIOError:
                return
            except OSError:  # nobody reads any more: that no answer comes is what will be seen
                self._waiting.clear()

    def _serve(self) -> None:
        while not self._stopped:
            ready = self._wait()
            if self._wake_read in ready:
                os.read(self._wake_read, _CHUNK)
            with self._writing:
                self._write()
            if self._stderr in ready:
                self._read_log()
            if self._stdout in ready:
                self._read_lines()

    def _wait(self) -> set[int]:
        poll = select.poll()
        poll.register(self._wake_read, select.POLLIN)
        self._paused = True  # set before the look: whoever takes a line after it sees the flag and wakes us
        self._paused = self._lines.qsize() >= _READ_AHEAD
        if not self._heard_out and not self._paused:
            poll.register(self._stdout, select.POLLIN)
        if not self._logged_out.is_set():
            poll.register(self._stderr, select.POLLIN)
        with self._writing:
            if self._waiting and self._stdin >= 0:
                poll.register(self._stdin, select.POLLOUT)
        return {descriptor for descriptor, _ in poll.poll()}

    def _read_log(self) -> None:
        chunk = os.read(self._stderr, _CHUNK)
        if not chunk:
            self._logged_out.set()
        self._log += chunk
        if len(self._log) > 4 * self._log_bytes:
            del self._log[: -self._log_bytes]

    def _read_lines(self) -> None:
        chunk = os.read(self._stdout, _CHUNK)
        *ended, rest = chunk.split(b"\n")
        for piece in ended:
            self._lines.put(b"".join((self._partial, piece)))
            self._partial.clear()
        self._partial += rest
        if not chunk or len(self._partial) > self._answer_bytes:
            self._heard_out = True
            self._lines.put(Ending.TOO_LARGE if chunk else Ending.CLOSED)
