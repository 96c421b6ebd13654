"""What a measurement of power holds, and its file: power.json, in the run's folder and, of the last one measured, inside the package."""

from __future__ import annotations

import json
from importlib import resources
from statistics import median
from typing import TYPE_CHECKING, Final

import msgspec

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["Alarm", "Attempt", "Equivalent", "Kill", "Measured", "Power", "RightRun", "Smallest", "Survivor", "power_bytes", "read_power", "shipped_power"]

_SHIPPED: Final = "power.json"


class Smallest(msgspec.Struct, frozen=True):
    """What a kill's scenario shrank to: its size, the faults left in it, the evaluations that it cost, and what it shows in one sentence."""

    sources: int
    quotes: int
    faults: int
    fault_names: list[str]
    evaluations: int
    sentence: str


class Kill(msgspec.Struct, frozen=True):
    """How a planted defect was found: the first property that told it from the right rules, and in which scenario.

    `also` are the other properties that the same batch broke. `evaluations` counts the runs asked of the target until then, `seconds` the time of one worker.
    `smallest` is given for a defect's first methodology.
    """

    property: str
    also: list[str]
    scenario: str
    evaluations: int
    seconds: float
    smallest: Smallest | None = None


class Alarm(msgspec.Struct, frozen=True):
    """A verdict on a right target that it had not declared; `sentence` is the finding's, or why there is no verdict."""

    target: str
    property: str
    verdict: str
    sentence: str


class Attempt(msgspec.Struct, frozen=True):
    """One defect in one methodology: how it was killed (None: it survived), and what it broke that the right rules keep.

    `broken` counts scenarios by property; `alarms` are of the right rules in the same scenarios.
    `problem` says why it could not be judged, `cut` that a limit or Ctrl-C ended it before its budget was spent.
    """

    defect: str
    method: str
    kill: Kill | None
    broken: dict[str, int]
    evaluations: int
    alarms: list[Alarm] = []
    problem: str = ""
    cut: bool = False


class RightRun(msgspec.Struct, frozen=True):
    """One right target: scenarios run, properties judged, and what was said of it that should not have been."""

    target: str
    scenarios: int
    judged: int
    alarms: list[Alarm] = []
    cut: bool = False


class Survivor(msgspec.Struct, frozen=True):
    """A defect that some methodology hides: those it survived in, and what is known of why."""

    defect: str
    methods: list[str]
    notes: list[str] = []


class Equivalent(msgspec.Struct, frozen=True):
    """A change that no scenario can tell from the right rules, in these methodologies, and why."""

    defect: str
    methods: list[str]
    reason: str


class Measured(msgspec.Struct, frozen=True):
    """A kill as the file lists it: the defect, the methodology, the kill."""

    defect: str
    method: str
    kill: Kill


class Power(msgspec.Struct, frozen=True):
    """power.json.

    The first keys are figures. `matrix` counts, by defect and property, the scenarios in which the property was broken: in all built-in batches in the
    defect's first methodology, until the kill in the others.
    `seconds_*` are over all kills, in seconds of one worker; they alone differ between equal runs. `pairs` are defects in methodologies; a defect is
    killed when it is in every methodology that it was planted in.
    """

    defects: int
    killed: int
    survivors: list[Survivor]
    equivalent: list[Equivalent]
    false_alarms: int
    seconds_median: float | None
    seconds_max: float | None
    matrix: dict[str, dict[str, int]]
    schema: int
    indexlab: str
    kind: str
    profile: str
    seed: int
    interrupted: bool
    pairs: int
    pairs_killed: int
    not_run: list[str]
    properties: list[str]
    properties_that_kill_nothing: list[str]
    right_targets: int
    right_profile: str
    right_scenarios: int
    alarms: list[Alarm]
    kills: list[Measured]

    @property
    def silent(self) -> bool:
        """Whether nothing was said of what is right."""
        return not self.alarms

    @property
    def complete(self) -> bool:
        """Whether every defect was killed and nothing was left out."""
        return not self.survivors and not self.not_run and not self.interrupted


def figures(kills: Iterable[Kill]) -> tuple[float | None, float | None]:
    """Return the median and the largest of the seconds to a kill; None where there is none."""
    seconds = [kill.seconds for kill in kills]
    return (round(median(seconds), 3), round(max(seconds), 3)) if seconds else (None, None)


def power_bytes(power: Power) -> bytes:
    """Return power.json as written: a line a kill and a line a row of the matrix, so that two measurements can be compared."""
    lines = []
    for name, value in msgspec.to_builtins(power).items():
        lines.append(f" {json.dumps(name)}: {_block(value) if name in ('matrix', 'kills', 'alarms', 'survivors', 'equivalent') else _inline(value)}")
    return ("{\n" + ",\n".join(lines) + "\n}\n").encode()


def _inline(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, allow_nan=False)


def _block(value: dict[str, object] | list[object]) -> str:
    if not value:
        return _inline(value)
    if isinstance(value, dict):
        return "{\n" + ",\n".join(f"  {_inline(key)}: {_inline(inner)}" for key, inner in value.items()) + "\n }"
    return "[\n" + ",\n".join(f"  {_inline(inner)}" for inner in value) + "\n ]"


def read_power(content: bytes) -> Power:
    """Read power.json. Raises msgspec.ValidationError where it is none."""
    return msgspec.json.decode(content, type=Power)


def shipped_power() -> Power | None:
    """Return the measurement that this version carries; None where it carries none that can be read."""
    try:
        return read_power(resources.files("indexlab.audit").joinpath(_SHIPPED).read_bytes())
    except (OSError, msgspec.DecodeError):
        return None
