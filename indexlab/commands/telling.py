"""The options by which a command is told how to speak: formats, quiet or verbose; and the handlers that an audit's events go to."""

from __future__ import annotations

import functools
import os
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

if TYPE_CHECKING:
    from collections.abc import Callable

    from indexlab.audit.plan import AuditPlan
    from indexlab.report.formats import Wanted
    from indexlab.report.handler import Handler
    from indexlab.report.terminal import Terminal

__all__ = ["Telling", "handlers_of", "telling_options"]

Made = TypeVar("Made")

_OPTIONS = (
    click.option(
        "--format",
        "formats",
        multiple=True,
        metavar="NAME[=FILE]",
        help="Tell it as text, junit, json, html, sarif, markdown, github or ndjson too: into FILE, else in place of the text. May be repeated.",
    ),
    click.option("--quiet", "-q", is_flag=True, help="Print what was found and the verdict, and nothing else."),
    click.option(
        "--verbose", "-v", is_flag=True, help="Print each unit, what each phase took, targets' own logs in full, the settings and where they come from."
    ),
)


@dataclass(frozen=True)
class Telling:
    """How an audit speaks: its formats, the files named from where the user stands."""

    formats: tuple[Wanted, ...] = ()
    quiet: bool = False
    verbose: bool = False


def telling_options(command: Callable[..., Made]) -> Callable[..., Made]:
    """Give a command the options, and hand it what was typed as one argument, `telling`."""

    @functools.wraps(command)
    def with_telling(*, formats: tuple[str, ...], quiet: bool, verbose: bool, **given: Any) -> Made:  # noqa: ANN401 - click hands over what it parsed
        from indexlab.report.formats import wanted_formats

        if quiet and verbose:
            message = "--quiet and --verbose exclude one another"
            raise click.UsageError(message)
        return command(telling=Telling(wanted_formats(formats, Path.cwd()), quiet, verbose), **given)

    for option in reversed(_OPTIONS):
        with_telling = option(with_telling)
    return with_telling


def handlers_of(plan: AuditPlan, folder: Path, telling: Telling) -> tuple[Terminal, list[Handler]]:
    """Return the terminal, and what hears the events after it: the report's files, the formats, GitHub's runner; the targets run in the current folder."""
    from indexlab.audit.plan import read_plan
    from indexlab.report.files import ReportFiles
    from indexlab.report.formats import Formats
    from indexlab.report.github import OnGitHub
    from indexlab.report.places import Places, repository
    from indexlab.report.terminal import Terminal
    from indexlab.report.tone import Tone

    here = Path.cwd()
    use = None if plan.file is None else read_plan(plan.file).use
    places = Places(here, repository(here, os.environ), plan.file, use)
    formats = Formats(telling.formats, plan.folder, places, sys.stdout.buffer)
    tone = Tone(telling.quiet, telling.verbose, time.monotonic, _settings(plan) if telling.verbose else ())
    terminal = Terminal(out=sys.stderr if formats.takes_standard_output else None, tone=tone)
    return terminal, [ReportFiles(folder, places, plan.folder, terminal.written), formats, OnGitHub(os.environ, places, plan.folder, terminal.command)]


def _settings(plan: AuditPlan) -> tuple[str, ...]:
    """Return the effective plan a line a setting, and the files that it comes from; what is secret is not in it."""
    known = "none" if plan.baseline is None else f"{plan.baseline.path} ({len(plan.baseline.entries)} known, looked at on {plan.baseline.today.isoformat()})"
    lines = [f"plan file: {plan.file or 'none: flags and defaults'}", f"baseline: {known}", f"report: {plan.folder}", f"jobs: {plan.jobs}"]
    table = plan.as_table()
    for layer in plan.layers:
        lines += [f"promised by {layer.origin}: {key} = {value}" for key, value in layer.table.items()]
    return (*lines, *(f"{key}: {value}" for key, value in table.items() if key != "expect" and value not in ([], None)))
