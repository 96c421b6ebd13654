"""A third party's target in this process, kept from breaking anything but its own answers: what it raises is a failure of the target, as of a process."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, Self

import numpy as np

from indexlab.index.determination import STATUSES, Determinations
from indexlab.margin.case import MarginAnswer
from indexlab.margin.states import STATES
from indexlab.market.errors import TargetFailure
from indexlab.targets.target import Description, Margining, RequestFailure, Streaming

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from types import TracebackType

    from numpy.typing import NDArray

    from indexlab.margin.case import MarginCase
    from indexlab.market.quotes import Quotes
    from indexlab.market.source import Basket
    from indexlab.targets.target import Outcome, Request, Target

__all__ = ["guarded"]


def guarded(target: Target) -> Target:
    """Return the target with its answers looked at; one that takes a run piece by piece still does."""
    return _GuardedStream(target) if isinstance(target, Streaming) else _Guarded(target)


class _Guarded:
    """Hands everything on. Where asking for several requests at once raises, each is asked by itself: the others' answers are not lost."""

    def __init__(self, target: Target) -> None:
        self._target = target

    @property
    def label(self) -> str:
        """What a person types to name it."""
        return self._target.label

    @property
    def kind(self) -> Literal["in-process", "process"]:
        """Where it runs."""
        return self._target.kind

    def describe(self) -> Description:
        """Ask the target about itself. Raises TargetFailure where it raises anything, or gives no Description."""
        try:
            said: object = self._target.describe()
        except TargetFailure:
            raise
        except Exception as error:
            raise TargetFailure("error", f"describe raised {type(error).__name__}: {error}") from error
        if not isinstance(said, Description):
            raise TargetFailure("misfit", f"describe must return a Description, was {type(said).__name__}")
        return said

    def index(self, requests: Sequence[Request]) -> list[Outcome]:
        """Determine every request; it never raises."""
        try:
            answers = list(self._target.index(requests))
        except Exception as error:  # noqa: BLE001 - a third party's code: it is the target that failed
            if len(requests) > 1:
                return [self.index([request])[0] for request in requests]
            return [RequestFailure("error", f"index raised {type(error).__name__}: {error}") for _ in requests]
        if len(answers) != len(requests):
            problem = f"index must return an answer for each of {len(requests)} requests, were {len(answers)}"
            return [RequestFailure("misfit", problem) for _ in requests]
        return [_checked(answer, len(request.times)) for answer, request in zip(answers, requests, strict=True)]

    def margin(self, cases: Sequence[MarginCase]) -> list[MarginAnswer | TargetFailure]:
        """Answer every margin case; it never raises, also where there is no margin engine."""
        return [self._margin(case) for case in cases]

    def _margin(self, case: MarginCase) -> MarginAnswer | TargetFailure:
        if not isinstance(self._target, Margining):
            return RequestFailure("error", "provides margin, and has no method margin")
        try:
            answers: list[object] = list(self._target.margin([case]))
        except Exception as error:  # noqa: BLE001 - as for index
            return RequestFailure("error", f"margin raised {type(error).__name__}: {error}")
        return _checked_margin(answers[0] if len(answers) == 1 else None, case)

    def close(self) -> None:
        """Close it."""
        self._target.close()

    def __enter__(self) -> Self:
        """Return the target itself."""
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        """Close it."""
        self.close()


class _GuardedStream(_Guarded):
    def index_pieces(self, basket: Basket, pieces: Iterable[Quotes], times: NDArray[np.int64]) -> Iterator[Determinations]:
        """Hand on the determinations of one run in pieces."""
        if not isinstance(self._target, Streaming):  # pragma: no cover - `guarded` has looked
            raise TypeError
        return self._target.index_pieces(basket, pieces, times)


def _checked(answer: object, count: int) -> Outcome:
    """Return an answer that the audit can look at, or the failure that it is. `count` is the number of publications."""
    if isinstance(answer, TargetFailure):
        return answer
    if not isinstance(answer, Determinations):
        return RequestFailure("misfit", f"index must return Determinations, was {type(answer).__name__}")
    value, status = np.asarray(answer.value), np.asarray(answer.status)
    if value.shape != (count,) or status.shape != (count,):
        return RequestFailure("misfit", f"value and status must have an entry for each of {count} publications, had {value.shape} and {status.shape}")
    if value.dtype != np.float64 or status.dtype != np.int8:
        return RequestFailure("misfit", f"value must be float64 and status int8, were {value.dtype} and {status.dtype}")
    if count and not (status.min() >= 0 and status.max() < len(STATUSES)):
        return RequestFailure("misfit", f"status must be a code from 0 to {len(STATUSES) - 1}, was {status.min()} to {status.max()}")
    return answer


def _checked_margin(answer: object, case: MarginCase) -> MarginAnswer | TargetFailure:
    """Return a margin answer that the audit can look at, or the failure that it is."""
    if isinstance(answer, TargetFailure):
        return answer
    if not isinstance(answer, MarginAnswer):
        return RequestFailure("misfit", f"margin must return a MarginAnswer for each case, was {type(answer).__name__}")
    accounts = len(case.accounts)
    rows = (answer.state, answer.margin_ratio)
    if any(len(each) != len(case.times) or any(len(row) != accounts for row in each) for each in rows):
        return RequestFailure("misfit", f"state and margin_ratio must have an entry for each of {len(case.times)} times and {accounts} accounts")
    if not {state for row in answer.state for state in row} <= set(STATES):
        return RequestFailure("misfit", f"state must be one of {', '.join(STATES)}")
    return answer
