"""`indexlab replay --all`: every finding of a folder asked again."""

from __future__ import annotations

import os
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from indexlab.targets.options import TargetOptions
    from indexlab.targets.reaching import Reaching

__all__ = ["newest_reports", "replay_folder"]


def replay_folder(what: str | None, targets: tuple[str, ...], against: str, reaching: Reaching, *, formats: tuple[str, ...], no_baseline: bool) -> int:
    """Ask all findings of a folder again, print a line each as it is done and a table at the end, and return the exit code."""
    from indexlab.audit.baseline import find_baseline, read_baseline
    from indexlab.audit.effective import options_here
    from indexlab.audit.replay_all import ask_again, exit_code_of
    from indexlab.audit.runs import finding_files, newest_run
    from indexlab.report.files import write_whole
    from indexlab.report.replayed_all import asked_junit, asked_line, asked_table

    if what is not None and ":" in what and not Path(what).exists():
        targets, what = (what, *targets), None
    if len(targets) > 1 or (reaching.headers and not targets):
        message = "--all takes one TARGET" if targets else "--header needs TARGET to be named: what may be secret goes to no address that a file names"
        raise click.UsageError(message)
    junit = _junit_file(formats)
    printed = click.echo if junit != Path("-") else lambda text: click.echo(text, err=True)
    here = Path.cwd()
    reports, base = newest_reports(here)
    folder = Path(what) if what is not None else newest_run(reports)
    files = finding_files(folder)
    if what is None and base != here:
        printed(f"in {base}, where the plan lies")
        os.chdir(base)
    place = None if no_baseline else find_baseline(base)
    known = None if place is None else read_baseline(place, datetime.now(UTC).date())

    def reached(label: str) -> TargetOptions:
        return options_here(reaching, label, Path.cwd())

    asked = []
    printed(f"{folder}: {len(files)} finding{'' if len(files) == 1 else 's'}")
    for one in ask_again(files, targets[0] if targets else "", reached, against=against, baseline=known):
        asked.append(one)
        printed(asked_line(one))
    if asked:
        printed("\n" + asked_table(asked))
    if junit == Path("-"):
        sys.stdout.buffer.write(asked_junit(asked))
    elif junit is not None:
        write_whole(here / junit, asked_junit(asked), "--format")
    return exit_code_of(asked)


def newest_reports(here: Path) -> tuple[Path, Path]:
    """Return the folder that runs are written to from here, and the folder in which the plan's target runs."""
    from indexlab.audit.plan import find_plan, read_plan

    plan = find_plan(here)
    base, out = (here, None) if plan is None else (plan.parent, read_plan(plan).out)
    return (base / "reports" if out is None else (base / out).parent), base


def _junit_file(formats: tuple[str, ...]) -> Path | None:
    """Return the file that junit goes to, "-" for standard output, None where it is not wanted."""
    from indexlab.market.errors import InputError, did_you_mean
    from indexlab.report.files import check_place

    wanted = None
    for given in formats:
        name, _, file = given.partition("=")
        if name not in {"junit", "text"}:
            problem = f'names no format of a replay, was "{name}"'
            raise InputError(problem, key="--format", remedy=did_you_mean(name, ("junit", "text")))
        wanted = Path(file or "-") if name == "junit" else wanted
    if wanted is not None and wanted != Path("-"):
        check_place(wanted, "--format")
    return wanted
