"""From a verdict to what a test does: pass, fail with the finding as a person reads it, skip or fail as expected, with the reason."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Final, Literal, TypeAlias

import msgspec
import pytest

from indexlab.contract.wanted import COVERAGE
from indexlab.market.errors import InputError
from indexlab.report.plain import plain
from indexlab.report.text import finding_text

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator

    from indexlab.audit.events import AuditResult, PropertyResult, TargetResult
    from indexlab.contract.wanted import Policy

__all__ = ["REPORT", "Ending", "OurTest", "Outcome", "end_as", "in_one_line", "outcomes_of"]

Ending: TypeAlias = Literal["passed", "failed", "inconclusive", "skipped", "xfailed"]
REPORT: Final = "indexlab_report"
"""The property of a test that names the folder of the report."""
_LONGEST: Final = 500
_PLACES: Final = "indexlab-places"
_OURS: Final = pytest.StashKey[bool]()


class Outcome(msgspec.Struct, frozen=True):
    """What a test of one property ends with, why, and what its JUnit case says beside."""

    ending: Ending
    text: str
    properties: list[tuple[str, str]]


def end_as(outcome: Outcome, item: pytest.Item, policy: Policy) -> None:
    """End a test as its outcome says; `policy` is what an inconclusive one does."""
    item.user_properties += outcome.properties
    item.stash[_OURS] = True
    if not item.config.pluginmanager.has_plugin(_PLACES):
        item.config.pluginmanager.register(_Places(), _PLACES)
    ending = outcome.ending
    if ending == "inconclusive":
        ending = {"fail": "failed", "skip": "skipped", "xfail": "xfailed"}[policy]  # type: ignore[assignment]
    if ending == "failed":
        pytest.fail(outcome.text, pytrace=False)
    if ending == "skipped":
        pytest.skip(outcome.text)
    if ending == "xfailed":
        pytest.xfail(outcome.text)
        pytest.fail(outcome.text, pytrace=False)  # with --runxfail nothing is expected to fail


class _Places:
    """How our tests are listed in pytest's summary.

    One that is skipped by its own name, not by the line of ours that skipped it; one that failed by the first line of what it says: where CI is set
    pytest prints the whole of it there, and every finding would be read twice.
    """

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_makereport(self, item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
        report = yield
        if not item.stash.get(_OURS, False):
            return report
        if report.skipped and isinstance(report.longrepr, tuple):
            report.longrepr = (str(item.config.rootpath / item.nodeid), None, report.longrepr[2])  # type: ignore[assignment] # a line it has not
        crash = getattr(report.longrepr, "reprcrash", None) if report.failed else None
        if crash is not None:
            crash.message = crash.message.partition("\n")[0]
        return report


class OurTest(pytest.Item):
    """A test that no function of the user's stands behind."""

    def repr_failure(self, excinfo: pytest.ExceptionInfo[BaseException], style: object = None) -> object:  # type: ignore[override]
        """Show a mistake of the user's as one line; a failure of ours keeps its traceback."""
        del style
        return str(excinfo.value) if isinstance(excinfo.value, InputError) else super().repr_failure(excinfo)


@contextmanager
def in_one_line() -> Iterator[None]:
    """End a test or a collection with one line where something that a person gave is wrong."""
    problem = ""
    try:
        yield
    except InputError as error:
        problem = str(error)
    if problem:
        pytest.fail(problem, pytrace=False)


def outcomes_of(result: AuditResult, folder: str) -> dict[str, Outcome]:
    """Return the outcome of each property of an audit of one target, and that of its coverage where it is required."""
    [target] = result.targets
    told = {one.id: _outcome(result, target, one, folder) for one in target.properties}
    if result.require_coverage:
        ending, text = _coverage(target)
        told[COVERAGE] = Outcome(ending, text, _properties(result, target, None, folder))
    return told


def _coverage(target: TargetResult) -> tuple[Ending, str]:
    found = target.coverage
    if found is None:
        return "inconclusive", "inconclusive: nothing was searched"
    if found.filled == found.expected:
        return "passed", ""
    first = f"inconclusive: {found.expected - found.filled} of {found.expected} cells of the coverage are blank"
    return "inconclusive", "\n".join([first, *(plain(line, most=_LONGEST) for line in found.blanks)])


def _outcome(result: AuditResult, target: TargetResult, one: PropertyResult, folder: str) -> Outcome:
    ending, text = _ending(target, one)
    return Outcome(ending, text, _properties(result, target, one, folder))


def _ending(target: TargetResult, one: PropertyResult) -> tuple[Ending, str]:
    reason = plain(one.reason, most=_LONGEST)
    if one.verdict == "violated":
        found = one.all_findings
        more = f" (and {len(found) - 1} more)" if len(found) > 1 else ""
        first = f"{plain(found[0].sentence, most=_LONGEST)}{more}" if found else reason
        return "failed", "\n\n".join([first, *(finding_text(finding, of=one.scenarios) for finding in found)])
    if one.verdict == "waived":
        return "xfailed", reason
    if one.verdict == "not-applicable":
        return "skipped", f"not applicable: {reason}"
    if one.verdict == "holds" and target.failed_faults:
        # what a fault that failed was to break was not looked at
        return "inconclusive", f"inconclusive: a fault failed: {plain(target.failed_faults[0], most=_LONGEST)}"
    return ("passed", reason) if one.verdict == "holds" else ("inconclusive", f"inconclusive: {reason}")


def _properties(result: AuditResult, target: TargetResult, one: PropertyResult | None, folder: str) -> list[tuple[str, str]]:
    told: dict[str, object] = {"target": target.target, "seed": result.seed, "profile": result.profile}
    if one is not None:
        told |= {"verdict": one.verdict, "reason": one.reason, "scenarios": one.scenarios, "n": one.premise_met}
        if one.worst is not None:
            told["worst"] = one.worst.text
        told |= _bound(target, one.id)
    if target.cut is not None:
        told["cut"] = f"by a time limit at scenario {target.cut}"
    return [(name, plain(str(value), most=_LONGEST)) for name, value in {**told, REPORT: folder}.items()]


def _bound(target: TargetResult, name: str) -> dict[str, object]:
    """Return what independent cases say of a property, where there were any."""
    if target.estimate is None:
        return {}
    for each in target.estimate.properties:
        if each.id == name:
            return {"cases": each.bound.n, "cases_broken": each.bound.k, "bound": f"{each.bound.upper_95:.6g}", "bound_99": f"{each.bound.upper_99:.6g}"}
    return {}
