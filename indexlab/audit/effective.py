"""The effective plan: flags over the plan file over defaults."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from indexlab.audit.plan import PlanFile, checked_profile, find_plan, read_plan
from indexlab.audit.run import AuditPlan
from indexlab.audit.save import new_folder
from indexlab.index.catalogue import preset_names
from indexlab.scenarios.expect import Layer

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["Flags", "effective_plan"]


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


def effective_plan(flags: Flags, here: Path, cores: int, clock: Callable[[], float], stop: Callable[[], bool]) -> tuple[AuditPlan, Path, Path]:
    """Return the plan, the folder in which its report will be made, and the folder in which its target is to be run. Raises InputError.

    What a plan file names is found from where the file lies, and its target runs there; what a flag names, from where the user stands.
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
    layers = []
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
    )
    return plan, here / folder if moved and flags.out else folder, base if moved else here


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
