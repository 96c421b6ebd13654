"""One process of a target, from its start to its end: it and all that it started are killed and reaped, and nothing of it is left running."""

from __future__ import annotations

import contextlib
import fcntl
import itertools
import os
import signal
import subprocess
from dataclasses import dataclass
from typing import IO, TYPE_CHECKING, Final

from indexlab.targets.pipes import Pipes
from indexlab.targets.strays import kill_strays, marked
from indexlab.targets.watch import Watch

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["Life", "Limits"]

_GRACE_S: Final = 1.0
_WIDE: Final = 1 << 20
_numbers: Final = itertools.count(1)


@dataclass(frozen=True, slots=True)
class Limits:
    """How long a target may take (seconds), how much it may answer and hold in memory (bytes; 0: any), and how often it may fail.

    After so many `failures` in a row without one readable answer, or so many `silences` among them, it is not asked any more. From the second on a new process
    is started later and later: after `back_off_s`, then twice that, and so on.
    """

    first_answer_s: float = 10.0
    answer_s: float = 5.0
    answer_bytes: int = 64 << 20
    memory_bytes: int = 4 << 30
    log_bytes: int = 64 << 10
    failures: int = 5
    silences: int = 3
    back_off_s: float = 0.1


class Life:
    """One process of a target, from its start to its end."""

    def __init__(self, arguments: list[str], limits: Limits) -> None:
        """Start the command as the leader of a process group of its own; raises OSError where the system cannot."""
        self._owner = os.getpid()
        self._mark, environment = marked(next(_numbers))
        self.process = subprocess.Popen(
            arguments, bufsize=0, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, start_new_session=True, env=environment
        )
        self.answered = False
        self.is_out_of_order = False
        try:
            self.watch = Watch(self.process.pid, limits.memory_bytes, _killer(self.process.pid))
            self.pipes = self._piped(limits)
        except BaseException:  # no descriptors or threads are left to hold on to it by
            self.signal_group(signal.SIGKILL)
            self.process.wait()
            for stream in self._streams():
                stream.close()
            raise

    def _streams(self) -> list[IO[bytes]]:
        return [stream for stream in (self.process.stdin, self.process.stdout, self.process.stderr) if stream is not None]

    def _piped(self, limits: Limits) -> Pipes:
        stdin, stdout, stderr = (os.dup(stream.fileno()) for stream in self._streams())  # `Pipes` owns its descriptors
        for stream in self._streams():
            stream.close()
        for descriptor in (stdin, stdout):
            _widen(descriptor)
        leader = _leader(self.process.pid)
        return Pipes((stdin, stdout, stderr), leader, self.watch, answer_bytes=limits.answer_bytes, log_bytes=limits.log_bytes)

    def ended_within(self, seconds: float) -> bool:
        """Wait for the process to end by itself."""
        try:
            self.process.wait(timeout=seconds)
        except subprocess.TimeoutExpired:
            return False
        return True

    def signal_group(self, number: signal.Signals) -> None:
        """Send a signal to the process and to every child that stayed in its group."""
        _signal(self.process.pid, number)

    def reap(self) -> None:
        """Kill the whole group, whatever has left it, and take the exit status of its leader."""
        self.watch.stop()
        self.signal_group(signal.SIGKILL)
        kill_strays(self._mark)
        self.process.wait()

    def kill(self) -> str:
        """Kill the whole group, reap it, close the pipes; return the tail of the log. A fork of ours that ends leaves the target alone."""
        if os.getpid() != self._owner:
            return ""
        self.reap()
        return self.pipes.close()

    def leave(self) -> None:
        """End politely: no more input, a moment to finish, a request to terminate, and then the whole group is killed."""
        self.pipes.close_input()
        if not self.ended_within(_GRACE_S if self.pipes.hear_out(_GRACE_S) else 0):
            self.signal_group(signal.SIGTERM)
            self.ended_within(_GRACE_S)
        self.kill()

    def exit_text(self) -> str:
        """Say how the process ended, once its output has."""
        if not self.ended_within(_GRACE_S):
            return "closed its standard output"
        code = self.process.returncode
        return f"was ended by {_signal_name(-code)}" if code < 0 else f"exited with status {code}"


def _widen(pipe: int) -> None:
    """Let a pipe hold a few whole messages where the system can, so that neither side waits for the other in the middle of one."""
    if hasattr(fcntl, "F_SETPIPE_SZ"):
        with contextlib.suppress(OSError):  # the user has as many wide pipes as they may
            fcntl.fcntl(pipe, fcntl.F_SETPIPE_SZ, _WIDE)


def _leader(process: int) -> int:
    """Return a descriptor that is ready once a process has ended, -1 where the system gives none."""
    if hasattr(os, "pidfd_open"):
        with contextlib.suppress(OSError):
            return os.pidfd_open(process)
    return -1


def _killer(leader: int) -> Callable[[], None]:
    """Return what kills a group, without holding on to the life that leads it."""
    return lambda: _signal(leader, signal.SIGKILL)


def _signal_name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:  # a real-time signal
        return f"signal {number}"


def _signal(leader: int, number: signal.Signals) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):  # nobody is left (PermissionError: macOS says so of a group of zombies)
        os.killpg(leader, number)
