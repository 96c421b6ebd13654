"""Ctrl-C: the first ends what runs in good order, the second at once."""

from __future__ import annotations

import signal
import time
from typing import TYPE_CHECKING, Final

import click

if TYPE_CHECKING:
    from collections.abc import Callable


__all__ = ["stop_on_interrupt"]

_ONE_WISH_S: Final = 0.3
"""Two signals so close are one wish to end: `timeout` and process managers signal a process and then its group."""


def stop_on_interrupt() -> Callable[[], bool]:
    """Let the first Ctrl-C end the audit in good order, the second one at once."""
    asked: list[float] = []

    def ask(_: int, __: object) -> None:
        now = time.monotonic()
        if asked and now - asked[0] < _ONE_WISH_S:
            return
        asked.append(now)
        if len(asked) > 1:
            raise KeyboardInterrupt
        click.echo("\ninterrupted: writing what was found (once more to stop at once)", err=True)

    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, ask)
    return lambda: bool(asked)
