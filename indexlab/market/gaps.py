"""Gaps: when a source of a recording said nothing for long. A hole in what was recorded looks just like a venue that fell silent."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from indexlab.market.quotes import Quotes

__all__ = ["Gap", "gaps"]


class Gap(NamedTuple):
    """One silence: the position of the source, its last quote before and its first after it (receive time, microseconds)."""

    source: int
    start: int
    end: int


def gaps(quotes: Quotes, n_sources: int, *, start: int, end: int, longer_than: int) -> list[Gap]:
    """Return every silence of a source longer than `longer_than`, by source and time; all times microseconds.

    A source that starts late or ends early has a gap from `start` or up to `end`; one that says nothing has one from `start` to `end`.
    """
    found: list[Gap] = []
    for source in range(n_sources):
        marks = np.concatenate(([start], quotes.receive_time[quotes.source == source], [end]))
        rows = np.flatnonzero(np.diff(marks) > longer_than)
        found += [Gap(source, int(marks[row]), int(marks[row + 1])) for row in rows]
    return found
