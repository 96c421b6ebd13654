"""The effective plan: flags over the plan file over defaults."""

from __future__ import annotations

import os
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from indexlab.audit.baseline import find_baseline, read_baseline
from indexlab.audit.plan import AuditPlan, PlanFile, checked_profile, find_plan, read_plan
from indexlab.audit.save import new_folder
from indexlab.audit.venues import check_marked, checked_venue, is_file, rules_named
from indexlab.index.catalogue import preset_names
from indexlab.market.errors import InputError
from indexlab.scenarios.expect import Layer
from indexlab.targets.reaching import NOTHING, Reaching, options_of

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import date

    from indexlab.audit.baseline import Baseline
    from indexlab.market.source import Basket
    from indexlab.targets.options import TargetOptions

__all__ = ["Flags", "TalkPlan", "effective_plan", "options_here", "talk_of"]


@dataclass(frozen=True, slots=True)
class Flags:
    """What a person typed; None or empty where they did not."""

    targets: tuple[str, ...] = ()
    plan: Path | None = None
    profile: str | None = None
    only: tuple[str, ...] = ()
    skip: tuple[str, ...] = ()
    fixtures: tuple[str, ...] = ()
    seed: int | None = None
    out: Path | None = None
    jobs: int | None = None
    expect: tuple[tuple[str, object], ...] = ()
    estimate: int | None = None
    require_coverage: bool = False
    reaching: Reaching = NOTHING
    against: str | None = None
    tolerance: str | None = None
    baseline: Path | None = None
    no_baseline: bool = False


def effective_plan(
    flags: Flags, here: Path, cores: int, clock: Callable[[], float], stop: Callable[[], bool], today: date | None = None
) -> tuple[AuditPlan, Path, Path]:
    """Return the plan, the folder in which its report will be made, and the folder in which its target is to be run. Raises InputError.

    What a plan file names is found from where the file lies, and its target runs there; what a flag names, from where the user stands. Without `today`
    no baseline is read: it says until when a finding is known.
    """
    file = _plan_file(flags, here)
    base = here if file.path is None else file.path.resolve().parent
    survey = not flags.targets and file.use is None
    targets = flags.targets or ((file.use,) if file.use else tuple(f"preset:{name}" for name in preset_names()))
    targets = tuple(dict.fromkeys(label if ":" in label else f"preset:{label}" for label in targets))
    seed = flags.seed if flags.seed is not None else file.seed if file.seed is not None else 0
    moved = base != here and not flags.targets and file.use is not None
    usual = Path("reports") / f"{_name_of(targets, survey=survey)}-{seed}"
    folder = flags.out or (usual if file.out is None else Path(file.out) if moved or base == here else base / file.out)
    fixtures = tuple(_found_from(here, name) if moved else name for name in flags.fixtures) or tuple(_found_from(base, name) for name in file.fixtures)
    against = _against(flags, file, here, base, moved=moved)
    if against and survey:
        problem = "holds a target against another, and no target is named"
        raise InputError(problem, key="--against" if flags.against else "target.against", remedy="name one: a survey judges nobody")
    layers = []
    if flags.tolerance is not None:
        if not against:
            problem = "says how far two targets may be apart, and there is no other one"
            raise InputError(problem, key="--tolerance", remedy="name it with --against")
        layers.append(Layer("--tolerance", {"max_disagreement": flags.tolerance}))
    if flags.expect:
        layers.append(Layer("--expect", dict(flags.expect)))
    if file.expect:
        layers.append(Layer(file.origin, file.expect))
    plan = AuditPlan(
        targets=targets,
        survey=survey,
        profile=checked_profile(flags.profile) or file.profile or "quick",
        seed=seed,
        jobs=flags.jobs or file.jobs or max(min(cores, 8), 1),
        layers=tuple(layers),
        only=flags.only or file.only,
        skip=flags.skip or file.skip,
        fixtures=fixtures,
        sources=file.sources,
        folder=str(folder),
        clock=clock,
        stop=stop,
        estimate=flags.estimate if flags.estimate is not None else file.estimate,
        require_coverage=flags.require_coverage or bool(file.require_coverage),
        options=options_of(flags.reaching, _own_reaching(flags, file), environment=os.environ),
        against=against,
        name=file.name or "" if targets == (file.use,) else "",
        file=file.path,
        baseline=None if survey or today is None else _baseline(flags, base, today),
        venue=_venue(file, base, base if moved else here),
        mark=file.mark or "index",
    )
    return plan, here / folder if moved and flags.out else folder, base if moved else here


