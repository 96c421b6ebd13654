"""`exec:COMMAND`: a target in a process of its own, in any language, spoken to by the target protocol.

It is started once, without a shell, when it is first asked, as the leader of a process group; it answers many requests. After a failure of any kind the whole
group is killed and reaped, and the next request starts it anew. After five failures in a row without one readable answer it is not asked any more (until
`close`), so that an audit of a dead target ends at once instead of waiting out every request.
"""

from __future__ import annotations

import contextlib
import os
import shlex
import shutil
import weakref
from collections import deque
from pathlib import Path
from typing import TYPE_CHECKING, Final, Literal, Self, TypeVar

from indexlab.market.errors import InputError, TargetFailure
from indexlab.targets.life import Life, Limits
from indexlab.targets.lines import excerpt
from indexlab.targets.pipes import Ending
from indexlab.targets.protocol import decode_description, decode_determinations, encode_describe, encode_request
from indexlab.targets.target import PRICE, RequestFailure

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from types import TracebackType

    from indexlab.targets.target import Description, Outcome, Request

__all__ = ["ProcessTarget", "split_command"]

T = TypeVar("T")
_MOST_BANNER_LINES: Final = 32
_IN_FLIGHT: Final = 4
"""So many requests are with a target at once: one that it works on, the others so that it finds the next at hand."""
_ANSWERED: Final = ("error", "misfit", "wrong-id")
"""The failures that are answers all the same: the target lives, so they do not count towards giving up."""


def split_command(command: str) -> list[str]:
    """Return the arguments of a command as a shell would split them (none is used); raises InputError where there is nothing to run."""
    label = f"exec:{command}"
    try:
        arguments = shlex.split(command)
    except ValueError as error:
        raise InputError(f"cannot be split into arguments: {str(error).lower()}", key=label, remedy="close the quotes") from None
    if not arguments:
        raise InputError("must name a command to run, was empty", key=label, remedy='write "exec:./acme-index --stdio"')
    program = arguments[0]
    if shutil.which(program) is None:
        if os.sep not in program:
            here = Path(program).is_file()
            remedy = f"did you mean ./{program}, the file in this folder?" if here else "install it, or give its path"
            raise InputError(f'names the command "{program}", which is not on PATH', key=label, remedy=remedy)
        if not Path(program).is_file():
            raise InputError(f'names the file "{program}", which is not there', key=label, remedy="paths start at the current folder")
        raise InputError(
            f'names the file "{program}", which may not be executed', key=label, remedy=f"chmod +x {shlex.quote(program)}, or name its interpreter"
        )
    return arguments


