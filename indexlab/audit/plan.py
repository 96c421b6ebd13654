"""The plan: targets, promises, selection, budgets; from flags over the plan file over defaults."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final, Literal, TypeAlias, TypeVar, get_args

import msgspec

from indexlab.audit.venues import MARKS, MarkFrom
from indexlab.market.errors import InputError, did_you_mean
from indexlab.market.source import Basket, Source, checked_basket
from indexlab.market.tables import read_table
from indexlab.targets.options import USUAL
from indexlab.targets.reaching import NOTHING, Reaching, read_reaching

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from indexlab.audit.baseline import Baseline
    from indexlab.scenarios.expect import Layer
    from indexlab.targets.options import TargetOptions

__all__ = ["BUDGETS", "MOST_CASES", "PROFILES", "AuditPlan", "Budget", "PlanFile", "Profile", "budget", "find_plan", "read_plan"]

Word = TypeVar("Word", bound=str)
Profile: TypeAlias = Literal["quick", "ci", "nightly"]
PROFILES: Final[tuple[Profile, ...]] = get_args(Profile)
MOST_CASES: Final = 10_000_000
"""Independent cases that can be asked for: a bound of 3e-7."""
_NAME: Final = "indexlab.toml"
_SECTIONS: Final = {
    "target": ("use", "name", "against", "sources", "headers", "isolate", "start_timeout", "answer_timeout", "memory"),
    "expect": None,
    "margin": ("venue", "mark"),
    "run": ("profile", "seed", "jobs", "only", "skip", "fixtures", "out", "estimate", "require_coverage"),
}


class Budget(msgspec.Struct, frozen=True):
    """What a profile spends on one target, in counts: guided batches, twins a batch, evaluations to shrink one finding; `seconds` is the safety net.

    `kinds` is how many findings of one property are shrunk (each of another kind), `sweeps` how many base markets are swept, `estimate` how many
    independent cases are run.
    """

    batches: int
    twins: int
    shrink: int
    seconds: float
    kinds: int = 1
    sweeps: int = 0
    estimate: int = 0


BUDGETS: Final[dict[tuple[Profile, str], Budget]] = {
    ("quick", "in-process"): Budget(batches=140, twins=24, shrink=500, seconds=60.0, kinds=3, sweeps=4),
    ("ci", "in-process"): Budget(batches=1600, twins=32, shrink=1000, seconds=300.0, kinds=6, sweeps=40, estimate=3000),
    ("nightly", "in-process"): Budget(batches=24000, twins=32, shrink=2000, seconds=3600.0, kinds=12, sweeps=600, estimate=50_000),
    ("quick", "process"): Budget(batches=12, twins=5, shrink=150, seconds=10.0, kinds=2, sweeps=1),
    ("ci", "process"): Budget(batches=150, twins=8, shrink=400, seconds=60.0, kinds=4, sweeps=4, estimate=100),
    ("nightly", "process"): Budget(batches=2400, twins=16, shrink=1500, seconds=900.0, kinds=8, sweeps=40, estimate=3000),
}
"""Counts, so that the same seed gives the same findings on a slow and on a fast machine: on two cores they take under 10 s, a minute, a quarter
of an hour. `seconds` is wide where the target is ours and so never slow by itself; a process is cut at what its profile is meant to take."""

SURVEY: Final = Budget(batches=24, twins=24, shrink=60, seconds=90.0)
"""A survey shares 90 s among all its targets; each gets the same scenarios, and where a slow machine cuts them, all are cut alike."""


@dataclass(frozen=True, slots=True)
class AuditPlan:
    """The effective plan.

    `layers` are what flags and the plan file promise, the strongest first. `clock` gives seconds for the safety net and `stop` says that the
    user wants to end; both are the door's, since below the doors nothing reads a clock. `estimate` is how many independent cases are wanted (None: as many as
    the profile says); `require_coverage` makes every blank of the coverage inconclusive. `options` say how the targets are reached. `against` is the label of
    the target that each of them is held against, "" where there is none. `name` is what fingerprints call the target, "" for its label; `file` is the
    plan file; `baseline` holds the findings that are known. `venue` is whose margin rules hold, by name or file, "" for the target's own or the usual one's;
    `mark` what the accounts are marked at.
    """

    targets: tuple[str, ...]
    survey: bool
    profile: Profile
    seed: int
    jobs: int
    layers: tuple[Layer, ...]
    only: tuple[str, ...]
    skip: tuple[str, ...]
    fixtures: tuple[str, ...]
    sources: Basket | None
    folder: str
    clock: Callable[[], float]
    stop: Callable[[], bool]
    estimate: int | None = None
    require_coverage: bool = False
    options: TargetOptions = USUAL
    against: str = ""
    name: str = ""
    file: Path | None = None
    baseline: Baseline | None = None
    venue: str = ""
    mark: MarkFrom = "index"

    def as_table(self) -> dict[str, object]:
        """Return the plan as the report prints it."""
        table: dict[str, object] = {"profile": self.profile, "seed": self.seed, "targets": list(self.targets), "survey": self.survey}
        table |= {"only": list(self.only), "skip": list(self.skip), "fixtures": [_name_only(name) for name in self.fixtures]}
        if self.against:
            table["against"] = self.against
        table["expect"] = {key: _plain(value) for layer in reversed(self.layers) for key, value in layer.table.items()}
        if self.venue:
            table["venue"] = self.venue
        if self.mark != "index":
            table["mark"] = self.mark
        if self.estimate is not None:
            table["estimate"] = self.estimate
        if self.require_coverage:
            table["require_coverage"] = True
        table |= self.options.as_table()
        if self.sources is not None:
            table["sources"] = [msgspec.to_builtins(source) for source in self.sources]
        return table


def _name_only(fixture: str) -> str:
    return fixture.rstrip("/").rsplit("/", 1)[-1]


def _plain(value: object) -> object:
    return dict(value) if isinstance(value, dict) else value


class PlanFile(msgspec.Struct, frozen=True):
    """What a plan file says; what it does not say is None or empty."""

    path: Path | None = None
    use: str | None = None
    name: str | None = None
    sources: tuple[Source, ...] | None = None
    expect: dict[str, object] = {}
    profile: Profile | None = None
    seed: int | None = None
    jobs: int | None = None
    only: tuple[str, ...] = ()
    skip: tuple[str, ...] = ()
    fixtures: tuple[str, ...] = ()
    out: str | None = None
    estimate: int | None = None
    require_coverage: bool | None = None
    reaching: Reaching = NOTHING
    against: str | None = None
    venue: str | None = None
    mark: MarkFrom | None = None

    @property
    def origin(self) -> str:
        """How errors name the file."""
        return "plan" if self.path is None else self.path.name


def budget(profile: Profile, kind: str) -> Budget:
    """Return what a profile spends on a kind of target."""
    return BUDGETS[profile, kind]


def find_plan(here: Path) -> Path | None:
    """Return the plan file at or above a folder: indexlab.toml, or a pyproject.toml with [tool.indexlab]."""
    for folder in (here, *here.parents):
        own = folder / _NAME
        if own.is_file():
            return own
        project = folder / "pyproject.toml"
        if project.is_file() and _own_table(project) is not None:
            return project
    return None


def _own_table(project: Path) -> dict[str, object] | None:
    tool = read_table(project).get("tool")
    own = tool.get("indexlab") if isinstance(tool, dict) else None
    return own if isinstance(own, dict) else None


def read_plan(path: Path) -> PlanFile:
    """Read a plan file. Raises InputError that names the file, the key, the value and the remedy."""
    tables = _own_table(path) or {} if path.name == "pyproject.toml" else read_table(path)
    try:
        return _plan(path, tables)
    except InputError as error:
        raise error.within(path) from None


def _plan(path: Path, tables: Mapping[str, object]) -> PlanFile:
    sections: dict[str, dict[str, object]] = {}
    for name, table in tables.items():
        if name not in _SECTIONS:
            problem = "is no section of a plan"
            raise InputError(problem, key=f"[{name}]", remedy=did_you_mean(name, _SECTIONS))
        if not isinstance(table, dict):
            problem = f"must be a table, was {table!r}"
            raise InputError(problem, key=f"[{name}]")
        known = _SECTIONS[name]
        for key in table:
            if known is not None and key not in known:
                problem = f"is no key of [{name}]"
                raise InputError(problem, key=f"{name}.{key}", remedy=did_you_mean(key, known))
        sections[name] = table
    target, run = sections.get("target", {}), sections.get("run", {})
    return PlanFile(
        path=path,
        use=_text(target.get("use"), "target.use"),
        name=_text(target.get("name"), "target.name"),
        sources=_sources(target.get("sources"), path),
        expect=sections.get("expect", {}),
        profile=checked_profile(run.get("profile")),
        seed=_whole(run.get("seed"), "run.seed"),
        jobs=_whole(run.get("jobs"), "run.jobs", least=1, most=256),
        only=_texts(run.get("only"), "run.only"),
        skip=_texts(run.get("skip"), "run.skip"),
        fixtures=_texts(run.get("fixtures"), "run.fixtures"),
        out=_text(run.get("out"), "run.out"),
        estimate=_whole(run.get("estimate"), "run.estimate", most=MOST_CASES),
        require_coverage=_flag(run.get("require_coverage"), "run.require_coverage"),
        reaching=read_reaching(target),
        against=_text(target.get("against"), "target.against"),
        venue=_text(sections.get("margin", {}).get("venue"), "margin.venue"),
        mark=_one_of(sections.get("margin", {}).get("mark"), MARKS, "margin.mark"),
    )


def checked_profile(given: object) -> Profile | None:
    """Return the profile, or None where none is given."""
    return _one_of(given, PROFILES, "run.profile")


def _one_of(given: object, words: tuple[Word, ...], key: str) -> Word | None:
    if given is None:
        return None
    for word in words:
        if given == word:
            return word
    problem = f'must be one of {", ".join(words)}, was "{given}"'
    raise InputError(problem, key=key, remedy=did_you_mean(str(given), words))


def _text(given: object, key: str) -> str | None:
    if given is None or (isinstance(given, str) and given):
        return given
    problem = f"must be a text, was {given!r}"
    raise InputError(problem, key=key)


def _texts(given: object, key: str) -> tuple[str, ...]:
    if given is None:
        return ()
    if isinstance(given, list) and all(isinstance(entry, str) for entry in given):
        return tuple(given)
    problem = f"must be a list of texts, was {given!r}"
    raise InputError(problem, key=key)


def _flag(given: object, key: str) -> bool | None:
    if given is None or isinstance(given, bool):
        return given
    problem = f"must be true or false, was {given!r}"
    raise InputError(problem, key=key)


def _whole(given: object, key: str, least: int = 0, most: int = 2**63) -> int | None:
    if given is None or (isinstance(given, int) and not isinstance(given, bool) and least <= given <= most):
        return given
    problem = f"must be a whole number of at least {least}{'' if most == 2**63 else f' and at most {most}'}, was {given!r}"
    raise InputError(problem, key=key)


def _sources(given: object, path: Path) -> Basket | None:
    if given is None:
        return None
    try:
        listed = msgspec.convert(given, tuple[Source, ...])
    except msgspec.ValidationError as error:
        problem = f"must be a list of sources: {error}"
        raise InputError(problem, key="target.sources", remedy='write sources = [{ id = "kraken", venue = "kraken", quote = "USD", weight = 1.0 }]') from None
    return checked_basket(listed, file=path)
