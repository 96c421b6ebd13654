"""Loading what takes seconds (numba and the compiled kernels of runs and margin) at a moment of our choice, so that no example is charged with it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, Self

import numpy as np

from indexlab.audit.judge import Judge, run_of_one
from indexlab.audit.tally import Candidate
from indexlab.index.determination import Determinations
from indexlab.properties.registry import find_property
from indexlab.scenarios.brief import fault, market
from indexlab.scenarios.expect import Expect
from indexlab.scenarios.scenario import Scenario
from indexlab.targets.target import Description

if TYPE_CHECKING:
    from collections.abc import Sequence
    from types import TracebackType

    from indexlab.targets.target import Outcome, Request

__all__ = ["load"]

_SMALL = Scenario.of(3, market("calm", publications=24), [fault("null", "kraken", at="20s")])


class _Constant:
    """An index that always says 50 000."""

    label = "constant"
    kind: Literal["in-process"] = "in-process"

    def describe(self) -> Description:
        return Description("constant")

    def index(self, requests: Sequence[Request]) -> list[Outcome]:
        return [Determinations(np.full(len(each.times), 50_000.0), np.zeros(len(each.times), dtype=np.int8)) for each in requests]

    def close(self) -> None:
        pass

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        pass


def load() -> None:
    """Judge a run of a constant once, by what uses the most."""
    chosen = tuple(find_property(name) for name in ("margin-stability", "invalid-values", "responsiveness", "late-data"))
    judge = Judge(_Constant(), Description("constant"), Expect(), chosen)
    run, _ = run_of_one(judge, Candidate("margin-stability", "load", _SMALL, 0, retold=False))
    for prop in chosen:
        prop.check(run)
