"""`indexlab baseline`: add, list, remove, prune."""

from __future__ import annotations

from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from indexlab.commands.parsing import table
from indexlab.commands.replay_folder import newest_reports

if TYPE_CHECKING:
    from collections.abc import Callable

    from indexlab.audit.baseline import Entry

__all__ = ["baseline"]

_SUMMARY = 400
_FILE = click.option(
    "--baseline", "file", type=click.Path(path_type=Path), help="The file of known findings (default: indexlab-baseline.toml, beside the plan)."
)
_REPORT = click.option("--report", type=click.Path(path_type=Path), help="The run that fingerprints are looked up in (default: the newest one).")


@click.group(short_help="Known findings: add, list, remove, prune.")
def baseline() -> None:
    """Findings that are known and do not fail an audit, each with a reason and a last day.

    They stand in indexlab-baseline.toml beside the plan, for people to read and to review. What is known is shown all the same; a finding whose day is over
    fails again, and an entry whose finding occurs no longer is named.
    """


@baseline.command("add", short_help="Add findings, with a reason and a last day.")
@click.argument("findings", metavar="FINDING...", nargs=-1, required=True)
@click.option("--reason", required=True, help="Why it is known and not mended.")
@click.option("--until", required=True, metavar="YYYY-MM-DD", help="The last day on which it does not fail an audit.")
@click.option("--owner", default="", help="Who answers for it.")
@_REPORT
@_FILE
def baseline_add(findings: tuple[str, ...], reason: str, until: str, owner: str, report: Path | None, file: Path | None) -> None:
    """Add findings; FINDING is a finding's file, the folder of a run (all of its findings), or how a fingerprint of the newest run begins.

    One that stands there already gets the new reason and day.
    """
    from indexlab.audit.baseline import Entry
    from indexlab.audit.baseline_file import with_entries
    from indexlab.audit.runs import findings_meant, newest_run
    from indexlab.audit.save import read_finding
    from indexlab.market.errors import InputError

    last = _day(until)
    entries: dict[str, Entry] = {}
    for path in dict.fromkeys(path for given in findings for path in findings_meant(given, lambda: newest_run(report or newest_reports(Path.cwd())[0]))):
        finding = read_finding(path).finding
        if not finding.fingerprint:
            problem = "has no fingerprint: an earlier version wrote it"
            raise InputError(problem, file=path, remedy="audit again")
        said = (reason.strip(), last, finding.what, owner.strip(), finding.sentence[:_SUMMARY])
        entries.setdefault(finding.fingerprint, Entry(finding.fingerprint, _named(finding.target), finding.property, *said))
    if not entries:
        problem = "has no findings"
        raise InputError(problem, file=findings[0])
    path = _changed(file, lambda text, path: with_entries(text, entries.values(), path))
    for entry in entries.values():
        click.echo(f"{path.name}: {entry.fingerprint} {entry.property} of {entry.target}, known until {entry.until.isoformat()}")


@baseline.command("list", short_help="List what is known, and until when.")
@_FILE
def baseline_list(file: Path | None) -> None:
    """List what is known: fingerprint, until when, property, target, owner, reason."""
    from indexlab.report.plain import plain

    today = datetime.now(UTC).date()
    _, entries = _read(file)
    rows = [
        (
            entry.fingerprint,
            entry.until.isoformat() + (" expired" if today > entry.until else ""),
            entry.property,
            plain(entry.target),
            plain(entry.owner) or "-",
            plain(entry.reason),
        )
        for entry in entries
    ]
    if rows:
        table(rows)
    else:
        click.echo("nothing is known")


@baseline.command("remove", short_help="Remove entries.")
@click.argument("fingerprints", metavar="FINGERPRINT...", nargs=-1, required=True)
@_FILE
def baseline_remove(fingerprints: tuple[str, ...], file: Path | None) -> None:
    """Remove entries; FINGERPRINT is how one begins, of at least four digits."""
    _, entries = _read(file)
    gone = [_entry(given, entries) for given in fingerprints]
    _removed(file, gone)


@baseline.command("prune", short_help="Remove what occurs no longer.")
@_REPORT
@_FILE
def baseline_prune(report: Path | None, file: Path | None) -> None:
    """Remove the entries of which the newest run's report says that they occur no longer."""
    from indexlab.audit.runs import baseline_use, newest_run

    said = baseline_use(newest_run(report or newest_reports(Path.cwd())[0]) / "report.json")
    named = {one.fingerprint for one in said.gone}
    _, entries = _read(file)
    gone = [entry for entry in entries if entry.fingerprint in named]
    if gone:
        _removed(file, gone)
    else:
        click.echo("nothing to remove")


def _removed(file: Path | None, gone: list[Entry]) -> None:
    from indexlab.audit.baseline_file import without_entries

    path = _changed(file, lambda text, path: without_entries(text, [entry.fingerprint for entry in gone], path))
    for entry in gone:
        click.echo(f"{path.name}: removed {entry.fingerprint} {entry.property} of {entry.target}")


def _place(file: Path | None) -> Path:
    """Return where the baseline lies: as named, as found upward from the plan or from here, else beside the plan."""
    from indexlab.audit.baseline import BASELINE_NAME, find_baseline
    from indexlab.audit.plan import find_plan

    plan = find_plan(Path.cwd())
    base = Path.cwd() if plan is None else plan.parent
    return file or find_baseline(base) or base / BASELINE_NAME


def _read(file: Path | None) -> tuple[Path, tuple[Entry, ...]]:
    from indexlab.audit.baseline import read_baseline

    path = _place(file)
    return path, read_baseline(path, datetime.now(UTC).date()).entries if file is not None or path.is_file() else ()


def _changed(file: Path | None, change: Callable[[str, Path], str]) -> Path:
    """Change the baseline's file while nobody else does."""
    from indexlab.audit.baseline_file import alone_in, text_of
    from indexlab.report.files import write_whole

    path = _place(file)
    with alone_in(path.parent):
        write_whole(path, change(text_of(path), path).encode(), "--baseline")
    return path


def _entry(given: str, entries: tuple[Entry, ...]) -> Entry:
    from indexlab.audit.fingerprint import check_beginning
    from indexlab.market.errors import InputError

    check_beginning(given, "FINGERPRINT")
    found = [entry for entry in entries if entry.fingerprint.startswith(given)]
    if len(found) != 1:
        problem = f'names {len(found) or "no"} entries, was "{given}"'
        raise InputError(problem, key="FINGERPRINT", remedy="`indexlab baseline list` shows them")
    return found[0]


def _named(target: str) -> str:
    """Return what the plan calls a target, where it does."""
    from indexlab.audit.plan import find_plan, read_plan

    plan = find_plan(Path.cwd())
    file = None if plan is None else read_plan(plan)
    return file.name if file is not None and file.name and file.use == target else target


def _day(text: str) -> date:
    from indexlab.market.errors import InputError

    try:
        day = date.fromisoformat(text)
    except ValueError:
        problem = f'must be a day, was "{text}"'
        raise InputError(problem, key="--until", remedy='write it as "2027-01-31"') from None
    if day < datetime.now(UTC).date():
        problem = f"must not be over already, was {day.isoformat()}"
        raise InputError(problem, key="--until")
    return day
