"""The plan of a run as its journal holds it: all that decides what is found, and nothing that is secret.

Of headers only the names are written; who goes on with a run gives their values again, or the plan file's `env:` words do. Of files that the plan names
there are sums: a run goes on with what it began with, or not at all.
"""

from __future__ import annotations

import hashlib
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Final

import msgspec

from indexlab.audit.baseline import Baseline, Entry
from indexlab.audit.plan import AuditPlan, Profile, read_plan
from indexlab.audit.venues import MarkFrom, is_file
from indexlab.market.errors import InputError
from indexlab.market.fixture import find_fixture
from indexlab.market.source import Source
from indexlab.scenarios.expect import Layer
from indexlab.targets.options import TargetOptions
from indexlab.targets.reaching import Reaching, options_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from indexlab.targets.options import Secret

__all__ = ["NOT_COMPARED", "KeptPlan", "check_sums", "headers_again", "kept_plan", "plan_again"]

NOT_COMPARED: Final = ("jobs", "folder", "here")
"""What may differ between two plans that give the same report."""


class _KeptBaseline(msgspec.Struct, frozen=True):
    """A baseline as it was when the run began, and the day on which it was looked at."""

    file: str
    entries: tuple[Entry, ...]
    today: date


class KeptPlan(msgspec.Struct, frozen=True):
    """An AuditPlan as a record, with the folder in which it was run (`here`), the names of its `headers`, and the sums of the files that it names."""

    targets: tuple[str, ...]
    survey: bool
    profile: Profile
    seed: int
    jobs: int
    layers: tuple[tuple[str, dict[str, object]], ...]
    only: tuple[str, ...]
    skip: tuple[str, ...]
    fixtures: tuple[str, ...]
    sources: tuple[Source, ...] | None
    folder: str
    estimate: int | None
    require_coverage: bool
    first_answer_s: float
    answer_s: float
    memory_bytes: int
    isolate: bool
    headers: tuple[str, ...]
    against: str
    name: str
    file: str
    baseline: _KeptBaseline | None
    sums: dict[str, str]
    here: str
    venue: str = ""
    mark: MarkFrom = "index"

    def difference(self, other: KeptPlan) -> str:
        """Name the first setting in which another plan would give another report, or "": a day later, a baseline is still the same."""
        one, two = (msgspec.to_builtins(msgspec.structs.replace(plan, baseline=plan.baseline and plan.baseline.entries)) for plan in (self, other))
        return next((name for name in one if name not in NOT_COMPARED and one[name] != two[name]), "")


def kept_plan(plan: AuditPlan, here: Path) -> KeptPlan:
    """Return a plan as a record; `here` is the folder in which it is run."""
    known = plan.baseline
    return KeptPlan(
        targets=plan.targets,
        survey=plan.survey,
        profile=plan.profile,
        seed=plan.seed,
        jobs=plan.jobs,
        layers=tuple((layer.origin, dict(layer.table)) for layer in plan.layers),
        only=plan.only,
        skip=plan.skip,
        fixtures=plan.fixtures,
        sources=None if plan.sources is None else tuple(plan.sources),
        folder=plan.folder,
        estimate=plan.estimate,
        require_coverage=plan.require_coverage,
        first_answer_s=plan.options.first_answer_s,
        answer_s=plan.options.answer_s,
        memory_bytes=plan.options.memory_bytes,
        isolate=plan.options.isolate,
        headers=tuple(name for name, _ in plan.options.headers),
        against=plan.against,
        name=plan.name,
        file="" if plan.file is None else str(plan.file),
        baseline=None if known is None else _KeptBaseline(str(known.path), known.entries, known.today),
        sums=dict(_sums(plan, here)),
        here=str(here),
        venue=plan.venue,
        mark=plan.mark,
    )


def plan_again(kept: KeptPlan, headers: tuple[tuple[str, Secret], ...], clock: Callable[[], float], stop: Callable[[], bool]) -> AuditPlan:
    """Return the plan of a record."""
    known = kept.baseline
    return AuditPlan(
        targets=kept.targets,
        survey=kept.survey,
        profile=kept.profile,
        seed=kept.seed,
        jobs=kept.jobs,
        layers=tuple(Layer(origin, table) for origin, table in kept.layers),
        only=kept.only,
        skip=kept.skip,
        fixtures=kept.fixtures,
        sources=kept.sources,
        folder=kept.folder,
        clock=clock,
        stop=stop,
        estimate=kept.estimate,
        require_coverage=kept.require_coverage,
        options=TargetOptions(kept.first_answer_s, kept.answer_s, kept.memory_bytes, headers, kept.isolate),
        against=kept.against,
        name=kept.name,
        file=_file(kept),
        baseline=None if known is None else Baseline(Path(known.file), known.entries, known.today),
        venue=kept.venue,
        mark=kept.mark,
    )


def check_sums(kept: KeptPlan, plan: AuditPlan, here: Path) -> None:
    """Raise InputError where a file that the plan names is not what it was when the run began."""
    for name, now in _sums(plan, here):
        if kept.sums.get(name) != now:
            problem = "is not what it was when the run began"
            raise InputError(problem, file=name, remedy="bring it back, or begin a new run")


def headers_again(kept: KeptPlan, reaching: Reaching, environment: Mapping[str, str]) -> tuple[tuple[str, Secret], ...]:
    """Return the headers that the run began with, from flags over its plan file. Raises InputError where one is missing, or is none of them."""
    if not kept.headers and not reaching.headers:
        return ()
    file = _file(kept)
    beside = read_plan(file).reaching if file is not None and kept.headers else Reaching()
    headers = options_of(Reaching(reaching.headers), Reaching(beside.headers), environment=environment).headers
    named = {name.lower(): value for name, value in headers}
    for name in kept.headers:
        if name.lower() not in named:
            problem = f"must be given again: the run began with the header {name}, and its value is never stored"
            raise InputError(problem, key="--header", remedy=f'add --header "{name}: env:VARIABLE"')
    for name, _ in headers:
        if name.lower() not in {known.lower() for known in kept.headers}:
            problem = f"{name} is none of the headers that the run began with"
            raise InputError(problem, key="--header", remedy="leave it out, or begin a new run")
    return tuple((name, named[name.lower()]) for name in kept.headers)


def _file(kept: KeptPlan) -> Path | None:
    return Path(kept.file) if kept.file and Path(kept.file).is_file() else None


def _sums(plan: AuditPlan, here: Path) -> Iterator[tuple[str, str]]:
    """Yield the files that decide what a methodology or a fixture is (a fixture's own file holds the sums of the rest), each with its sum."""
    for label in dict.fromkeys((*plan.targets, plan.against)):
        scheme, _, rest = label.partition(":")
        if scheme == "file":
            yield label, _sum(here / rest.removesuffix("@reference"))
    if is_file(plan.venue):
        yield plan.venue, _sum(here / plan.venue)
    for name in plan.fixtures:
        yield name, _sum(find_fixture(name) / "fixture.toml")


def _sum(path: Path) -> str:
    try:
        return hashlib.sha256(path.read_bytes()).hexdigest()
    except OSError as error:
        problem = f"cannot be read: {error.strerror}"
        raise InputError(problem, file=path) from None
