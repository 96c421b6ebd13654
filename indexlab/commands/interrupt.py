"""Ctrl-C: the first ends what runs in good order, the second at once."""

from __future__ import annotations

import signal
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from collections.abc import Callable


__all__ = ["stop_on_interrupt"]


def stop_on_interrupt() -> Callable[[], bool]:
    """Let the first Ctrl-C end the audit in good order, the second one at once."""
    asked: list[int] = []

    def ask(number: int, _: object) -> None:
        if asked:
            raise KeyboardInterrupt
        asked.append(number)
        click.echo("\ninterrupted: writing what was found (once more to stop at once)", err=True)

    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, ask)
    return lambda: bool(asked)
