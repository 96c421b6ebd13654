"""The options of every command that reaches a target: headers, time limits, memory, a process of its own."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any, TypeVar

import click

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["reaching_options"]

Made = TypeVar("Made")

_OPTIONS = (
    click.option(
        "--header", "headers", multiple=True, metavar='"NAME: VALUE"', help="Send this with every HTTP request; env:VARIABLE in it is read, never shown."
    ),
    click.option("--isolate", is_flag=True, help="Run a python: target in a process of its own, with time limits and a limit on memory."),
    click.option("--start-timeout", metavar="DURATION", help="How long the target may take to its first answer (default: 10s)."),
    click.option("--answer-timeout", metavar="DURATION", help="How long it may take to any other answer (default: 5s)."),
    click.option("--memory", metavar="SIZE", help="How much memory its process may take (default: 4GiB; 0: no limit)."),
)


def reaching_options(command: Callable[..., Made]) -> Callable[..., Made]:
    """Give a command the options, and hand it what was typed as one argument, `reaching`."""

    @functools.wraps(command)
    def with_reaching(*, headers: tuple[str, ...], isolate: bool, **given: Any) -> Made:  # noqa: ANN401 - click hands over what it parsed
        from indexlab.targets.options import Secret
        from indexlab.targets.reaching import Reaching

        limits = {key: given.pop(key) for key in ("start_timeout", "answer_timeout", "memory")}
        reaching = Reaching(headers=tuple(Secret(header) for header in headers), isolate=isolate or None, **limits)
        return command(reaching=reaching, **given)

    for option in reversed(_OPTIONS):
        with_reaching = option(with_reaching)
    return with_reaching
