"""What the tests of the pytest plugin share: audits that are made up, at once, and what a run of pytest says of its tests."""

from __future__ import annotations

import multiprocessing.resource_tracker  # noqa: F401 - a run of pytest within pytest forgets what it imports, and this must not be forgotten
import signal
from dataclasses import dataclass, field
from xml.etree import ElementTree as ET

import msgspec

from indexlab.audit.events import AuditFinished, AuditResult, FindingFound, PropertyResult, TargetFinished, TargetResult, TargetStarted
from indexlab.audit.plan import Budget
from indexlab.audit.prepare import selected
from indexlab.audit.save import Saved
from indexlab.contract import once
from indexlab.scenarios.expect import Expect
from indexlab.scenarios.scenario import Scenario
from tests.report.samples import finding

FEW = Budget(batches=1, twins=2, shrink=60, seconds=1e9)
"""The built-in batches, and hardly more: a second or two."""
SPENDING = """
from indexlab.audit.plan import BUDGETS, Budget

for key in BUDGETS:
    BUDGETS[key] = Budget(batches=1, twins=2, shrink=60, seconds=1e9)
"""
"""A conftest.py that lets a process of its own spend as little."""


def held(name, **changes):
    """A property that holds in what was looked at."""
    return PropertyResult(name, f"{name} is kept", **{"verdict": "holds", "reason": "found none in 7 scenarios", "scenarios": 9, "premise_met": 7, **changes})


def broken(name, **changes):
    """A property with a finding."""
    return held(name, **{"verdict": "violated", "reason": "broken in 2 of 7 scenarios", "finding": finding(property=name), "breaches": 2, **changes})


@dataclass
class MadeUp:
    """Audits that end as `properties` and `target` say, or raise `raises`; the plans that were audited are kept."""

    properties: dict[str, PropertyResult] = field(default_factory=dict)
    target: dict[str, object] = field(default_factory=dict)
    result: dict[str, object] = field(default_factory=dict)
    raises: BaseException | None = None
    interrupts: bool = False
    plans: list = field(default_factory=list)

    def audit(self, plan, kept=None):
        self.plans.append(plan)
        if self.raises is not None:
            raise self.raises
        [label] = plan.targets
        yield TargetStarted(label, "made up", "1", "in-process", 9), None
        if self.interrupts:
            signal.raise_signal(signal.SIGINT)
        properties = [self.properties.get(name, held(name)) for name in selected(plan)]
        for one in properties:
            for each in one.all_findings:
                yield FindingFound(each), Saved(Scenario(sources=()), Expect(), label)
        target = msgspec.structs.replace(TargetResult(label, "made up", "1", "in-process", {}, properties, {}, 9, 9), **self.target)
        yield TargetFinished(target), None
        result = AuditResult("0", plan.seed, plan.profile, False, {}, [target], plan.stop(), require_coverage=plan.require_coverage)
        yield AuditFinished(msgspec.structs.replace(result, **self.result)), None

    def instead(self, monkeypatch):
        """Let the tests of this process ask these audits, and write no pages."""
        monkeypatch.setattr(once, "audit", self.audit)
        monkeypatch.setattr(once, "ReportFiles", lambda *_, **__: _Nothing())
        return self


class _Nothing:
    def handle(self, event):
        pass


def cases(junit):
    """The test cases of a JUnit file: (class, name) -> (kind, message, properties)."""
    told = {}
    for case in ET.parse(junit).iter("testcase"):  # noqa: S314 - pytest wrote it
        ends = [(each.tag, each.get("message")) for each in case if each.tag in {"failure", "skipped", "error"}]
        properties = {each.get("name"): each.get("value") for each in case.iter("property")}
        told[case.get("classname"), case.get("name")] = (*(ends or [("passed", "")])[0], properties)
    return told
