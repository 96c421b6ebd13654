"""`--indexlab-replay`: findings of an audit asked again, a test each: `indexlab-replay::single-source-0000-0000000`."""

from __future__ import annotations

import os
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Final

import pytest

from indexlab.audit.baseline import find_baseline, read_baseline
from indexlab.audit.effective import options_here
from indexlab.audit.replay import replay_finding
from indexlab.audit.runs import finding_files
from indexlab.audit.save import read_finding
from indexlab.contract.outcomes import OurTest, Outcome, end_as
from indexlab.contract.wanted import wanted
from indexlab.market.errors import InputError
from indexlab.report.known import known_text
from indexlab.report.plain import plain
from indexlab.report.replayed import replayed_text
from indexlab.targets.reaching import Reaching

if TYPE_CHECKING:
    from collections.abc import Iterator

    from indexlab.audit.events import Finding, Known
    from indexlab.audit.replay import Answer
    from indexlab.contract.outcomes import Ending

__all__ = ["NAME", "FindingTest", "Findings"]

NAME: Final = "indexlab-replay"
_ENDINGS: Final[dict[Answer, Ending]] = {"FIXED": "passed", "INCONCLUSIVE": "inconclusive"}
_NAMED: Final = "needs --indexlab-target beside it: what may be secret goes to no address that a file names"


class Findings(pytest.Collector):
    """Collects a test for each finding that was named, one by one or by a folder above them."""

    def collect(self) -> Iterator[pytest.Item]:
        """Give the tests; findings of one name are told apart by their folders."""
        here = self.config.invocation_params.dir
        try:
            found = {file.resolve(): file for given in self.config.getoption("--indexlab-replay") for file in findings_in(here / given)}
        except InputError as error:
            raise self.CollectError(str(error)) from None
        # as short as a person standing there would write it
        files = [file.relative_to(here) if file.is_relative_to(here) and here == Path.cwd() else file for file in found.values()]
        names = _names(list(found))
        targets = wanted(self.config).targets or (None,)
        for file, name in zip(files, names, strict=True):
            for target in targets:
                item: FindingTest = FindingTest.from_parent(self, name=name if len(targets) == 1 else f"{name}[{plain(target or '')}]")
                item.finding, item.target = file, target
                item.add_marker("indexlab")
                yield item


def _names(files: list[Path]) -> list[str]:
    """Return a name a file: its stem, with the folders that tell it from others where it is not the only one of that name."""
    stems = [file.stem for file in files]
    above = Path(os.path.commonpath([file.parent for file in files]))
    return [stem if stems.count(stem) == 1 else file.relative_to(above).with_suffix("").as_posix() for file, stem in zip(files, stems, strict=True)]


def findings_in(given: Path) -> list[Path]:
    """Return the files of findings that a path names, itself or all below it. Raises InputError for a folder without any."""
    found = finding_files(given) if given.is_dir() else [given]
    if not found:
        raise InputError("holds no findings", file=given, remedy="give a finding's file, or the folder of a report that has some")
    return found


class FindingTest(OurTest):
    """A finding as a test: passes where the scenario no longer breaks the property."""

    finding: Path
    target: str | None = None

    def runtest(self) -> None:
        """Ask the finding again."""
        wish, saved = wanted(self.config), read_finding(self.finding)
        if wish.headers and self.target is None:
            raise InputError(_NAMED, key="--indexlab-header")
        label = self.target or saved.target
        answer = replay_finding(self.finding, label, options_here(Reaching(headers=wish.headers), label, Path.cwd()))
        ending, text = _ENDINGS.get(answer.answer, "failed"), replayed_text(answer)
        known = _known(saved.finding)
        if ending == "failed" and known is not None and not known.expired:
            ending, text = "xfailed", known_text(known)
        told = [("target", plain(answer.target)), ("property", answer.finding.property), ("answer", answer.answer)]
        end_as(Outcome(ending, text, told), self, wish.inconclusive)

    def reportinfo(self) -> tuple[Path, int | None, str]:
        """Say where the test comes from."""
        return self.config.rootpath / NAME, None, f"indexlab replay {self.finding.name}"


def _known(finding: Finding) -> Known | None:
    """Return what the baseline that is found from here says of a finding."""
    path = find_baseline(Path.cwd())
    return None if path is None else read_baseline(path, datetime.now(UTC).date()).said_of(finding)
