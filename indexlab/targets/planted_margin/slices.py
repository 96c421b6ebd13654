"""Pieces of margin cases and answers: one time of a case, rows of an answer. Pure, no numpy."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

if TYPE_CHECKING:
    from collections.abc import Sequence

    from indexlab.margin.case import MarginAnswer, MarginCase

__all__ = ["at_time", "rows_from"]


def at_time(case: MarginCase, k: int) -> MarginCase:
    """Return the case of one time, without funding and liquidation: a breach then counts at once."""
    cut = slice(k, k + 1)
    return msgspec.structs.replace(
        case,
        rules=msgspec.structs.replace(case.rules, states=msgspec.structs.replace(case.rules.states, persistence=1)),
        times=case.times[cut],
        index={name: series[cut] for name, series in case.index.items()},
        mark={name: series[cut] for name, series in case.mark.items()},
        status={name: series[cut] for name, series in case.status.items()},
        last={name: series[cut] for name, series in case.last.items()},
        short_mark={name: series[cut] for name, series in case.short_mark.items()},
        funding=None,
        liquidation=None,
    )


def rows_from(answer: MarginAnswer, other: MarginAnswer, chosen: Sequence[bool]) -> MarginAnswer:
    """Return the answer, with the states and ratios of another one at the times chosen."""
    return msgspec.structs.replace(
        answer,
        state=tuple(theirs if take else mine for mine, theirs, take in zip(answer.state, other.state, chosen, strict=True)),
        margin_ratio=tuple(theirs if take else mine for mine, theirs, take in zip(answer.margin_ratio, other.margin_ratio, chosen, strict=True)),
    )
