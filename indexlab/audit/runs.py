"""Runs that lie on disk: the findings of one, and which of several is the newest."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Final

import msgspec

from indexlab.audit.events import BaselineUse
from indexlab.audit.fingerprint import check_beginning
from indexlab.audit.save import read_finding
from indexlab.market.errors import InputError
from indexlab.market.tables import read_bytes

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["baseline_use", "finding_files", "findings_meant", "is_run", "newest_run"]

_MOST: Final = 10_000
_FINDINGS: Final = "findings"
_MOST_BYTES: Final = 256 << 20


def is_run(folder: Path) -> bool:
    """Say whether a folder is one that an audit wrote."""
    return (folder / "journal.ndjson").is_file() or (folder / "report.json").is_file() or (folder / _FINDINGS).is_dir()


def newest_run(reports: Path) -> Path:
    """Return the run in a folder of runs that was written last, or the folder itself where it is a run. Raises InputError where there is none."""
    if is_run(reports):
        return reports
    try:
        runs = [(_written(folder), folder.name, folder) for folder in reports.iterdir() if folder.is_dir() and is_run(folder)]
    except OSError as error:
        problem = f"holds no run of an audit: {(error.strerror or str(error)).lower()}"
        raise InputError(problem, file=reports, remedy="name a run's folder") from None
    if not runs:
        problem = "holds no run of an audit"
        raise InputError(problem, file=reports, remedy="name a run's folder, or run `indexlab audit` first")
    return max(runs)[2]


def _written(folder: Path) -> int:
    return max((path.stat().st_mtime_ns for name in ("journal.ndjson", "report.json", _FINDINGS) if (path := folder / name).exists()), default=0)


def finding_files(folder: Path) -> list[Path]:
    """Return the files of findings in a run's folder, in its findings, or in any folder below which they lie; in a fixed order. Raises InputError for none."""
    under = folder / _FINDINGS if (folder / _FINDINGS).is_dir() else folder
    files = sorted(path for path in under.rglob("*.json") if path.is_file() and path.name != "report.json")
    if not files and not is_run(folder):
        problem = "holds no findings"
        raise InputError(problem, file=folder, remedy="name a run's folder, or the folder of its findings")
    if len(files) > _MOST:
        problem = f"holds more than {_MOST} findings"
        raise InputError(problem, file=folder)
    return files


def findings_meant(given: str, newest: Callable[[], Path]) -> list[Path]:
    """Return the findings' files that a word means: a file, all of a folder, or the one of the newest run whose fingerprint begins so. Raises InputError."""
    path = Path(given)
    if path.is_dir():
        return finding_files(path)
    if path.is_file() or path.suffix or path.name != given:
        return [path]
    check_beginning(given, "FINDING", "a file, a folder, or ")
    run = newest()
    found = {saved: file for file in finding_files(run) if (saved := read_finding(file).finding.fingerprint).startswith(given)}
    if len(found) != 1:
        problem = f'is no file or folder, and begins the fingerprint of {len(found) or "no"} finding{"s" if found else ""} of {run}, was "{given[:40]}"'
        raise InputError(problem, key="FINDING", remedy="give more of it" if found else "name the finding's file, or its run with --report")
    return list(found.values())


class _Report(msgspec.Struct):
    baseline: BaselineUse | None = None


def baseline_use(report: Path) -> BaselineUse:
    """Return what a report.json says of its audit's baseline. Raises InputError where it says nothing."""
    try:
        said = msgspec.json.decode(read_bytes(report, _MOST_BYTES), type=_Report).baseline
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        problem = f"is no report: {error}"
        raise InputError(problem, file=report) from None
    if said is None:
        problem = "is of an audit that read no baseline"
        raise InputError(problem, file=report, remedy="audit again where the baseline is found, without --no-baseline")
    return said
