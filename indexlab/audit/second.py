"""The second target of an audit, which the first is held against: what it says of itself, and how it is reached."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from indexlab.market.errors import TargetFailure
from indexlab.targets.methodology import MethodologyTarget
from indexlab.targets.resolve import open_target
from indexlab.targets.target import undescribed

if TYPE_CHECKING:
    from indexlab.audit.plan import AuditPlan
    from indexlab.targets.options import TargetOptions
    from indexlab.targets.target import Description

__all__ = ["Second", "options_for_second", "second_of"]


@dataclass(frozen=True, slots=True)
class Second:
    """What is known of the second target before anything is run; `dear`: its answers cost more than the engine's. `note` says what went wrong."""

    description: Description
    dear: bool
    note: str = ""


def second_of(plan: AuditPlan) -> Second | None:
    """Ask the second target about itself; None where there is none. One that does not describe itself is asked all the same."""
    if not plan.against:
        return None
    with open_target(plan.against, options_for_second(plan.options)) as target:
        dear = target.kind == "process" or (isinstance(target, MethodologyTarget) and target.textbook)
        try:
            return Second(target.describe(), dear)
        except TargetFailure as failure:
            return Second(undescribed(plan.against), dear, f"{plan.against}, which it is held against, failed to describe itself: {failure.detail}")


def options_for_second(options: TargetOptions) -> TargetOptions:
    """Return how the second target is reached: as the first, but for its headers, which may be secrets and are the first one's alone."""
    return replace(options, headers=())
