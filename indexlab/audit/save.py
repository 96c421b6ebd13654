"""What an audit leaves behind as it goes: the run's folder, and a file a finding."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import msgspec

from indexlab.audit.events import Finding
from indexlab.audit.venues import MarkFrom
from indexlab.market.errors import InputError
from indexlab.scenarios.scenario import Scenario

if TYPE_CHECKING:
    from pathlib import Path

    from indexlab.scenarios.expect import Expect

__all__ = ["FindingFile", "Saved", "new_folder", "read_finding", "save_finding"]

_MOST_BYTES = 256 * 1024 * 1024
_MOST_FOLDERS = 10_000


@dataclass(frozen=True, slots=True)
class Saved:
    """What the file of a finding holds beside it: handed to the consumer with each FindingFound, since events themselves stay small."""

    scenario: Scenario
    expect: Expect
    target: str
    against: str = ""
    venue: str = ""
    mark: MarkFrom = "index"


class FindingFile(msgspec.Struct, frozen=True, omit_defaults=True):
    """A finding's file: enough to replay it and to judge it again.

    `against` is the target that it was held against, where two were; `venue` whose margin rules held, where the plan or the target named one;
    `mark` what the accounts were marked at, the index or what the venue's rule makes of it.
    """

    finding: Finding
    scenario: Scenario
    target: str
    expect: dict[str, object]
    against: str = ""
    venue: str = ""
    mark: MarkFrom = "index"


def new_folder(wanted: Path) -> Path:
    """Make a folder that nobody else writes: `wanted`, or with -2, -3 behind it. Raises InputError where it cannot be made."""
    wanted = wanted.resolve() if wanted.name in ("", "..") else wanted
    if not wanted.name:
        problem = "is no folder for a report"
        raise InputError(problem, file=wanted, remedy="name a folder that is not there yet")
    for number in range(1, _MOST_FOLDERS):
        folder = wanted if number == 1 else wanted.with_name(f"{wanted.name}-{number}")
        try:
            folder.mkdir(parents=True)
        except FileExistsError:
            continue
        except OSError as error:
            problem = f"cannot be made: {error.strerror}"
            raise InputError(problem, file=folder, remedy="choose another place with --out") from None
        return folder
    problem = f"exists, and so do {_MOST_FOLDERS} others like it"
    raise InputError(problem, file=wanted, remedy="choose another place with --out")


def save_finding(folder: Path, finding: Finding, saved: Saved) -> Path:
    """Write a finding's file at once and whole. Raises InputError where that fails (a full disk)."""
    path = folder / finding.file
    whole = FindingFile(finding, saved.scenario, saved.target, saved.expect.as_table(), saved.against, saved.venue, saved.mark)
    content = msgspec.json.format(msgspec.json.encode(_written(whole)), indent=2)
    half = path.with_name(path.name + ".part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        half.write_bytes(content)
        half.replace(path)
    except OSError as error:
        half.unlink(missing_ok=True)
        problem = f"cannot be written: {error.strerror}"
        raise InputError(problem, file=path, remedy="make room, or choose another place with --out") from None
    return path


def _written(value: object) -> object:
    # the library leaves a default out only where it is the very same object, which it no longer is when it comes from a worker
    if isinstance(value, msgspec.Struct):
        told = {field.encode_name: (getattr(value, field.name), field.default) for field in msgspec.structs.fields(value)}
        brief = value.__struct_config__.omit_defaults
        return {name: _written(given) for name, (given, default) in told.items() if not (brief and given == default)}
    if isinstance(value, list | tuple):
        return [_written(entry) for entry in value]
    return value


def read_finding(path: Path) -> FindingFile:
    """Read a finding's file strictly. Raises InputError."""
    try:
        if path.stat().st_size > _MOST_BYTES:
            problem = f"is larger than {_MOST_BYTES} bytes"
            raise InputError(problem, file=path)
        return msgspec.json.decode(path.read_bytes(), type=FindingFile)
    except OSError as error:
        problem = f"cannot be read: {error.strerror}"
        raise InputError(problem, file=path) from None
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        problem = f"is no finding: {error}"
        raise InputError(problem, file=path, remedy="a finding is a file that an audit wrote under findings/") from None
