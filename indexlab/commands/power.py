"""`indexlab power`."""

from __future__ import annotations

import os
import time
from pathlib import Path

import click

from indexlab.commands.completing import complete_profiles
from indexlab.commands.interrupt import stop_on_interrupt
from indexlab.commands.parsing import split

__all__ = ["power"]


@click.command(short_help="Measure the harness: which planted defects it finds, and whether it is silent where nothing is wrong.")
@click.argument("kind", metavar="[in-process|process]", required=False)
@click.option("--profile", metavar="quick|ci|nightly", shell_complete=complete_profiles, help="How much to search for each defect (default: quick).")
@click.option("--only", multiple=True, callback=split, metavar="DEFECT,…", help="Look at these planted defects alone, and at no right target.")
@click.option("--seed", type=click.IntRange(0), help="The same seed gives the same kills (default: 0).")
@click.option("--out", type=click.Path(path_type=Path), help="The folder for power.json and power.html (default: reports/power-SEED).")
@click.option("--jobs", type=click.IntRange(1, 256), help="Worker processes (default: one a core).")
def power(kind: str | None, profile: str | None, only: tuple[str, ...], seed: int | None, out: Path | None, jobs: int | None) -> int:
    """Run the audit against every planted defect, and at quick with one seed against targets that are right.

    Through processes (`process`) a few defects are looked at: each costs seconds there.

    Exit codes: 0 every defect killed and no false alarm, 1 not so, 2 bad usage, 130 interrupted (what was measured is written).
    """
    from indexlab.report.power_run import measure_power

    jobs = jobs or max(min(os.cpu_count() or 1, 8), 1)
    return measure_power(kind, profile, seed, jobs, only, out, time.monotonic, stop_on_interrupt())
