"""What was asked for: the options of pytest and the keywords of a mark over the plan file, as the plan of one audit.

Options win over a mark, a mark over the plan file. With `--hypothesis-seed` the audit's seed is Hypothesis', where no seed of ours is given.
"""

from __future__ import annotations

import os
import time
from contextlib import chdir
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final, Literal, TypeAlias, cast

from indexlab.audit.effective import Flags, effective_plan
from indexlab.audit.plan import PROFILES, PlanFile, find_plan, read_plan
from indexlab.audit.prepare import checked
from indexlab.market.errors import InputError, NothingSelected, did_you_mean
from indexlab.properties.registry import find_property, properties
from indexlab.targets.options import Secret
from indexlab.targets.reaching import Reaching

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

    import pytest

    from indexlab.audit.plan import AuditPlan

__all__ = ["COVERAGE", "Asked", "Keywords", "Policy", "Wanted", "asked", "judged_by", "keywords", "selected", "wanted"]

Policy: TypeAlias = Literal["fail", "skip", "xfail"]
COVERAGE: Final = "coverage"
"""The test beside the properties' where the plan requires coverage."""
_LISTS: Final = ("only", "skip", "fixtures")
_NUMBERS: Final = ("seed", "estimate")
_NO_TARGET: Final = 'no target: give --indexlab-target "exec:./acme-index", or write use = "…" under [target] in indexlab.toml'


@dataclass(frozen=True, slots=True)
class Wanted:
    """What the command line of pytest says; `here` is where it was called, `root` pytest's rootdir."""

    targets: tuple[str, ...]
    plan: Path | None
    profile: str | None
    seed: int | None
    jobs: int | None
    fixtures: tuple[str, ...]
    only: tuple[str, ...]
    headers: tuple[Secret, ...]
    inconclusive: Policy
    hypothesis_profile: str | None
    here: Path
    root: Path


@dataclass(frozen=True, slots=True)
class Keywords:
    """The keywords of a mark `indexlab_contract`, as they were written; `plan` and folders of `fixtures` are found from the test's file."""

    plan: str | None = None
    profile: str | None = None
    seed: int | None = None
    only: tuple[str, ...] = ()
    skip: tuple[str, ...] = ()
    fixtures: tuple[str, ...] = ()
    expect: Mapping[str, object] = field(default_factory=dict)
    estimate: int | None = None


@dataclass(frozen=True, slots=True)
class Asked:
    """One audit of one target: the plan, the folder wanted for its report, and the folder in which it runs."""

    plan: AuditPlan
    folder: Path
    base: Path

    @property
    def target(self) -> str:
        """The label of the target."""
        return self.plan.targets[0]


def wanted(config: pytest.Config) -> Wanted:
    """Read the options."""
    seed = config.getoption("--indexlab-seed")
    plan = config.getoption("--indexlab-plan")
    here = config.invocation_params.dir
    return Wanted(
        targets=tuple(dict.fromkeys(config.getoption("--indexlab-target"))),
        plan=None if plan is None else here / plan,
        profile=config.getoption("--indexlab-profile"),
        seed=_hypothesis_seed(config) if seed is None else seed,
        jobs=config.getoption("--indexlab-jobs"),
        fixtures=tuple(config.getoption("--indexlab-fixture")),
        only=tuple(name.strip() for given in config.getoption("--indexlab-only") for name in given.split(",") if name.strip()),
        headers=tuple(Secret(header) for header in config.getoption("--indexlab-header")),
        inconclusive=cast("Policy", config.getoption("--indexlab-inconclusive")),
        hypothesis_profile=config.getoption("--hypothesis-profile", None),
        here=here,
        root=config.rootpath,
    )


def _hypothesis_seed(config: pytest.Config) -> int | None:
    """Return Hypothesis' seed where it is a number that can be one of ours; Hypothesis takes others, too."""
    given = str(config.getoption("--hypothesis-seed", None))
    return int(given) if given.isascii() and given.isdigit() else None


