"""`exec:COMMAND`: a target in a process of its own, in any language, spoken to by the target protocol.

It is started once, without a shell, when it is first asked, as the leader of a process group; it answers many requests. After a failure that leaves in doubt
what it will say next, it and all that it started are killed and reaped, and the next request starts it anew, after failures in a row later and later. After
five of them without one readable answer it is not asked any more (until `close`), so that an audit of a dead target ends at once instead of waiting out
every request.
"""

from __future__ import annotations

import contextlib
import os
import shlex
import shutil
import threading
import weakref
from pathlib import Path
from typing import TYPE_CHECKING, Final, Literal, Self, TypeVar

from indexlab.market.errors import InputError, TargetFailure
from indexlab.targets.flight import Flight, Parcel
from indexlab.targets.life import Life, Limits
from indexlab.targets.lines import excerpt
from indexlab.targets.margin_answers import read_margin
from indexlab.targets.margin_params import MARGIN, margin_params
from indexlab.targets.one_by_one import one_by_one
from indexlab.targets.pipes import Ending
from indexlab.targets.protocol import BATCH, batches, decode_description, decode_result, encode_call, encode_describe
from indexlab.targets.streak import Streak
from indexlab.targets.target import PRICE, RequestFailure

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from types import TracebackType

    from indexlab.margin.case import MarginAnswer, MarginCase
    from indexlab.targets.target import Description, Outcome, Request

__all__ = ["ProcessTarget", "split_command"]

