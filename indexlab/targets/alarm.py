"""A time limit for code in this process: an alarm of the operating system, which Python hears between two steps of the code. No clock is read.

It can be set in the main thread alone, and only where nobody else uses it (a test runner may); what is stuck outside of Python is heard when it comes back.
"""

from __future__ import annotations

import signal
import sys
import threading
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["TooLong", "within"]

T = TypeVar("T")
_AGAIN_S = 0.5
"""It rings again so much later: code that swallows every exception is not let off with one."""


class TooLong(BaseException):  # no Exception: the code may catch those
    """The time was up; the traceback says where the code was."""


def within(limit_s: float, call: Callable[[], T]) -> T:
    """Return what a call returns; raises TooLong where it takes longer than `limit_s` seconds (0: any time), as far as an alarm can be set."""
    if limit_s <= 0 or not _is_free():
        return call()
    listening, rang = [True], []

    def ring(*_: object) -> None:
        if listening:
            rang.append(True)
            raise TooLong

    signal.signal(signal.SIGALRM, ring)
    try:
        signal.setitimer(signal.ITIMER_REAL, limit_s, _AGAIN_S)
        try:
            answer = call()
        finally:
            listening.clear()
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, signal.SIG_DFL)
    if rang:  # the code has swallowed it
        raise TooLong
    return answer


def _is_free() -> bool:
    if not hasattr(signal, "SIGALRM") or threading.current_thread() is not threading.main_thread() or "pydevd" in sys.modules:  # who debugs takes their time
        return False
    return signal.getsignal(signal.SIGALRM) == signal.SIG_DFL and signal.getitimer(signal.ITIMER_REAL) == (0.0, 0.0)
