"""Runs that were asked at once and failed as one, asked again by themselves: so the culprit is found, and the others are judged."""

from __future__ import annotations

from typing import TYPE_CHECKING

from indexlab.market.errors import TargetFailure
from indexlab.targets.target import RequestFailure

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from indexlab.targets.target import Outcome, Request

__all__ = ["one_by_one"]


def one_by_one(failed: RequestFailure, requests: Sequence[Request], ask: Callable[[Request], Outcome]) -> tuple[list[Outcome], bool]:
    """Return the outcome of each, and whether one of them explains the failure; where none does, the first has it: nothing that was found is lost."""
    outcomes = [ask(request) for request in requests]
    if any(isinstance(outcome, TargetFailure) for outcome in outcomes):
        return outcomes, True
    detail = f"{failed.detail} (asked {len(requests)} runs at once; one by one each was answered)"
    outcomes[0] = RequestFailure(failed.kind, detail, log=failed.log, request_id=failed.request_id)
    return outcomes, False