class ProcessTarget:
    """A target behind a command. While it answers one request the next few are on their way, so that it never waits for us."""

    kind: Literal["process"] = "process"

    def __init__(self, command: str, *, limits: Limits | None = None) -> None:
        """Check that the command can be found; nothing is started yet. Raises InputError."""
        self.label = f"exec:{command}"
        self._arguments = split_command(command)
        self._limits = limits or Limits()
        self._life: Life | None = None
        self._undertaker: weakref.finalize[[], ProcessTarget] | None = None
        self._request_id = 0
        self._silent_failures = 0
        self._last_failure = ""
        self._banner_lines: int | None = None
        self._description: Description | None = None
        self._asked_description = False

    def describe(self) -> Description:
        """Ask the target about itself, once; raises RequestFailure, and asks again the next time."""
        if self._description is None:
            self._asked_description = True
            answer = self._ask(encode_describe, decode_description)
            if isinstance(answer, RequestFailure):
                raise answer
            self._description = answer
        return self._description

    def index(self, requests: Sequence[Request]) -> list[Outcome]:
        """Determine every request, one entry each in their order; a misbehaving target gives a RequestFailure there and never raises.

        A target that nobody has asked to describe itself is asked first: it may price from the book.
        """
        if not self._asked_description:
            with contextlib.suppress(TargetFailure):  # whoever wants to know calls `describe`; the target may answer all the same
                self.describe()
        numbered = [(self._request_id + place, request) for place, request in enumerate(requests, start=1)]
        self._request_id += len(requests)
        outcomes: list[Outcome] = []
        sent: deque[int] = deque()  # the ids of what is in flight, to this life
        while len(outcomes) < len(requests):
            if self._life is None:
                sent.clear()
            outcomes.append(self._next(numbered[len(outcomes) :], sent))
        return outcomes

    def close(self) -> None:
        """End the process and all its children; the next request starts it anew, with its failures forgiven."""
        life, self._life = self._life, None
        self._silent_failures = 0
        if life is not None:
            self._bury(life, life.leave)

    def __enter__(self) -> Self:
        """Return the target itself; nothing is started yet."""
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        """Close it."""
        self.close()

    def _next(self, requests: Sequence[tuple[int, Request]], sent: deque[int]) -> Outcome:
        """Return the outcome of the first of `requests`, of which those in `sent` are in flight already; more of them are sent ahead."""
        own_id, first = requests[0]
        uses = PRICE if self._description is None else self._description.uses
        times, sources = len(first.times), len(first.basket)

        def send(life: Life) -> None:
            # a new life is asked one thing until it has answered: what it cannot bear must be told apart from what came after it
            room = _IN_FLIGHT if life.answered else 1
            for request_id, request in requests[len(sent) : room]:
                sent.append(request_id)
                life.pipes.send(encode_request(request_id, request, uses))
            sent.popleft()

        return self._asked(own_id, send, lambda line: decode_determinations(line, own_id, times, sources))

    def _ask(self, encode: Callable[[int], bytes], decode: Callable[[bytes, int], T]) -> T | RequestFailure:
        """Send one request and read its answer; whatever goes wrong ends the process."""
        self._request_id += 1
        request_id = self._request_id
        return self._asked(request_id, lambda life: life.pipes.send(encode(request_id)), lambda line: decode(line, request_id))

    def _asked(self, request_id: int, send: Callable[[Life], None], decode: Callable[[bytes], T]) -> T | RequestFailure:
        """Have a request sent, unless it is in flight already, and read its answer."""
        if self._silent_failures >= self._limits.failures:
            return RequestFailure("not-started", f"gave up after {self._limits.failures} failures in a row, the last: {self._last_failure}")
        try:
            life = self._living()
            send(life)
            answer = decode(self._answer(life))
        except TargetFailure as failure:
            return self._failed(failure, request_id)
        except BaseException:
            self._kill()
            raise
        self._silent_failures = 0
        return answer

    def _living(self) -> Life:
        if self._life is None:
            try:
                self._life = Life(self._arguments, self._limits)
            except OSError as error:
                raise TargetFailure("not-started", f"could not be started: {error.strerror or error}") from None
            self._undertaker = weakref.finalize(self, self._life.kill)  # also where nobody calls `close`
        return self._life

    def _answer(self, life: Life) -> bytes:
        """Return the next line; lines before the very first answer that are no JSON are a banner, reported once and expected from then on."""
        if life.answered:
            return self._line(life)
        line = self._line(life)
        for _ in range(self._banner_lines or 0):
            if _looks_like_answer(line):
                break
            line = self._line(life)
        if self._banner_lines is None and not _looks_like_answer(line):
            self._banner_lines = self._count_banner(life)
            if self._banner_lines:
                raise TargetFailure("not-json", f"wrote to standard output before its first answer (a banner belongs on standard error): {excerpt(line)}")
        life.answered = True
        return line

    def _count_banner(self, life: Life) -> int:
        """Count the lines before the one that looks like an answer; 0 where none comes, and what came was garbage."""
        for count in range(1, _MOST_BANNER_LINES):
            line = life.pipes.receive(self._limits.answer_s)
            if not isinstance(line, bytes):
                return 0
            if _looks_like_answer(line):
                return count
        return 0

    def _line(self, life: Life) -> bytes:
        limit = self._limits.answer_s if life.answered else self._limits.first_answer_s
        line = life.pipes.receive(limit)
        if isinstance(line, bytes):
            return line
        partial = life.pipes.partial
        unfinished = f", after a line without an end: {excerpt(partial)}" if partial else ""
        if line is Ending.TOO_LARGE:
            raise TargetFailure("too-large", f"answered a line of more than {_bytes_text(self._limits.answer_bytes)}: {excerpt(partial)}")
        if line is Ending.CLOSED:
            raise TargetFailure("exited", f"{life.exit_text()} {'before its first answer' if not life.answered else 'instead of answering'}{unfinished}")
        if life.ended_within(0):
            raise TargetFailure("exited", f"{life.exit_text()}, and left a child that holds its standard output{unfinished}")
        raise TargetFailure("timeout", f"gave no {'answer' if life.answered else 'first answer'} within {limit:g} s{unfinished}")

    def _failed(self, failure: TargetFailure, request_id: int) -> RequestFailure:
        """End the process, and return the failure with its log and its request."""
        log = self._kill()
        self._last_failure = failure.detail
        self._silent_failures = 0 if failure.kind in _ANSWERED else self._silent_failures + 1
        return RequestFailure(failure.kind, failure.detail, log=log, request_id=request_id)

    def _kill(self) -> str:
        life, self._life = self._life, None
        return "" if life is None else self._bury(life, life.kill)

    def _bury(self, life: Life, end: Callable[[], T]) -> T:
        """End a process by `end`; a second interrupt while it ends still leaves nothing running."""
        try:
            return end()
        except BaseException:
            life.reap()
            raise
        finally:
            if self._undertaker is not None:
                self._undertaker.detach()


def _looks_like_answer(line: bytes) -> bool:
    return line.lstrip().startswith(b"{")


def _bytes_text(count: int) -> str:
    return f"{count >> 20} MiB" if count >= 1 << 20 else f"{count} bytes"
