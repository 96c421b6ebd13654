"""The properties by id: the bundled ones, and those that others bring through the entry point `indexlab.properties`."""

from __future__ import annotations

from functools import cache
from importlib.metadata import entry_points

from indexlab.market.errors import InputError, did_you_mean
from indexlab.properties import (
    availability,
    determinism,
    duplicates,
    hull,
    invalid_values,
    lagging_source,
    late_data,
    margin_stability,
    protocol,
    quorum,
    recovery,
    responsiveness,
    scale,
    silent_source,
    single_source,
    source_order,
)
from indexlab.properties.property import Property

__all__ = ["find_property", "properties"]

_BUNDLED = (
    protocol,
    determinism,
    source_order,
    duplicates,
    late_data,
    scale,
    hull,
    invalid_values,
    silent_source,
    lagging_source,
    single_source,
    quorum,
    availability,
    responsiveness,
    recovery,
    margin_stability,
)


@cache
def properties() -> tuple[Property, ...]:
    """Return all properties in the order of reports. Raises InputError where a plug-in brings something else."""
    found = [module.PROPERTY for module in _BUNDLED]
    for entry in sorted(entry_points(group="indexlab.properties"), key=lambda entry: entry.name):
        try:
            brought = entry.load()
        except Exception as error:
            problem = f"could not be loaded: {error}"
            raise InputError(problem, key=f"entry point indexlab.properties {entry.name}") from error
        if not isinstance(brought, Property) or any(brought.id == known.id for known in found):
            problem = "must be a Property with an id of its own"
            raise InputError(problem, key=f"entry point indexlab.properties {entry.name}")
        found.append(brought)
    return tuple(found)


def find_property(name: str) -> Property:
    """Return a property by its id. Raises InputError with the nearest id."""
    for prop in properties():
        if prop.id == name:
            return prop
    problem = f'names no property, was "{name}"'
    raise InputError(problem, key="property", remedy=did_you_mean(name, [prop.id for prop in properties()]))
