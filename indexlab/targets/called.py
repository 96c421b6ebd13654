"""A target that is asked one thing at a time by method and params, and gives the bare result or fails: over HTTP, or as code in this process."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Final, Literal, Protocol, Self, TypeVar

from indexlab.market.errors import TargetFailure
from indexlab.targets.hidden import Hider
from indexlab.targets.margin_answers import read_margin
from indexlab.targets.margin_params import MARGIN, margin_params
from indexlab.targets.one_by_one import one_by_one
from indexlab.targets.protocol import (
    BATCH,
    DESCRIBE_PARAMS,
    Pieces,
    batch_params,
    batches,
    params_of,
    read_batch,
    read_description,
    read_determinations,
    shape_of,
)
from indexlab.targets.streak import Streak
from indexlab.targets.target import PRICE, Description, RequestFailure

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from types import TracebackType

    from indexlab.margin.case import MarginAnswer, MarginCase
    from indexlab.targets.options import TargetOptions
    from indexlab.targets.target import Outcome, Request

__all__ = ["CalledTarget", "Caller", "limit_of"]

T = TypeVar("T")
_LONGEST_BATCH: Final = 6


class Caller(Protocol):
    """Whoever carries a call to the target and its result back."""

    def call(self, method: str, params: bytes, runs: int = 1) -> object:
        """Return the result of `method`, which is asked for so many runs, read from JSON but not looked at; raises TargetFailure."""

    def close(self) -> None:
        """Let go of everything; the next call starts anew."""


def limit_of(options: TargetOptions, runs: int, *, first: bool) -> float:
    """Return how long an answer may take, in seconds. A batch has as long as its runs have together, but no longer than six of them: as over pipes."""
    together = options.answer_s * min(runs, _LONGEST_BATCH)
    return (options.first_answer_s if runs == 1 else max(together, options.first_answer_s)) if first else together


class CalledTarget:
    """A target behind a caller. Runs go one by one, or in batches where it says that it takes them."""

    kind: Literal["process"] = "process"

    def __init__(self, label: str, caller: Caller, hider: Hider | None = None) -> None:
        """Nothing is asked yet; `hider` takes secrets out of whatever the target says."""
        self.label = label
        self._caller = caller
        self._hider = hider or Hider(())
        self._streak = Streak()
        self._calls = 0
        self._description: Description | None = None
        self._asked_description = False
        self._takes_batches = True

    def describe(self) -> Description:
        """Ask the target about itself, once; raises RequestFailure, and asks again the next time."""
        if self._description is None:
            self._asked_description = True
            answer = self._asked("describe", DESCRIBE_PARAMS, read_description)
            if isinstance(answer, RequestFailure):
                raise answer
            self._description = self._hider.description(answer)
        return self._description

    def index(self, requests: Sequence[Request]) -> list[Outcome]:
        """Determine every request, one entry each in their order; a misbehaving target gives a RequestFailure there and never raises.

        A target that nobody has asked to describe itself is asked first: it may price from the book.
        """
        if not self._asked_description:
            with contextlib.suppress(TargetFailure):  # whoever wants to know calls `describe`; the target may answer all the same
                self.describe()
        uses, provides = (PRICE, ()) if self._description is None else (self._description.uses, self._description.provides)
        pieces = Pieces()
        if BATCH in provides and self._takes_batches and len(requests) > 1:
            return [outcome for batch in batches(requests) for outcome in self._batch(batch, uses, pieces)]
        return [self._run(request, uses, pieces) for request in requests]

    def margin(self, cases: Sequence[MarginCase]) -> list[MarginAnswer | TargetFailure]:
        """Answer every margin case, one entry each in their order; a misbehaving target gives a RequestFailure there and never raises."""
        return [self._margin(case) for case in cases]

    def ask(self, method: str, params: bytes) -> object:
        """Ask anything, with params that are JSON, and return the result as it came; raises RequestFailure."""
        answer = self._asked(method, params, lambda result: result)
        if isinstance(answer, RequestFailure):
            raise answer
        return answer

    def close(self) -> None:
        """Leave nothing running; the next request starts anew, with its failures forgiven."""
        self._streak.ended()
        self._caller.close()

    def __enter__(self) -> Self:
        """Return the target itself; nothing is asked yet."""
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        """Close it."""
        self.close()

    def _margin(self, case: MarginCase) -> MarginAnswer | TargetFailure:
        return self._asked(MARGIN, margin_params(case), lambda result: read_margin(result, case))

    def _run(self, request: Request, uses: tuple[str, ...], pieces: Pieces) -> Outcome:
        return self._asked("index", params_of(request, uses, pieces), lambda result: read_determinations(result, shape_of(request)))

    def _batch(self, requests: Sequence[Request], uses: tuple[str, ...], pieces: Pieces) -> list[Outcome]:
        shapes = [shape_of(request) for request in requests]
        answer = self._asked(BATCH, batch_params(requests, uses, pieces), lambda result: read_batch(result, shapes), len(requests))
        if isinstance(answer, RequestFailure):
            if answer.kind == "not-started":
                return [answer] * len(requests)
            outcomes, self._takes_batches = one_by_one(answer, requests, lambda request: self._run(request, uses, pieces))
            return outcomes
        return [self._told(outcome) if isinstance(outcome, TargetFailure) else outcome for outcome in answer]

    def _asked(self, method: str, params: bytes, read: Callable[[object], T], runs: int = 1) -> T | RequestFailure:
        self._calls += 1
        try:
            self._streak.check()
        except TargetFailure as failure:
            return self._told(failure)
        try:
            answer = read(self._caller.call(method, params, runs))
        except TargetFailure as failure:
            told = self._told(failure)
            self._streak.failed(told)
            return told
        self._streak.ended()
        return answer

    def _told(self, failure: TargetFailure) -> RequestFailure:
        hidden = self._hider.failure(failure)
        return RequestFailure(hidden.kind, hidden.detail, log=hidden.log, request_id=self._calls)
