"""The properties by id: the bundled ones, and those that others bring through the entry point `indexlab.properties`."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from indexlab.market.errors import InputError, did_you_mean
from indexlab.properties import (
    agreement,
    availability,
    common_mode,
    determinism,
    duplicates,
    explanation,
    funding_bounds,
    future_time,
    hull,
    invalid_values,
    isolation,
    lagging_source,
    late_data,
    liquidation_rules,
    margin_recovery,
    margin_rules,
    margin_stability,
    minority_weight,
    no_flapping,
    no_silent_freeze,
    partial_move,
    protocol,
    quorum,
    quote_depeg,
    recovery,
    responsiveness,
    scale,
    silent_source,
    single_source,
    small_bias,
    source_order,
    start_up,
    time_shift,
    unanimity,
    volume_capture,
    weight_zero,
)
from indexlab.properties.brought import brought

if TYPE_CHECKING:
    from indexlab.properties.property import Property

__all__ = ["find_property", "properties"]

_BUNDLED = (
    protocol,
    determinism,
    source_order,
    duplicates,
    late_data,
    scale,
    time_shift,
    weight_zero,
    hull,
    unanimity,
    minority_weight,
    invalid_values,
    future_time,
    silent_source,
    lagging_source,
    single_source,
    volume_capture,
    quote_depeg,
    common_mode,
    isolation,
    small_bias,
    start_up,
    quorum,
    availability,
    responsiveness,
    partial_move,
    recovery,
    no_flapping,
    explanation,
    agreement,
    margin_stability,
    margin_recovery,
    no_silent_freeze,
    funding_bounds,
    margin_rules,
    liquidation_rules,
)


@cache
def properties() -> tuple[Property, ...]:
    """Return all properties in the order of reports: the bundled ones, then what others bring, of which one that is none is only inconclusive itself."""
    bundled = tuple(module.PROPERTY for module in _BUNDLED)
    return (*bundled, *brought([prop.id for prop in bundled]))


def find_property(name: str) -> Property:
    """Return a property by its id. Raises InputError with the nearest id."""
    for prop in properties():
        if prop.id == name:
            return prop
    problem = f'names no property, was "{name}"'
    raise InputError(problem, key="property", remedy=did_you_mean(name, [prop.id for prop in properties()]))