def keywords(given: Mapping[str, object]) -> Keywords:
    """Read the keywords of a mark. Raises InputError with the nearest one."""
    for name, value in given.items():
        if name not in Keywords.__slots__:
            raise InputError("is no keyword of indexlab_contract", key=name, remedy=did_you_mean(name, Keywords.__slots__))
        if name in _LISTS:
            fits, words = isinstance(value, list | tuple) and all(isinstance(each, str) for each in value), "a list of texts"
        elif name in _NUMBERS:
            fits, words = isinstance(value, int) and not isinstance(value, bool) and value >= 0, "a whole number of at least 0"
        elif name == "expect":
            fits, words = isinstance(value, dict), "a dict with keys of [expect]"
        else:
            fits, words = isinstance(value, str), "a text"
        if not fits:
            raise InputError(f"must be {words}, was {value!r}", key=name)
    lists = {name: tuple(cast("Iterable[str]", given[name])) for name in _LISTS if name in given}
    return Keywords(**{**given, **lists})  # type: ignore[arg-type]


def asked(wish: Wanted, target: str | None = None, words: Keywords | None = None, file: Path | None = None) -> Asked:
    """Return the audit that is asked for; `file` is that of a marked test, whose plan is found from there. Raises InputError.

    Without a target, the plan file's own is asked.
    """
    words = words or Keywords()
    path, plan = _plan_file(wish, words, file)
    if target is None and plan.use is None:
        raise InputError(_NO_TARGET)
    here = wish.here if file is None else path.parent if path is not None else wish.root
    beside = here if file is None else file.parent
    flags = Flags(
        targets=() if target is None else (target,),
        plan=path,
        profile=wish.profile or words.profile or plan.profile or (wish.hypothesis_profile if wish.hypothesis_profile in PROFILES else None),
        only=wish.only or words.only,
        skip=words.skip,
        fixtures=wish.fixtures or tuple(str(beside / name) if (beside / name).is_dir() else name for name in words.fixtures),
        seed=wish.seed if wish.seed is not None else words.seed,
        jobs=wish.jobs,
        expect=tuple(words.expect.items()),
        estimate=words.estimate,
        reaching=Reaching(headers=wish.headers),
    )
    made, folder, base = effective_plan(flags, here, os.cpu_count() or 1, time.monotonic, lambda: False, datetime.now(UTC).date())
    return Asked(made, base / folder, base)


def _plan_file(wish: Wanted, words: Keywords, file: Path | None) -> tuple[Path | None, PlanFile]:
    """Return the plan file: the one named, else the nearest at or above the test's file, or where pytest was called, or its rootdir."""
    path = wish.plan
    if path is None and words.plan is not None:
        path = (file.parent if file is not None else wish.here) / words.plan
    if path is None:
        path = find_plan(file.parent) if file is not None else find_plan(wish.here) or find_plan(wish.root)
    return path, PlanFile() if path is None else read_plan(path)


def selected(wish: Wanted, words: Keywords, file: Path) -> tuple[str, ...]:
    """Return what a marked function is a test of, where the target is known only when it runs: properties, and the coverage. Raises InputError."""
    _, plan = _plan_file(wish, words, file)
    only, skip = wish.only or words.only or plan.only, words.skip or plan.skip
    for name in (*only, *skip):
        find_property(name)
    chosen = tuple(prop.id for prop in properties() if (not only or prop.id in only) and prop.id not in skip)
    if not chosen:
        raise NothingSelected("leaves no property to judge", key="selection", remedy="widen only or narrow skip")
    return (*chosen, COVERAGE) if plan.require_coverage else chosen


def judged_by(audit: Asked) -> tuple[str, ...]:
    """Return what an audit judges, when all that can be known to be wrong with it has been looked at: properties, and the coverage. Raises InputError."""
    with chdir(audit.base):
        chosen = checked(audit.plan)
    return (*chosen, COVERAGE) if audit.plan.require_coverage else chosen
