"""`indexlab serve`."""

from __future__ import annotations

import signal
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from indexlab.commands.completing import complete_targets
from indexlab.commands.reaching import reaching_options

if TYPE_CHECKING:
    from indexlab.targets.reaching import Reaching
    from indexlab.targets.target import Target


__all__ = ["serve"]


@click.command(short_help="Serve a target by the target protocol, on standard input and output or over HTTP.")
@click.argument("target", metavar="TARGET", shell_complete=complete_targets)
@click.option("--stdio", is_flag=True, help="One JSON object a line on standard input and output (the default).")
@click.option("--http", "port", metavar="PORT", type=click.IntRange(0, 65535), help="Over HTTP on 127.0.0.1 instead; 0 takes any free port.")
@reaching_options
def serve(target: str, port: int | None, reaching: Reaching, *, stdio: bool) -> int:
    """Serve TARGET by the target protocol, until the input ends or Ctrl-C: a right index to compare with, from any language.

    \b
    TARGET  preset:NAME      a bundled methodology ("indexlab methods list")
            file:PATH.toml   a methodology of your own
            exec:COMMAND     a process that speaks the target protocol, in any language
            http://…         a service that speaks it over HTTP (https://… too)
            python:MODULE:ATTRIBUTE  a function or an object of yours
            ...@reference    after a preset or a file: the textbook, exact and slow

    \b
    indexlab serve preset:okx-2018
    indexlab serve file:rules.toml@reference
    indexlab serve exec:"./acme-index --stdio" --http 8080
    curl --data @request.json http://127.0.0.1:8080/index
    """  # noqa: D301 - click's mark for lines that stay as they are
    if stdio and port is not None:
        message = "--stdio and --http exclude each other"
        raise click.UsageError(message)
    from indexlab.audit.effective import options_here
    from indexlab.targets.resolve import open_target

    options = options_here(reaching, target, Path.cwd())
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that a target with a process of its own is closed
    try:
        with open_target(target, options) as opened:
            if port is None:
                _serve_lines(opened)
            else:
                _serve_http(opened, port)
    except KeyboardInterrupt:
        return 130
    return 0


def _serve_lines(target: Target) -> None:
    from indexlab.targets.serve import protocol_output, serve_lines, warm

    write = protocol_output()
    warm(target)
    serve_lines(target, sys.stdin.buffer, write)


def _serve_http(target: Target, port: int) -> None:
    from indexlab.targets.serve import warm
    from indexlab.targets.serve_http import HttpServer

    with HttpServer(target, port) as server:
        warm(target)
        click.echo(f"serving {target.label} on {server.address}", err=True)
        server.serve_forever()