T = TypeVar("T")
_MOST_BANNER_LINES: Final = 32
_LAST_WORD_S: Final = 1.0
_LONGEST_BATCH: Final = 6
"""A batch has as long as its runs have together, but no longer than so many of them."""


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
        self._streak = self._new_streak()
        self._closing = threading.Event()
        self._banner_lines: int | None = None
        self._description: Description | None = None
        self._asked_description = False
        self._takes_batches = True
        self._has_answered = False  # a run, well or badly

    def describe(self) -> Description:
        """Ask the target about itself, once; raises RequestFailure, and asks again the next time."""
        if self._description is None:
            self._asked_description = True
            self._description = self._ask(encode_describe, decode_description)
        return self._description

    def index(self, requests: Sequence[Request]) -> list[Outcome]:
        """Determine every request, one entry each in their order; a misbehaving target gives a RequestFailure there and never raises.

        A target that nobody has asked to describe itself is asked first: it may price from the book.
        """
        self._closing.clear()
        if not self._asked_description:
            with contextlib.suppress(TargetFailure):  # whoever wants to know calls `describe`; the target may answer all the same
                self.describe()
        return self._fly(self._packed(requests))

    def margin(self, cases: Sequence[MarginCase]) -> list[MarginAnswer | TargetFailure]:
        """Answer every margin case, one entry each in their order; a misbehaving target gives a RequestFailure there and never raises."""
        return [self._margin(case) for case in cases]

    def ask(self, method: str, params: bytes) -> object:
        """Ask anything, with params that are JSON, and return the result as it came; raises RequestFailure."""
        return self._ask(lambda request_id: encode_call(request_id, method, params), decode_result)

    def close(self) -> None:
        """End the process and all its children; the next request starts it anew, with its failures forgiven."""
        self._closing.set()
        life, self._life = self._life, None
        if self._has_answered:
            self._streak.ended()
        else:
            self._streak = Streak(1, 1)  # it was tried often enough: whoever wants to see the failure itself sees it in one
        if life is not None:
            self._bury(life, life.leave)

    def __enter__(self) -> Self:
        """Return the target itself; nothing is started yet."""
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        """Close it."""
        self.close()

    def _margin(self, case: MarginCase) -> MarginAnswer | TargetFailure:
        try:
            return self._ask(
                lambda request_id: encode_call(request_id, MARGIN, margin_params(case)),
                lambda line, request_id: read_margin(decode_result(line, request_id), case),
            )
        except TargetFailure as failure:
            return failure

    def _packed(self, requests: Sequence[Request]) -> list[Parcel]:
        provides = () if self._description is None else self._description.provides
        if BATCH in provides and self._takes_batches and len(requests) > 1:
            return [Parcel(self._next_id(), batch, is_batch=True) for batch in batches(requests)]
        return [Parcel(self._next_id(), (request,), is_batch=False) for request in requests]

    def _new_streak(self) -> Streak:
        return Streak(self._limits.failures, self._limits.silences)

    def _next_id(self) -> int:
        self._request_id += 1
        return self._request_id

    def _fly(self, parcels: Sequence[Parcel]) -> list[Outcome]:
        flight = Flight(parcels, PRICE if self._description is None else self._description.uses)
        outcomes: list[Outcome] = []
        while flight.parcels:
            outcomes += self._landed(flight)
        return outcomes

    def _landed(self, flight: Flight) -> list[Outcome]:
        """Return the outcomes of the first parcel; where it failed and others can be to blame as well, of all of these."""
        parcel = flight.parcels[0]
        try:
            self._streak.check()
            life = self._living()
            flight.send_ahead(life)
            outcomes = flight.land(life, lambda: self._answer(life, len(parcel.requests)))
        except TargetFailure as failure:
            return self._suspected(flight, failure)
        except BaseException:
            self._kill()
            raise
        if not self._has_answered:
            self._has_answered, self._streak = True, self._new_streak()
        self._streak.ended()
        return [self._told(outcome, parcel, life) if isinstance(outcome, TargetFailure) else outcome for outcome in outcomes]

    def _told(self, failure: TargetFailure, parcel: Parcel, life: Life) -> RequestFailure:
        """Return what is wrong with a run whose answer came: its process lives on."""
        return RequestFailure(failure.kind, failure.detail, log=life.pipes.log(), request_id=parcel.request_id)

    def _suspected(self, flight: Flight, failure: TargetFailure) -> list[Outcome]:
        parcel = flight.parcels[0]
        if failure.kind == "error" and not parcel.is_batch and self._life is not None and not self._life.is_out_of_order:
            self._streak.ended()  # it says so itself, in its turn: it lives, and knows where it is
            failed = self._told(failure, parcel, self._life)
        else:
            failed = self._failed(failure, parcel.request_id)
        suspects = [request for parcel in flight.drop(flight.suspects()) for request in parcel.requests]
        if len(suspects) == 1 or failed.kind == "not-started":
            return [failed] * len(suspects)
        outcomes, is_explained = one_by_one(failed, suspects, lambda request: self._fly([Parcel(self._next_id(), (request,), is_batch=False)])[0])
        if parcel.is_batch and not is_explained:
            self._takes_batches = False
            flight.unpack(self._next_id)
        return outcomes

    def _ask(self, encode: Callable[[int], bytes], decode: Callable[[bytes, int], T]) -> T:
        """Send one request and read its answer; whatever goes wrong ends the process. Raises RequestFailure."""
        self._closing.clear()
        request_id = self._next_id()
        try:
            self._streak.check()
            life = self._living()
            life.pipes.send(encode(request_id))
            answer = decode(self._answer(life), request_id)
        except TargetFailure as failure:
            raise self._failed(failure, request_id) from None
        except BaseException:
            self._kill()
            raise
        self._streak.ended()
        return answer

    def _living(self) -> Life:
        if self._life is None:
            back_off_s = self._limits.back_off_s * 2 ** (self._streak.length - 2) if self._streak.length > 1 else 0
            if self._closing.wait(back_off_s):
                raise TargetFailure("not-started", "was closed while it was asked")
            try:
                self._life = Life(self._arguments, self._limits)
            except OSError as error:
                raise TargetFailure("not-started", f"could not be started: {error.strerror or error}") from None
            self._undertaker = weakref.finalize(self, self._life.kill)  # also where nobody calls `close`
        return self._life

    def _answer(self, life: Life, runs: int = 1) -> bytes:
        """Return the next line; lines before the very first answer that are no JSON are a banner, reported once and expected from then on."""
        limit_s = self._limits.answer_s * min(runs, _LONGEST_BATCH)
        if life.answered:
            return self._line(life, limit_s)
        limit_s = self._limits.first_answer_s if runs == 1 else max(limit_s, self._limits.first_answer_s)
        line = self._line(life, limit_s)
        for _ in range(self._banner_lines or 0):
            if _looks_like_answer(line):
                break
            line = self._line(life, limit_s)
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

    def _line(self, life: Life, limit_s: float) -> bytes:
        line = life.pipes.receive(limit_s)
        if isinstance(line, bytes) and not life.watch.has_ended_it:
            return line
        partial = life.pipes.partial
        unfinished = f", after a line without an end: {excerpt(partial)}" if partial else ""
        if life.watch.has_ended_it:
            raise TargetFailure("memory", f"held more than {_bytes_text(self._limits.memory_bytes)} of memory with its children, and was ended")
        if line is Ending.TOO_LARGE:
            raise TargetFailure("too-large", f"answered a line of more than {_bytes_text(self._limits.answer_bytes)}: {excerpt(partial)}")
        if line is Ending.CLOSED:
            raise TargetFailure("exited", f"{life.exit_text()} {'before its first answer' if not life.answered else 'instead of answering'}{unfinished}")
        if life.ended_within(0):
            raise TargetFailure("exited", f"{life.exit_text()}, and left a child that holds its standard output{unfinished}")
        why = unfinished or _why_silent(life, limit_s)
        raise TargetFailure("timeout", f"gave no {'answer' if life.answered else 'first answer'} within {limit_s:g} s{why}")

    def _failed(self, failure: TargetFailure, request_id: int) -> RequestFailure:
        """End the process, and return the failure with its log and its request."""
        log = self._kill()
        if not self._closing.is_set():
            self._streak.failed(failure)
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


def _why_silent(life: Life, limit_s: float) -> str:
    """Say what can be seen of why no answer came."""
    if life.pipes.is_deaf:
        return ", and had closed its standard input"
    if life.pipes.has_spoken:
        return ""
    life.pipes.close_input()
    if isinstance(life.pipes.receive(min(_LAST_WORD_S, limit_s)), bytes):
        return "; it came when the input ended: standard output is buffered where it is a pipe, flush it after each line"
    return ", and not a byte: is standard output flushed after each line?"


def _bytes_text(count: int) -> str:
    return f"{count >> 20} MiB" if count >= 1 << 20 else f"{count} bytes"
