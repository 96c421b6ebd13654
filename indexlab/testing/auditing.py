"""A whole audit as one assertion: everything that `indexlab audit` does, in a test."""

from __future__ import annotations

import time
from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Literal, TypeAlias

from indexlab.testing.holding import BrokenPromiseError
from indexlab.testing.opening import opened

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from indexlab.audit.events import AuditResult, Event, PropertyResult
    from indexlab.audit.plan import AuditPlan, Profile
    from indexlab.audit.save import Saved
    from indexlab.market.source import Source
    from indexlab.testing.opening import Index

__all__ = ["audit_index"]

Inconclusive: TypeAlias = Literal["fail", "allow"]


def audit_index(  # noqa: PLR0913 - what the flags of `indexlab audit` are
    index: Index,
    profile: Profile = "quick",
    *,
    only: Iterable[str] = (),
    skip: Iterable[str] = (),
    expect: Mapping[str, object] | None = None,
    seed: int = 0,
    sources: int | Iterable[str | Source] | None = None,
    inconclusive: Inconclusive = "fail",
    jobs: int = 1,
    out: str | Path | None = None,
) -> AuditResult:
    """Audit an index and return the result; the same seed, version and index give the same findings.

    `only` and `skip` choose properties by id, `expect` is the promise as the plan's [expect], `sources` the basket (None: drawn ones), `out` a folder for the
    report and the findings' files. `jobs` above 1 takes an index that is given by its label. Raises BrokenPromiseError with every finding where a property is
    violated, or could not be judged (`inconclusive="allow"` lets that pass), and InputError.

    >>> result = audit_index("preset:plain-median", only=["hull"])
    >>> [(one.id, one.verdict) for one in result.targets[0].properties]
    [('hull', 'holds')]
    """
    __tracebackhide__ = True
    from indexlab.targets.offered import offered

    with nullcontext(index) if isinstance(index, str) else offered(opened(index).target) as label:
        plan = _plan(label, profile, tuple(only), tuple(skip), expect or {}, seed, sources, jobs if isinstance(index, str) else 1)
        result = _result(plan, None if out is None else Path(out))
    problem = _problem(result, inconclusive, saved=out is not None)
    if problem:
        raise BrokenPromiseError(problem)
    return result


def _plan(
    label: str,
    profile: Profile,
    only: tuple[str, ...],
    skip: tuple[str, ...],
    expect: Mapping[str, object],
    seed: int,
    sources: int | Iterable[str | Source] | None,
    jobs: int,
) -> AuditPlan:
    from indexlab.audit.plan import AuditPlan, checked_profile
    from indexlab.scenarios.brief import basket_said
    from indexlab.scenarios.expect import Layer

    return AuditPlan(
        targets=(label if ":" in label else f"preset:{label}",),
        survey=False,
        profile=checked_profile(profile) or "quick",
        seed=seed,
        jobs=jobs,
        layers=(Layer("expect", expect),) if expect else (),
        only=only,
        skip=skip,
        fixtures=(),
        sources=None if sources is None else basket_said(sources),
        folder="",
        clock=time.monotonic,
        stop=lambda: False,
    )


def _result(plan: AuditPlan, out: Path | None) -> AuditResult:
    from indexlab.audit.effective import made_folder
    from indexlab.audit.events import AuditFinished
    from indexlab.audit.prepare import checked
    from indexlab.audit.run import audit

    checked(plan)
    if out is not None:
        plan, out = made_folder(plan, out)
    result: AuditResult | None = None
    handle = _Keeper(out)
    for event, saved in audit(plan):
        handle.handle(event, saved)
        if isinstance(event, AuditFinished):
            result = event.result
    if result is None:  # pragma: no cover - the stream ends with it
        message = "the audit ended without a result"
        raise AssertionError(message)
    return result


class _Keeper:
    """Writes what `indexlab audit` writes, where a folder is given."""

    def __init__(self, folder: Path | None) -> None:
        from indexlab.report.files import ReportFiles

        self._folder, self._files = folder, None if folder is None else ReportFiles(folder)

    def handle(self, event: Event, saved: Saved | None) -> None:
        """Write what an event asks for."""
        from indexlab.audit.events import FindingFound
        from indexlab.audit.save import save_finding

        if self._folder is None or self._files is None:
            return
        if isinstance(event, FindingFound) and saved is not None:
            save_finding(self._folder, event.finding, saved)
        self._files.handle(event)


def _problem(result: AuditResult, inconclusive: Inconclusive, *, saved: bool) -> str:
    bad = [
        one for target in result.targets for one in target.properties if one.verdict == "violated" or (one.verdict, inconclusive) == ("inconclusive", "fail")
    ]
    return "\n\n".join(["", *(_told(one, saved=saved) for one in bad)]) if bad else ""


def _told(one: PropertyResult, *, saved: bool) -> str:
    from indexlab.report.text import finding_text

    texts = [finding_text(finding, again=None if saved else []) for finding in one.all_findings]
    return "\n\n".join(texts) if texts else f"{one.verdict.upper()}  {one.id}: {one.reason}"
