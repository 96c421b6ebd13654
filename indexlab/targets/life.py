"""One process of a target, from its start to its end: its group is killed and reaped as one, and nothing of it is left running."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
from dataclasses import dataclass
from typing import Final

from indexlab.targets.pipes import Pipes

__all__ = ["Life", "Limits"]

_GRACE_S: Final = 1.0


@dataclass(frozen=True, slots=True)
class Limits:
    """How long a target may take (seconds), how much it may answer (bytes), and how many failures in a row are enough."""

    first_answer_s: float = 10.0
    answer_s: float = 5.0
    answer_bytes: int = 64 << 20
    log_bytes: int = 64 << 10
    failures: int = 5


class Life:
    """One process of a target, from its start to its end."""

    def __init__(self, arguments: list[str], limits: Limits) -> None:
        """Start the command as the leader of a process group of its own; raises OSError where the system cannot."""
        self._owner = os.getpid()
        self.process = subprocess.Popen(arguments, bufsize=0, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, start_new_session=True)
        streams = [stream for stream in (self.process.stdin, self.process.stdout, self.process.stderr) if stream is not None]
        stdin, stdout, stderr = (os.dup(stream.fileno()) for stream in streams)  # `Pipes` owns its descriptors
        for stream in streams:
            stream.close()
        self.pipes = Pipes(stdin, stdout, stderr, answer_bytes=limits.answer_bytes, log_bytes=limits.log_bytes)
        self.answered = False

    def ended_within(self, seconds: float) -> bool:
        """Wait for the process to end by itself."""
        try:
            self.process.wait(timeout=seconds)
        except subprocess.TimeoutExpired:
            return False
        return True

    def signal_group(self, number: signal.Signals) -> None:
        """Send a signal to the process and to every child that stayed in its group."""
        with contextlib.suppress(ProcessLookupError, PermissionError):  # nobody is left (PermissionError: macOS says so of a group of zombies)
            os.killpg(self.process.pid, number)

    def reap(self) -> None:
        """Kill the whole group and take the exit status of its leader."""
        self.signal_group(signal.SIGKILL)
        self.process.wait()

    def kill(self) -> str:
        """Kill the whole group, reap it, close the pipes; return the tail of the log. A fork of ours that ends leaves the target alone."""
        if os.getpid() != self._owner:
            return ""
        self.reap()
        return self.pipes.close(_GRACE_S)

    def leave(self) -> None:
        """End politely: no more input, a moment to finish, a request to terminate, and then the whole group is killed."""
        self.pipes.close_input()
        if not self.ended_within(_GRACE_S):
            self.signal_group(signal.SIGTERM)
            self.ended_within(_GRACE_S)
        self.kill()

    def exit_text(self) -> str:
        """Say how the process ended, once its output has."""
        if not self.ended_within(_GRACE_S):
            return "closed its standard output"
        code = self.process.returncode
        return f"was ended by {signal.Signals(-code).name}" if code < 0 else f"exited with status {code}"
