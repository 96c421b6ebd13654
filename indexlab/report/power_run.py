"""Measure power and show it: the terminal, power.json and power.html in a folder of its own. The door hands in the clock and the ear for Ctrl-C."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from indexlab.audit.plan import checked_profile
from indexlab.audit.power import KINDS, PowerFinished, power, power_exit_code, power_plan
from indexlab.audit.power_record import power_bytes
from indexlab.audit.save import new_folder
from indexlab.market.errors import InputError, did_you_mean
from indexlab.report.files import write_whole
from indexlab.report.power_terminal import PowerTerminal

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from indexlab.audit.power import Kind, PowerPlan

__all__ = ["measure_power", "show_power"]


def measure_power(
    kind: str | None,
    profile: str | None,
    seed: int | None,
    jobs: int,
    only: Sequence[str],
    out: Path | None,
    clock: Callable[[], float],
    stop: Callable[[], bool],
) -> int:
    """Measure what a person asked for and return the exit code. Raises InputError where they asked for what there is not."""
    seed = seed or 0
    plan = power_plan(_kind(kind), checked_profile(profile) or "quick", seed, jobs, only, clock, stop)
    return show_power(plan, out or Path("reports") / f"power-{seed}")


def _kind(given: str | None) -> Kind:
    for kind in KINDS:
        if given in (None, kind):
            return kind
    problem = f'must be one of {", ".join(KINDS)}, was "{given}"'
    raise InputError(problem, key="TARGET-KIND", remedy=did_you_mean(str(given), KINDS))


def show_power(plan: PowerPlan, wanted: Path) -> int:
    """Measure, show and write; return the exit code."""
    folder = new_folder(wanted)
    terminal, code = PowerTerminal(str(folder)), 3
    try:
        for event in power(plan):
            if isinstance(event, PowerFinished):
                from indexlab.report.power_page import power_page

                code = power_exit_code(event.power)
                write_whole(folder / "power.json", power_bytes(event.power))
                write_whole(folder / "power.html", power_page(event.power))
            terminal.handle(event)
    finally:
        terminal.close()
    return code
