"""Where a finding is shown in a repository: the line of a plan that names the target, or that of the rule in a methodology's file.

An index has no line of code that broke a promise, but what its owner will open is one of these two files. Paths are relative to the repository, so that
the same audit names the same place on every machine; a file outside it is named by its name alone.
"""

from __future__ import annotations

import re
import shlex
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Final
from urllib.parse import quote

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["Place", "Places", "repository"]

_USUAL: Final = "indexlab.toml"
_LARGEST: Final = 1 << 20
_WIDEST: Final = 1_000
_USE: Final = re.compile(r"[ \t]*(?:use[ \t]*=|(?:target\.)?use[ \t]*=)")
_SECTIONS: Final = {
    "outlier": ("single-source", "volume-capture", "small-bias", "margin-stability", "isolation", "no-flapping", "recovery", "margin-recovery"),
    "staleness": ("silent-source", "lagging-source", "late-data", "future-time", "no-silent-freeze"),
    "quorum": ("quorum", "availability", "start-up", "common-mode"),
    "validity": ("invalid-values",),
    "weights": ("minority-weight", "weight-zero"),
    "aggregation": ("hull", "unanimity", "responsiveness", "partial-move", "scale", "source-order", "duplicates"),
    "conversion": ("quote-depeg",),
}
"""Which rule of a methodology a property is most often broken by."""
_SECTION_OF: Final = {prop: section for section, props in _SECTIONS.items() for prop in props}


@dataclass(frozen=True)
class Place:
    """A line of a file of the repository; columns count from 1, `end` is the one behind the last letter."""

    path: str
    line: int = 1
    column: int = 1
    end: int = 2

    @property
    def uri(self) -> str:
        """The path as a relative address."""
        return quote(self.path)


@dataclass(frozen=True)
class Places:
    """Places of targets: `plan` is the plan's file with the target it names, `here` the folder in which the targets run, `root` the repository's."""

    here: Path = Path()
    root: Path = Path()
    plan: Path | None = None
    use: str | None = None
    _lines: dict[Path, list[str]] = field(default_factory=dict, compare=False, repr=False)

    def of(self, target: str, prop: str) -> Place:
        """Return where a finding of a property of a target is shown; there always is a place, though its file may not be there."""
        scheme, _, rest = target.partition(":")
        if scheme == "file":
            path = self.here / rest.removesuffix("@reference")
            return self._line(path, re.compile(rf"[ \t]*\[{_SECTION_OF.get(prop, 'methodology')}\]"))
        if self.plan is not None and (self.use == target or scheme != "exec"):
            return self._line(self.plan, _USE if self.use == target else None)
        started = self._started(rest) if scheme == "exec" else None
        if started is not None:
            return self._line(started, None)
        return Place(_USUAL) if self.plan is None else self._line(self.plan, None)

    def _started(self, command: str) -> Path | None:
        """Return the first word of a command that is a file of the repository."""
        try:
            words = shlex.split(command)
        except ValueError:
            return None
        return next((path for word in words if (path := self.here / word).is_file() and self._within(path)), None)

    def _within(self, path: Path) -> str:
        try:
            return path.resolve().relative_to(self.root.resolve()).as_posix()
        except (OSError, ValueError):
            return ""

    def _line(self, path: Path, wanted: re.Pattern[str] | None) -> Place:
        """Return the first line that begins as wanted, else the file's first."""
        lines = self._read(path)
        number, text = next(
            ((number, line) for number, line in enumerate(lines, 1) if wanted is not None and wanted.match(line)), (1, lines[0] if lines else "")
        )
        begin = len(text) - len(text.lstrip())
        return Place(self._within(path) or path.name, number, begin + 1, max(min(len(text.rstrip()), _WIDEST), begin + 1) + 1)

    def _read(self, path: Path) -> list[str]:
        if path not in self._lines:
            try:
                text = path.read_text(encoding="utf-8", errors="replace") if path.stat().st_size <= _LARGEST else ""
            except (OSError, ValueError):
                text = ""
            self._lines[path] = text.splitlines()
        return self._lines[path]


def repository(here: Path, environ: Mapping[str, str]) -> Path:
    """Return the root of the repository a folder lies in: the one that a CI system checked out, the nearest with a `.git`, else the folder itself."""
    here = here.resolve()
    for name in ("GITHUB_WORKSPACE", "CI_PROJECT_DIR"):
        if environ.get(name) and here.is_relative_to(Path(environ[name]).resolve()):
            return Path(environ[name]).resolve()
    return next((folder for folder in (here, *here.parents) if (folder / ".git").exists()), here)
