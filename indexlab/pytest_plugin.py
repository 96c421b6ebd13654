"""The pytest plugin: promises about an index as tests. Nothing is loaded unless it is used.

`pytest --pyargs indexlab.contract` holds a target to every property, a test each; the mark `indexlab_contract` does the same from a function of one's own.
`--indexlab-replay` asks findings again, and the mark `indexlab_fixture` hands a test a market.
"""

from __future__ import annotations

import argparse
import shutil
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Generator

    from indexlab.contract.market import FixtureMarket

__all__ = ["indexlab_market"]

_SUITE = "indexlab.contract"
_SUITE_FILE = Path(__file__).parent / "contract" / "suite.py"
_MARKS = (
    "indexlab: a property of the contract suite, or a finding that is asked again",
    "indexlab_contract(plan, profile, seed, only, skip, fixtures, expect, estimate): a test for each property of the target that the function returns",
    "indexlab_fixture(id, ...): run with `indexlab_market`, the market of each of these fixtures",
)
_SHARED = pytest.StashKey[Path]()


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the options."""
    add = parser.getgroup("indexlab", "indexlab: robustness of index prices").addoption
    add("--indexlab-target", action="append", default=[], metavar="TARGET", help="ask this target (default: that of the plan file); may be repeated")
    add("--indexlab-plan", metavar="FILE", help="the plan file (default: indexlab.toml, found upward from here)")
    add("--indexlab-profile", choices=("quick", "ci", "nightly"), help="how much to search (default: quick)")
    add("--indexlab-seed", type=_whole(0, 2**63 - 1), metavar="N", help="the same seed gives the same findings (default: --hypothesis-seed, or 0)")
    add("--indexlab-jobs", type=_whole(1, 256), metavar="N", help="worker processes of an audit (default: one a core); findings do not depend on it")
    add("--indexlab-fixture", action="append", default=[], metavar="ID-OR-DIR", help="inject faults into this market's quotes too; may be repeated")
    add("--indexlab-only", action="append", default=[], metavar="ID,…", help="search for breaches of these properties alone (-k: search for all, show some)")
    add("--indexlab-header", action="append", default=[], metavar='"NAME: VALUE"', help="send this with every HTTP request; env:VARIABLE in it is read")
    add(
        "--indexlab-inconclusive",
        choices=("fail", "skip", "xfail"),
        default="fail",
        help="what a test does whose property could not be judged (default: fail)",
    )
    add(
        "--indexlab-replay",
        action="append",
        default=[],
        metavar="FILE-OR-DIR",
        help="ask a finding of an audit again, or all in a folder, a test each; may be repeated",
    )


def _whole(least: int, most: int) -> Any:  # noqa: ANN401 - what argparse takes as a type
    def number(text: str) -> int:
        if not (text.isascii() and text.isdigit() and least <= int(text) <= most):
            message = f"must be a whole number from {least} to {most}, was {text!r}"
            raise argparse.ArgumentTypeError(message)
        return int(text)

    return number


def pytest_configure(config: pytest.Config) -> None:
    """Say what the marks are, let the suite be named on the command line, and collect findings where some are given."""
    for mark in _MARKS:
        config.addinivalue_line("markers", mark)
    for place, word in enumerate(config.args):
        if word.partition("::")[0] == _SUITE:
            # a package's folder cannot be asked for one test; the file of the suite can, and its tests are named after the package all the same
            config.args[place] = f"{_SUITE_FILE}{word.removeprefix(_SUITE)}"
    if config.getoption("--indexlab-replay"):
        given = bool(config.args) and config.args_source is pytest.Config.ArgsSource.ARGS
        config.pluginmanager.register(_Replaying(alone=getattr(config, "workerinput", {}).get("indexlab_alone", not given)), "indexlab-replaying")


class _Replaying:
    """Registered where findings are to be asked again: `alone`, or beside tests that were named too."""

    def __init__(self, *, alone: bool) -> None:
        self.alone = alone

    @pytest.hookimpl(wrapper=True)
    def pytest_make_collect_report(self, collector: pytest.Collector) -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
        """Add the findings to what the session collects; with findings alone, nothing else is run."""
        report = yield
        if isinstance(collector, pytest.Session):
            from indexlab.contract.replays import NAME, Findings

            others = [] if self.alone else report.result
            report.result = [*others, Findings.from_parent(collector, name=NAME, nodeid=NAME)]
        return report


def pytest_collect_file(file_path: Path, parent: pytest.Collector) -> pytest.Collector | None:
    """Collect the ready-made suite."""
    if file_path.name != _SUITE_FILE.name or file_path != _SUITE_FILE:
        return None
    from indexlab.contract.suite import Suite

    return Suite.from_parent(parent, name=_SUITE, path=file_path, nodeid=_SUITE)


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Make of a marked function a test for each property, or for each fixture."""
    mark = metafunc.definition.get_closest_marker("indexlab_contract")
    if mark is not None:
        from indexlab.contract.marked import parametrize_by_property

        parametrize_by_property(metafunc, mark)
    mark = metafunc.definition.get_closest_marker("indexlab_fixture")
    if mark is not None:
        from indexlab.contract.market import parametrize_by_fixture

        parametrize_by_fixture(metafunc, mark)


@pytest.hookimpl(tryfirst=True)
def pytest_pyfunc_call(pyfuncitem: pytest.Function) -> bool | None:
    """Run a function marked `indexlab_contract`: it names the target, and the audit says how its tests end."""
    mark = pyfuncitem.get_closest_marker("indexlab_contract")
    if mark is None:
        return None
    from indexlab.contract.marked import run_marked

    run_marked(pyfuncitem, mark)
    return True


@pytest.fixture
def indexlab_market(request: pytest.FixtureRequest) -> FixtureMarket:
    """The market of a fixture, as named by the mark `indexlab_fixture`."""
    from indexlab.contract.market import market_of

    return market_of(request)


def pytest_terminal_summary(terminalreporter: Any) -> None:  # noqa: ANN401 - pytest does not name the type in public
    """Say where the reports are."""
    tests = (report for reports in terminalreporter.stats.values() for report in reports if getattr(report, "user_properties", None))
    told = dict.fromkeys(value for report in tests for name, value in report.user_properties if name == "indexlab_report")
    for folder in told:
        terminalreporter.write_line(f"indexlab: report: {folder}/index.html")


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: Any) -> None:  # noqa: ANN401 - xdist's, which need not be there
    """Tell a worker of pytest-xdist what it cannot see: a folder common to all (one audits, the others read what it found), and whether tests were named."""
    stash = node.config.stash
    if _SHARED not in stash:
        stash[_SHARED] = Path(tempfile.mkdtemp(prefix="indexlab-"))
    node.workerinput["indexlab_shared"] = str(stash[_SHARED])
    replaying = node.config.pluginmanager.get_plugin("indexlab-replaying")
    if replaying is not None:
        node.workerinput["indexlab_alone"] = replaying.alone


def pytest_unconfigure(config: pytest.Config) -> None:
    """Remove that folder."""
    if _SHARED in config.stash:
        shutil.rmtree(config.stash[_SHARED], ignore_errors=True)
