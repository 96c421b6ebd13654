"""What the tests of audits share: small budgets, and audits in this process without a door."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import pytest

from indexlab.audit import prepare, run
from indexlab.audit.events import AuditFinished, Event, Finding, FindingFound, PropertyResult
from indexlab.audit.plan import BUDGETS, PROFILES, AuditPlan, Budget
from indexlab.scenarios.expect import Layer

if TYPE_CHECKING:
    from collections.abc import Iterator

    from indexlab.audit.events import AuditResult
    from indexlab.audit.save import Saved

SMALL = Budget(batches=4, twins=6, shrink=300, seconds=1e9)
"""All built-in batches and one shard of guided search: a second or two."""


@contextmanager
def spending(budget: Budget) -> Iterator[None]:
    """Let every profile, every kind of target and the survey spend this much."""
    with pytest.MonkeyPatch.context() as patch:
        for profile in PROFILES:
            for kind in ("in-process", "process"):
                patch.setitem(BUDGETS, (profile, kind), budget)
        patch.setattr(prepare, "SURVEY", budget)
        patch.setattr(run, "SURVEY", budget)
        yield


@dataclass
class Audited:
    """What an audit said: its events, its findings with what their files hold, its result."""

    events: list[Event] = field(default_factory=list)
    found: list[tuple[Finding, Saved]] = field(default_factory=list)
    result: AuditResult | None = None

    def properties(self, target: int = 0) -> dict[str, PropertyResult]:
        """The results of one target by id."""
        return {one.id: one for one in self.result.targets[target].properties}


def plan_of(*targets: str, expect: dict[str, object] | None = None, stop=lambda: False, **changes) -> AuditPlan:
    """A plan with nothing special; its clock stands still, so that nothing is cut."""
    given = {"survey": False, "profile": "quick", "seed": 0, "jobs": 1, "only": (), "skip": (), "fixtures": (), "sources": None, "folder": "run"}
    given["layers"] = (Layer("test", expect),) if expect else ()
    return AuditPlan(targets=targets, clock=lambda: 0.0, stop=stop, **{**given, **changes})


def audited(*targets: str, budget: Budget | None = SMALL, **changes) -> Audited:
    """Audit targets in this process; `budget` None spends what the profile does."""
    plan, told = plan_of(*targets, **changes), Audited()
    with spending(budget) if budget is not None else pytest.MonkeyPatch.context():
        for event, saved in run.audit(plan):
            told.events.append(event)
            if isinstance(event, FindingFound):
                told.found.append((event.finding, saved))
            if isinstance(event, AuditFinished):
                told.result = event.result
    return told
