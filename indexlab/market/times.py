"""One unit for time: integer microseconds since the Unix epoch, UTC; and its texts."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import Final

from indexlab.market.errors import InputError

__all__ = ["EPOCH", "LATEST_US", "clock_text", "parse_time", "time_text"]

EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
LATEST_US: Final = 2**53 - 1
_WHOLE_SECONDS: Final = re.compile(r"\.?0+$")


def parse_time(text: str | datetime, *, key: str | None = None) -> int:
    """Read an RFC 3339 time ("2019-10-31T21:00:00Z") as microseconds; a time without an offset is refused."""
    moment = text
    if isinstance(moment, str):
        try:
            moment = datetime.fromisoformat(moment)
        except ValueError:
            problem = f'must be an RFC 3339 time, was "{text}"'
            raise InputError(problem, key=key, remedy='write "2019-10-31T21:00:00Z"') from None
    if moment.tzinfo is None:
        problem = f'must say its offset from UTC, was "{text}"'
        raise InputError(problem, key=key, remedy='write "2019-10-31T21:00:00Z"')
    return (moment - EPOCH) // timedelta(microseconds=1)


def time_text(moment_us: int) -> str:
    """Write microseconds as RFC 3339 with no more digits than needed: "2019-10-31T21:00:00Z"."""
    moment = EPOCH + timedelta(microseconds=int(moment_us))
    text = moment.strftime("%Y-%m-%dT%H:%M:%S.%f")
    return _WHOLE_SECONDS.sub("", text) + "Z" if moment.microsecond else moment.strftime("%Y-%m-%dT%H:%M:%SZ")


def clock_text(moment_us: int) -> str:
    """Write the time of day, "15:43:30" or "15:43:30.250"."""
    moment = EPOCH + timedelta(microseconds=int(moment_us))
    text = moment.strftime("%H:%M:%S.%f")
    return text.rstrip("0").rstrip(".") if moment.microsecond else text[:8]
