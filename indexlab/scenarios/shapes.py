"""How long scenarios are and where their faults lie, from the promise that they judge. Pure functions; times in microseconds."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from indexlab.market.seeds import derive, stream
from indexlab.market.synthetic import Market
from indexlab.market.times import parse_time
from indexlab.market.units import MILLISECOND, SECOND

if TYPE_CHECKING:
    from indexlab.market.synthetic import Regime
    from indexlab.scenarios.expect import Expect

__all__ = [
    "LEVELS",
    "STARTS",
    "Shape",
    "garbage_shape",
    "hour_shape",
    "later_shape",
    "limit_shape",
    "market_for",
    "message_shape",
    "quorum_shape",
    "restart_shape",
    "return_shape",
    "start_shape",
    "value_shape",
]

_WARM: Final = 20
_FEWEST_AFTER: Final = 20
_LATER: Final = 236
_MOST_PUBLICATIONS: Final = 50_000
_MESSAGES: Final = 67_000
_FASTEST: Final = 3 * MILLISECOND

STARTS: Final = (
    parse_time("2021-03-10T14:23:07Z"),
    parse_time("2021-06-30T23:58:30Z"),
    parse_time("2024-02-28T23:57:10Z"),
    parse_time("2024-02-29T23:58:45Z"),
    parse_time("2023-12-31T23:57:55Z"),
    parse_time("2022-09-14T10:58:40Z"),
    parse_time("2019-10-31T20:59:20Z"),
    parse_time("2025-12-31T23:59:40Z"),
    parse_time("2000-02-28T23:59:39Z"),
    parse_time("2001-09-09T01:46:00Z"),
    parse_time("2038-01-19T03:13:30Z"),
    parse_time("2023-03-26T00:59:30Z"),
    parse_time("2022-05-01T00:00:00Z"),
    parse_time("2020-07-04T17:31:29Z") + 500_000,
    parse_time("2018-11-11T11:10:59Z") + 999_999,
    parse_time("2021-09-30T23:59:35Z") + 1,
)
"""Where scenarios start: any day, and just before midnight, a month's and a year's end, a leap day, a full hour, the hour that a change of clocks skips,
where a count of seconds gets a tenth digit or a 32nd bit; at whole seconds and between them."""
LEVELS: Final = (
    *(50_000.0, 9_990.0, 100_300.0, 1.0004, 0.0997, 0.000123, 65_530.0, 3_200.0, 1_048_570.0),
    *(32_760.0, 0.9996, 16_777_100.0, 99_980.0, 2_147_400_000.0, 0.0000099985, 4_294_900_000.0, 131_070.0, 9_007_100_000_000_000.0, 0.01, 1_000.0),
    68_719_000_000.0,
)
"""Price levels, several of which a small move takes across a power of ten or of two: 2^15 to 2^53, what a 32-bit
number holds exactly, and of which 64 bits hold one with eight decimals and not the sum of two."""

_FEWEST_TICKS: Final = 2e5
"""A price has at least so many ticks: below, rounding alone moves an index by what is judged."""
_CRASH_A_SECOND: Final = 6e-4
"""30 % in ten minutes, in logarithm a second."""


@dataclass(frozen=True, slots=True)
class Shape:
    """Publications in all, and the fault's window as offsets from the market's start; `window_end` None: to the end."""

    publications: int
    window_start: int
    window_end: int | None


def _up(span: int, interval: int) -> int:
    return -(-span // interval)


def value_shape(expect: Expect) -> Shape:
    """A fault of 20 publications after a warm-up, with time enough to recover."""
    tail = _up(expect.max_recovery + expect.max_tracking_lag, expect.interval) + 10
    return Shape(_WARM + 20 + tail, _WARM * expect.interval, (_WARM + 20) * expect.interval)


def garbage_shape(expect: Expect) -> Shape:
    """A fault that lasts longer than a target may take to settle, and a recovery."""
    span = _up(expect.max_recovery + expect.max_tracking_lag, expect.interval) + 10
    return Shape(_WARM + 2 * span, _WARM * expect.interval, (_WARM + span) * expect.interval)


def limit_shape(expect: Expect) -> Shape:
    """A fault to the end of the run, which lasts 2 × («max_age» + «max_recovery») after it begins, and 20 publications at the least."""
    after = max(_up(2 * (expect.max_age + expect.max_recovery) + 2 * expect.age_margin, expect.interval), _FEWEST_AFTER)
    return Shape(_WARM + after, _WARM * expect.interval, None)


def later_shape(expect: Expect) -> Shape:
    """A fault of a minute's publications, long after the start: a filter must still be there."""
    tail = _up(expect.max_recovery + expect.max_tracking_lag, expect.interval) + 10
    return Shape(_LATER + 64 + tail, _LATER * expect.interval, (_LATER + 64) * expect.interval)