def _venue(file: PlanFile, base: Path, run_in: Path) -> str:
    if not file.venue:
        return ""
    try:
        found = checked_venue(file.venue, base, run_in)
        if file.mark == "venue":
            check_marked(rules_named(str(base / file.venue) if is_file(file.venue) else file.venue))
    except InputError as error:
        raise error if file.path is None else error.within(file.path) from None
    return found


def _baseline(flags: Flags, base: Path, today: date) -> Baseline | None:
    if flags.no_baseline:
        if flags.baseline is not None:
            problem = "and --no-baseline exclude one another"
            raise InputError(problem, key="--baseline")
        return None
    path = flags.baseline or find_baseline(base)
    return None if path is None else read_baseline(path, today)


@dataclass(frozen=True, slots=True)
class TalkPlan:
    """What a first conversation goes by: the target, how and in which folder it is reached, what the plan file promises, the sources that it gives."""

    target: str
    options: TargetOptions
    base: Path
    layers: tuple[Layer, ...]
    sources: Basket | None


def talk_of(label: str | None, reaching: Reaching, here: Path) -> TalkPlan:
    """Return what a conversation with a target goes by; without one, with that of the plan file found from a folder. Raises InputError."""
    file = _plan_file(Flags(), here)
    target = label or file.use
    if not target:
        raise InputError("is needed: no plan file names one", key="TARGET", remedy='indexlab target check exec:"./acme-index --stdio"')
    own = target == file.use
    base = here if file.path is None or label else file.path.resolve().parent
    options = options_of(reaching, file.reaching if own else NOTHING, environment=os.environ)
    return TalkPlan(target, options, base, (Layer(file.origin, file.expect),) if own and file.expect else (), file.sources if own else None)


def options_here(reaching: Reaching, label: str, here: Path) -> TargetOptions:
    """Return how a target is reached from a folder: by flags over what the plan file found there says of its own target. Raises InputError."""
    outside = label.partition(":")[0] not in {"preset", "file", "right", "planted", "planted-margin"}
    file = _plan_file(Flags(), here) if outside else PlanFile()
    return options_of(reaching, _own_reaching(Flags(targets=(label,)), file), environment=os.environ)


def _own_reaching(flags: Flags, file: PlanFile) -> Reaching:
    """Return how the file says that its own target is reached; whatever else is named gets none of it: its headers may be secrets."""
    return file.reaching if not flags.targets or set(flags.targets) == {file.use} else NOTHING


def _against(flags: Flags, file: PlanFile, here: Path, base: Path, *, moved: bool) -> str:
    """Return the label of the target that all are held against, "" for none; a methodology's file is found from where it was named, wherever the audit runs."""
    label = flags.against or file.against or ""
    scheme, colon, rest = label.partition(":")
    named, run = here if flags.against else base, base if moved else here
    if scheme == "file" and named != run and not Path(rest).is_absolute():
        return f"file:{named / rest}"
    bare = label and not colon and not set(label) & set("/. ")  # a path or a command without its scheme is refused as such
    return f"preset:{label}" if bare else label


def _found_from(folder: Path, name: str) -> str:
    return str(folder / name) if (folder / name).is_dir() else name


def _plan_file(flags: Flags, here: Path) -> PlanFile:
    path = flags.plan or find_plan(here)
    return PlanFile() if path is None else read_plan(path)


def _name_of(targets: tuple[str, ...], *, survey: bool) -> str:
    if survey:
        return "survey"
    if len(targets) > 1:
        return "audit"
    scheme, _, rest = targets[0].partition(":")
    word = rest.split()[0].rsplit("/", 1)[-1] if rest.split() else scheme
    word = word.removesuffix(".toml") if scheme == "file" else word
    kept = "".join(character if character.isalnum() or character in "-_." else "-" for character in word).strip("-.")
    return kept[:60] or "target"


def made_folder(plan: AuditPlan, folder: Path) -> tuple[AuditPlan, Path]:
    """Make the run's folder and return the plan that names it as it was made."""
    made = new_folder(folder)
    return replace(plan, folder=str(made)), made
