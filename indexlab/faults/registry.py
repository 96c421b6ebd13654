"""Which faults there are: the bundled ones, a small file each, and third parties' by entry point. It imports a fault only when that is asked for.

A third party's entry point in the group `indexlab.faults` is a name and an object of the class indexlab.faults.fault.Fault of the same name.
"""

from __future__ import annotations

from functools import cache
from importlib import import_module
from importlib.metadata import EntryPoint, entry_points
from typing import TYPE_CHECKING, Final, cast

from indexlab.market.errors import InputError, did_you_mean

if TYPE_CHECKING:
    from indexlab.faults.fault import Fault

__all__ = ["BUNDLED", "GROUP", "fault", "fault_names"]

GROUP: Final = "indexlab.faults"
BUNDLED: Final = (
    *("stop", "gap", "flap", "thin"),
    *("freeze", "freeze-stamped", "replay"),
    *("lag", "relabelled-lag", "jitter", "out-of-order", "burst"),
    *("skew", "drift", "unit", "timezone"),
    *("spike", "level", "decimal", "invert", "wrong-market", "stuck-digit", "truncate", "float32", "noise"),
    *("null", "zero", "negative", "huge", "tiny", "crossed-book", "empty-side"),
    *("wash", "volume-zero", "volume-null"),
    *("depeg", "rebase"),
    *("flash-crash", "squeeze", "ramp", "threshold-rider"),
    "agree",
    *("duplicate", "drop", "reorder-across-sources"),
)
"""The bundled faults, family by family."""


def fault_names() -> tuple[str, ...]:
    """Return the names of all faults: the bundled ones, then third parties' in alphabetical order.

    Raises InputError where a third party's has the name of a bundled one.
    """
    return BUNDLED + tuple(sorted(_foreign()))


@cache
def fault(name: str) -> Fault:
    """Return the fault of this name. Raises InputError with the nearest name where there is none, and where a third party's is none."""
    if name in BUNDLED:
        return cast("Fault", import_module(f"indexlab.faults.{name.replace('-', '_')}").FAULT)
    foreign = _foreign()
    if name in foreign:
        return _loaded(foreign[name])
    problem = f'there is no fault "{name}"'
    raise InputError(problem, remedy=did_you_mean(name, fault_names()))


def _foreign() -> dict[str, EntryPoint]:
    found = {entry.name: entry for entry in entry_points(group=GROUP)}
    for name in BUNDLED:
        if name in found:
            problem = f'the fault "{name}" ({found[name].value}) has the name of a bundled one'
            raise InputError(problem, remedy=f"rename the entry point in the group {GROUP}")
    return found


def _loaded(entry: EntryPoint) -> Fault:
    from indexlab.faults.fault import Fault

    where = f'the fault "{entry.name}" ({entry.value})'
    try:
        found = entry.load()
    except Exception as error:
        problem = f"{where} cannot be loaded: {type(error).__name__}: {error}"
        raise InputError(problem, remedy="mend or uninstall the package that brings it") from error
    if not isinstance(found, Fault):
        problem = f"{where} must be an object of indexlab.faults.fault.Fault, was {type(found).__name__}"
        raise InputError(problem)
    if found.name != entry.name:
        problem = f'{where} must have the name of its entry point, was "{found.name}"'
        raise InputError(problem)
    return found
