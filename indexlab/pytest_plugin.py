"""The pytest plugin: `pytest --indexlab-replay FINDING.json` asks a finding again as a test. Nothing is loaded unless it is used."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["pytest_addoption", "pytest_collection_modifyitems"]


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the options."""
    group = parser.getgroup("indexlab", "indexlab: robustness of index prices")
    group.addoption("--indexlab-replay", action="append", default=[], metavar="FILE", help="ask a finding of an audit again, as a test; may be repeated")
    group.addoption("--indexlab-target", default=None, metavar="TARGET", help="ask this target instead of the finding's own")


class BrokenPromiseError(AssertionError):
    """A finding is still there."""


class FindingItem(pytest.Item):
    """A finding as a test: passes where the scenario no longer breaks the property."""

    finding: Path
    target: str | None = None

    def runtest(self) -> None:
        """Ask the finding again."""
        from indexlab.audit.replay import replay_finding
        from indexlab.report.replayed import replayed_text

        answer = replay_finding(self.finding, self.target)
        if answer.answer == "BROKEN":
            raise BrokenPromiseError(replayed_text(answer))

    def repr_failure(self, excinfo: pytest.ExceptionInfo[BaseException], style: object = None) -> str:
        """Show the finding as a person reads it, without a traceback of ours."""
        del style
        return str(excinfo.value) if isinstance(excinfo.value, BrokenPromiseError) else f"{type(excinfo.value).__name__}: {excinfo.value}"

    def reportinfo(self) -> tuple[Path, int | None, str]:
        """Say where the test comes from."""
        return self.finding, None, f"indexlab replay {self.finding.name}"


def pytest_collection_modifyitems(session: pytest.Session, config: pytest.Config, items: list[pytest.Item]) -> None:
    """Add an item for each finding that is to be asked again; with only findings given, nothing else is run."""
    findings = [Path(given) for given in config.getoption("--indexlab-replay")]
    if not findings:
        return
    if not config.args or config.args_source is not pytest.Config.ArgsSource.ARGS:
        items.clear()
    items.extend(_items(session, findings, config.getoption("--indexlab-target")))


def _items(session: pytest.Session, findings: list[Path], target: str | None) -> Iterator[pytest.Item]:
    for path in findings:
        item: FindingItem = FindingItem.from_parent(session, name=f"indexlab-replay[{path.stem}]")
        item.finding, item.target = path, target
        yield item
