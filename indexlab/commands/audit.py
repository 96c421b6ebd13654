"""`indexlab audit`."""

from __future__ import annotations

import os
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click
from click.core import ParameterSource

from indexlab.commands.completing import complete_fixtures, complete_profiles, complete_properties, complete_targets
from indexlab.commands.going_on import begun, gone_on
from indexlab.commands.interrupt import stop_on_interrupt
from indexlab.commands.parsing import pairs, split
from indexlab.commands.reaching import reaching_options
from indexlab.commands.telling import Telling, telling_options

__all__ = ["audit"]


@click.command(short_help="Audit indexes: what breaks their promise, and the smallest scenario that shows it.")
@click.argument("targets", metavar="[TARGET]...", nargs=-1, shell_complete=complete_targets)
@click.option("--plan", type=click.Path(path_type=Path), help="The plan file (default: indexlab.toml, found upward from here).")
@click.option("--profile", metavar="quick|ci|nightly", shell_complete=complete_profiles, help="How much to search (default: quick).")
@click.option("--only", multiple=True, callback=split, metavar="ID,…", shell_complete=complete_properties, help="Judge these properties alone.")
@click.option("--skip", multiple=True, callback=split, metavar="ID,…", shell_complete=complete_properties, help="Leave these properties out.")
@click.option(
    "--fixture",
    "fixtures",
    multiple=True,
    metavar="ID-OR-DIR",
    shell_complete=complete_fixtures,
    help="Inject faults into this market's quotes too; may be repeated.",
)
@click.option("--seed", type=click.IntRange(0), help="The same seed gives the same findings (default: 0).")
@click.option("--out", type=click.Path(path_type=Path), help="The folder for the report (default: reports/NAME-SEED).")
@click.option("--jobs", type=click.IntRange(1, 256), help="Worker processes (default: one a core); findings do not depend on it.")
@click.option(
    "--expect", multiple=True, callback=pairs, metavar="KEY=VALUE", help="A promise, stronger than the plan file's, e.g. max_age=3m; may be repeated."
)
@click.option("--estimate", type=click.IntRange(0, 10_000_000), metavar="N", help="Run N independent cases too, and bound how likely a breach is.")
@click.option("--require-coverage", is_flag=True, help="Exit 4 where a fault, a market regime and a property were not seen together.")
@click.option(
    "--against",
    metavar="TARGET",
    shell_complete=complete_targets,
    help="Ask this target the same, and hold every answer against its: the property agreement.",
)
@click.option("--tolerance", metavar="RATIO", help='How far the two indexes may be apart, e.g. 1bp (default: 0.1bp); short for "--expect max_disagreement=".')
@click.option("--baseline", type=click.Path(path_type=Path), help="The file of known findings (default: indexlab-baseline.toml, found upward from the plan).")
@click.option("--no-baseline", is_flag=True, help="Take every finding for a new one.")
@click.option("--resume", type=click.Path(path_type=Path), metavar="DIR", help="Go on with the run that was to report into DIR, wherever it was ended.")
@reaching_options
@telling_options
def audit(*, telling: Telling, resume: Path | None, **given: Any) -> int:  # noqa: ANN401 - click hands over what it parsed
    """Audit each TARGET; without one, survey the bundled methodologies (a survey judges nobody, and exits 0).

    \b
    TARGET  preset:NAME      a bundled methodology ("indexlab methods list")
            file:PATH.toml   a methodology of your own
            exec:COMMAND     a process that speaks the target protocol, in any language
            http://…         a service that speaks it over HTTP (https://… too)
            python:MODULE:ATTRIBUTE  a function or an object of yours
            planted:DEFECT@METHOD, right:NAME   our own wrong and right indexes ("indexlab power")
            @reference after a preset or a file: the textbook instead of the engine, exact and slow

    Exit codes: 0 nothing judged was violated, 1 violated, 2 bad usage or input, 3 a failure of indexlab itself, 4 an applicable property was inconclusive and
    nothing violated, 5 nothing selected, 130 interrupted (what was found is written).
    """  # noqa: D301 - click's mark for lines that stay as they are
    if resume is not None:
        return gone_on(resume, _typed(), given, telling)
    from indexlab.audit.effective import Flags, effective_plan, made_folder
    from indexlab.audit.prepare import checked

    stop = stop_on_interrupt()
    plan, wanted, base = effective_plan(Flags(**given), Path.cwd(), os.cpu_count() or 1, time.monotonic, stop, datetime.now(UTC).date())
    if base != Path.cwd():
        if not telling.quiet:
            click.echo(f"in {base}, where the plan lies", err=True)
        os.chdir(base)
    checked(plan)
    plan, folder = made_folder(plan, wanted)
    return begun(plan, folder, telling)


def _typed() -> set[str]:
    """Return the names of the options that were typed."""
    context = click.get_current_context()
    return {name for name in context.params if context.get_parameter_source(name) is ParameterSource.COMMANDLINE}