def start_shape(expect: Expect) -> Shape:
    """A fault from the first quote on, and a recovery."""
    tail = _up(expect.max_recovery + expect.max_tracking_lag, expect.interval) + 10
    return Shape(_WARM + tail, 0, _WARM * expect.interval)


def restart_shape(expect: Expect) -> tuple[Shape, int]:
    """Return a fault of 20 publications from the moment on at which all sources come back from a silence beyond «max_age», and the length of that silence."""
    away = _up(expect.max_age + 2 * expect.age_margin, expect.interval) + 2
    tail = _up(expect.max_recovery + expect.max_tracking_lag, expect.interval) + 10
    back = (_WARM + away) * expect.interval
    return Shape(_WARM + away + _WARM + tail, back, back + _WARM * expect.interval), away * expect.interval


def hour_shape(expect: Expect) -> Shape:
    """Return a fault to the end of the run, which lasts an hour and «max_recovery» after it begins, in at most 50 000 publications."""
    span = 3600 * SECOND + expect.max_recovery + expect.max_tracking_lag + 2 * expect.age_margin
    return Shape(min(_WARM + max(_up(span, expect.interval), _FEWEST_AFTER), _MOST_PUBLICATIONS), _WARM * expect.interval, None)


def message_shape(expect: Expect) -> tuple[Shape, int]:
    """Return a fault late in a run in which one source sends more messages than 16 bits count, and how often it sends one (microseconds)."""
    usual = value_shape(expect)
    least = _MESSAGES * _FASTEST
    before = min(max(_up(least, expect.interval), _WARM), _MOST_PUBLICATIONS)
    spacing = max(before * expect.interval // _MESSAGES, _FASTEST)
    return Shape(before + usual.publications - _WARM, before * expect.interval, (before + 20) * expect.interval), spacing


def return_shape(expect: Expect) -> tuple[int, tuple[tuple[int, int], tuple[int, int]]]:
    """A silence beyond «max_age», a return with 20 publications of something wrong, and time to recover: publications in all, and both windows."""
    away = _up(expect.max_age + 2 * expect.age_margin, expect.interval)
    tail = _up(expect.max_recovery + expect.max_tracking_lag, expect.interval) + 10
    begin, back = _WARM * expect.interval, (_WARM + away) * expect.interval
    return _WARM + away + 20 + tail, ((begin, back), (back, back + 20 * expect.interval))


def quorum_shape(expect: Expect) -> tuple[int, tuple[tuple[int, int], ...]]:
    """Three losses of the quorum, each longer than «max_age» and each with time to recover: publications in all, and the windows."""
    lost = expect.max_age + 2 * expect.age_margin + 6 * expect.interval
    back = expect.max_recovery + expect.age_margin + 12 * expect.interval
    windows = []
    begin = _WARM * expect.interval
    for _ in range(3):
        windows.append((begin, begin + lost))
        begin += lost + back
    judged = max(begin, windows[-1][0] + 2 * (expect.max_age + expect.max_recovery))
    return _up(judged, expect.interval) + 2, tuple(windows)


def market_for(  # noqa: PLR0913 - the few numbers that a market is
    expect: Expect,
    regime: Regime,
    publications: int,
    seed: int,
    *,
    start: int = STARTS[0],
    price: float = LEVELS[0],
    move: float = 1.0,
    move_at: int | None = None,
    leader: int | None = None,
    book: bool = False,
    flat: bool = False,
) -> Market:
    """Return a market that fits the promise: sources quote often enough to stay live, and follow a true move within «max_lead»."""
    span = publications * expect.interval
    spacing = max(min(5 * expect.interval, expect.max_age // 12), expect.interval // 4, 10_000)
    at = span // 3 if move_at is None else move_at
    over = 0
    if regime in ("crash", "rally"):
        over = min(span // 2, 600_000_000)
        size = _CRASH_A_SECOND * over / 1_000_000
        move = math.exp(-size if regime == "crash" else size) if move == 1.0 else move
    elif regime == "trending":
        over, at = span, 0
        move = float(stream("trend", seed).choice([0.985, 0.995, 1.004, 1.02])) if move == 1.0 else move
    # a market that opens far away was shut for a while; `restart_shape` is for one that was shut beyond «max_age»
    shut = expect.max_age // 2 if regime == "gap-open" else 0
    while price * min(move, 1.0) < _FEWEST_TICKS * expect.tick:
        price *= 10.0
    lead = min(expect.max_lead, max(expect.max_tracking_lag // 3, 1))
    return Market(
        regime=regime,
        seed=derive("market", seed),
        start=start,
        interval=expect.interval,
        publications=publications,
        price=price,
        spacing=spacing,
        lead=lead // 1000 * 1000,
        move=move,
        move_at=at // 1000 * 1000,
        move_over=over // 1000 * 1000,
        leader=leader,
        book=book,
        flat=flat,
        silence=min(shut, at // 2) // 1000 * 1000,
    )
