"""`indexlab audit`."""

from __future__ import annotations

import os
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from indexlab.commands.interrupt import stop_on_interrupt
from indexlab.commands.parsing import pairs, split

if TYPE_CHECKING:
    from collections.abc import Callable

    from indexlab.audit.events import AuditResult


__all__ = ["audit"]


@click.command(short_help="Audit indexes: what breaks their promise, and the smallest scenario that shows it.")
@click.argument("targets", metavar="[TARGET]...", nargs=-1)
@click.option("--plan", type=click.Path(path_type=Path), help="The plan file (default: indexlab.toml, found upward from here).")
@click.option("--profile", metavar="quick|ci|nightly", help="How much to search (default: quick).")
@click.option("--only", multiple=True, callback=split, metavar="ID,…", help="Judge these properties alone.")
@click.option("--skip", multiple=True, callback=split, metavar="ID,…", help="Leave these properties out.")
@click.option("--fixture", "fixtures", multiple=True, metavar="ID-OR-DIR", help="Inject faults into this market's quotes too; may be repeated.")
@click.option("--seed", type=click.IntRange(0), help="The same seed gives the same findings (default: 0).")
@click.option("--out", type=click.Path(path_type=Path), help="The folder for the report (default: reports/NAME-SEED).")
@click.option("--jobs", type=click.IntRange(1, 256), help="Worker processes (default: one a core); findings do not depend on it.")
@click.option(
    "--expect", multiple=True, callback=pairs, metavar="KEY=VALUE", help="A promise, stronger than the plan file's, e.g. max_age=3m; may be repeated."
)
@click.option("--estimate", type=click.IntRange(0, 10_000_000), metavar="N", help="Run N independent cases too, and bound how likely a breach is.")
@click.option("--require-coverage", is_flag=True, help="Exit 4 where a fault, a market regime and a property were not seen together.")
def audit(**given: Any) -> int:  # noqa: ANN401 - click hands over what it parsed
    """Audit each TARGET; without one, survey the bundled methodologies (a survey judges nobody, and exits 0).

    \b
    TARGET  preset:NAME      a bundled methodology ("indexlab methods list")
            file:PATH.toml   a methodology of your own
            exec:COMMAND     a process that speaks the target protocol, in any language
            planted:DEFECT@METHOD, right:NAME   our own wrong and right indexes ("indexlab power")
            @reference after a preset or a file: the textbook instead of the engine, exact and slow

    Exit codes: 0 nothing judged was violated, 1 violated, 2 bad usage or input, 3 a failure of indexlab itself, 4 an applicable property was inconclusive and
    nothing violated, 5 nothing selected, 130 interrupted (what was found is written).
    """  # noqa: D301 - click's mark for lines that stay as they are
    from indexlab.audit.effective import Flags, effective_plan, made_folder

    stop = stop_on_interrupt()
    plan, wanted, base = effective_plan(Flags(**given), Path.cwd(), os.cpu_count() or 1, time.monotonic, stop)
    if base != Path.cwd():
        click.echo(f"in {base}, where the plan lies", err=True)
        os.chdir(base)
    return _show(plan, wanted, made_folder)


def _show(plan: Any, wanted: Path, made_folder: Callable[..., tuple[Any, Path]]) -> int:  # noqa: ANN401 - types of floors that load late
    import msgspec

    from indexlab.audit.events import AuditFinished, FindingFound
    from indexlab.audit.results import exit_code
    from indexlab.audit.run import audit as run_audit
    from indexlab.audit.run import checked
    from indexlab.audit.save import Journal, save_finding
    from indexlab.report.files import ReportFiles
    from indexlab.report.terminal import Terminal

    checked(plan)
    plan, folder = made_folder(plan, wanted)
    started = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    terminal, journal, files = Terminal(), Journal(folder), ReportFiles(folder)
    result: AuditResult | None = None
    try:
        for event, saved in run_audit(plan):
            if isinstance(event, FindingFound) and saved is not None:
                save_finding(folder, event.finding, saved)
            if isinstance(event, AuditFinished):
                result = msgspec.structs.replace(event.result, started=started)
                event = AuditFinished(result)  # noqa: PLW2901 - only the door knows the time
            # the terminal comes first: what was found is said even where a full disk takes no more files
            terminal.handle(event)
            journal.handle(event)
            files.handle(event)
    finally:
        terminal.close()
    return 3 if result is None else exit_code(result)
