"""What `indexlab margin funding` is computed from: a premium in a straight line, or samples from a CSV file."""

from __future__ import annotations

import csv
from typing import TYPE_CHECKING, Final

from indexlab.margin.case import Sample
from indexlab.margin.funding import next_slot
from indexlab.margin.opening import checked_figure, size_of, usual_notional
from indexlab.market.errors import InputError
from indexlab.market.tables import read_bytes
from indexlab.market.times import LATEST_US, parse_time
from indexlab.market.units import ratio

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from indexlab.margin.contract import Contract
    from indexlab.margin.funding_rules import FundingRule

__all__ = ["position_size", "read_samples", "straight_samples"]

_LARGEST: Final = 1 << 27
"""The largest file of samples that is read, in bytes (128 MiB)."""
_AN_INTERVAL: Final = 96
_FARTHEST: Final = 1e100
_COLUMNS: Final = ("time", "index", "bid", "ask")
_USUAL: Final = ("0.01%",)
Told = tuple[tuple[Sample, ...], tuple[int, int]]


def straight_samples(rule: FundingRule, premium: Sequence[str], *, slots: int, start: str, price: float) -> Told:
    """Return 96 samples an interval whose premium is a straight line through the ratios given, over `slots` intervals, and (start, end). Raises InputError."""
    checked_figure("price", price)
    levels = [_level(text) for text in premium or _USUAL]
    begin = parse_time(start, key="start")
    end = begin + slots * rule.interval_us
    if not 0 <= begin < end <= LATEST_US:
        problem = f"must be from 1970 on, and {slots} intervals before 2255, was {start}"
        raise InputError(problem, key="start")
    count = slots * _AN_INTERVAL
    samples = []
    for number in range(1, count + 1):
        # the first ratio is that of the start, the last one that of the end
        place = number / count * (len(levels) - 1)
        below = min(int(place), len(levels) - 2) if len(levels) > 1 else 0
        above = min(below + 1, len(levels) - 1)
        middle = float(f"{price * (1.0 + levels[below] + (levels[above] - levels[below]) * (place - below)):.12g}")
        samples.append(Sample(begin + (end - begin) * number // count, price, middle, middle))
    return tuple(samples), (begin, end)


def _level(text: str) -> float:
    bare = text.lstrip("+-").replace(".", "", 1).isdigit()
    return ratio(float(text) if bare else text, key="premium", low=-1.0)


def read_samples(rule: FundingRule, file: Path) -> Told:
    """Return a file's samples, and (start, end): from the slot before the first one to the last one. Raises InputError with the row."""
    rows = csv.reader(read_bytes(file, _LARGEST).decode("utf-8", errors="replace").splitlines())
    head = tuple(name.strip() for name in next(rows, []))
    if head != _COLUMNS:
        problem = f"must begin with the line {','.join(_COLUMNS)}, was {','.join(head)[:80]!r}"
        raise InputError(problem, file=file)
    samples = tuple(_sample(row, number, file) for number, row in enumerate(rows, 2) if row)
    if not samples:
        problem = "must hold at least one sample"
        raise InputError(problem, file=file)
    first, last = min(one.time for one in samples), max(one.time for one in samples)
    return samples, (next_slot(rule, first - 1, rule.interval_us) - rule.interval_us, last)


def _sample(row: list[str], number: int, file: Path) -> Sample:
    if len(row) != len(_COLUMNS):
        problem = f"must have {len(_COLUMNS)} values, had {len(row)}"
        raise InputError(problem, file=file, key=f"line {number}")
    try:
        time = int(row[0]) if row[0].strip().isdigit() else parse_time(row[0].strip(), key="time")
        index, bid, ask = (float(text) for text in row[1:])
    except InputError as error:
        raise InputError(error.problem, file=file, key=f"line {number}.time", remedy=error.remedy) from None
    except ValueError:
        problem = f"must be numbers, were {', '.join(repr(text[:40]) for text in row[1:])}"
        raise InputError(problem, file=file, key=f"line {number}") from None
    if not 0 <= time <= LATEST_US or not 1 / _FARTHEST <= index <= _FARTHEST or not max(abs(bid), abs(ask)) <= _FARTHEST:
        problem = f"must have a time from 1970 on, an index above 0, and finite prices (up to {_FARTHEST:g})"
        raise InputError(problem, file=file, key=f"line {number}", remedy="leave the line out where there is no price")
    return Sample(time, index, bid, ask)


def position_size(contract: Contract, side: str, size: float | None, notional: float | None, sample: Sample) -> float:
    """Return the signed number of contracts of what was asked for. Raises InputError."""
    for key, value in (("size", size), ("notional", notional)):
        if value is not None:
            checked_figure(key, value)
    contracts = size_of(contract, usual_notional(contract) if notional is None else notional, sample.index) if size is None else size
    return contracts if side == "long" else -contracts
