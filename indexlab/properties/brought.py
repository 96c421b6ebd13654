"""Properties that third parties bring through the entry point `indexlab.properties`: whatever is wrong with one makes its own result inconclusive.

An entry point is an id and what it names: a `Property` of that id, or a function from a run to an `Outcome`, whose docstring's first line is the statement.
"""

from __future__ import annotations

from dataclasses import replace
from importlib.metadata import entry_points
from typing import TYPE_CHECKING, Final, cast

from indexlab.market.errors import InputError
from indexlab.properties.property import Breach, Occasion, Outcome, Property

if TYPE_CHECKING:
    from collections.abc import Collection
    from importlib.metadata import EntryPoint

    from indexlab.properties.property import Check
    from indexlab.properties.run import Run

__all__ = ["GROUP", "brought"]

GROUP: Final = "indexlab.properties"


def brought(taken: Collection[str]) -> tuple[Property, ...]:
    """Return third parties' properties, sorted by id. Raises InputError where one has an id that is `taken` or that another one has too."""
    found: dict[str, Property] = {}
    for entry in sorted(entry_points(group=GROUP), key=lambda entry: (entry.name, entry.value)):
        if entry.name in taken or entry.name in found:
            problem = f'the property "{entry.name}" ({entry.value}) has the name of {"a bundled one" if entry.name in taken else "another one"}'
            raise InputError(problem, remedy=f"rename the entry point in the group {GROUP}, or uninstall the package that brings it")
        try:
            found[entry.name] = _guarded(_loaded(entry))
        except InputError as error:
            found[entry.name] = _unusable(entry.name, error)
    return tuple(found.values())


def _loaded(entry: EntryPoint) -> Property:
    key = f"entry point {GROUP} {entry.name}"
    try:
        given: object = entry.load()
    except Exception as error:
        problem = f"cannot be loaded: {type(error).__name__}: {error}"
        raise InputError(problem, key=key, remedy="mend or uninstall the package that brings it") from error
    if callable(given) and not isinstance(given, (Property, type)):
        said = (given.__doc__ or entry.name).strip().splitlines()[0]
        given = Property(id=entry.name, statement=said[:1].lower() + said[1:].rstrip("."), check=cast("Check", given))
    if not isinstance(given, Property):
        problem = f"must name a Property or a function that checks a run, was {type(given).__name__}"
        raise InputError(problem, key=key)
    if given.id != entry.name:
        problem = f'must have the name of its property "{given.id}"'
        raise InputError(problem, key=key)
    return given


def _unusable(name: str, error: InputError) -> Property:
    """Return what stands in for a property that is none: listed with what is wrong with it, and never judged."""

    def check(_: Run) -> Outcome:
        raise error

    return Property(id=name, statement=str(error), check=check)


def _guarded(prop: Property) -> Property:
    """Return the same property; what its check gives is looked at, and an `applies` that raises leaves it applicable, for its check to raise the same."""

    def check(run: Run) -> Outcome:
        prop.applies(Occasion(run.expect, run.uses, ("index",)))
        outcome = prop.check(run)
        problem = _misfit(outcome, run)
        if problem:
            raise TypeError(problem)
        return outcome

    def applies(occasion: Occasion) -> str:
        try:
            return str(prop.applies(occasion))
        except Exception:  # noqa: BLE001 - a third party's code; its check raises the same, and that is its result
            return ""

    return replace(prop, check=check, applies=applies)


def _misfit(outcome: object, run: Run) -> str:
    """Say what is wrong with what a check gave, or "": what is counted and told of it further on must not stumble over it."""
    if not isinstance(outcome, Outcome):
        return f"it must return an Outcome, was {type(outcome).__name__}"
    counts: tuple[object, ...] = (outcome.scenarios, outcome.premise_met, outcome.breached)
    if any(not isinstance(count, int) or count < 0 for count in counts):
        return f"its counts must be whole numbers from 0 on (int), were {counts}"
    if bool(outcome.breached) != (outcome.breach is not None):
        return f"it must show a breach exactly where it counts one, counted {outcome.breached}"
    if outcome.by_twin is not None:
        lengths = {len(outcome.by_twin.met), len(outcome.by_twin.broken), len(outcome.by_twin.size)}
        if lengths != {len(run.twins)}:
            return f"by_twin must have an entry for each of the {len(run.twins)} broken twins, had {sorted(lengths)}"
    return "" if outcome.breach is None else _misplaced(outcome.breach, run)


def _misplaced(breach: object, run: Run) -> str:
    if not isinstance(breach, Breach):
        return f"its breach must be a Breach, was {type(breach).__name__}"
    if not -1 <= breach.twin < len(run.twins) or not 0 <= breach.at < len(run.times):
        return f"its breach must lie in one of {len(run.twins)} twins and {len(run.times)} publications, was twin {breach.twin} and publication {breach.at}"
    return ""
