"""From the determinations of an old methodology to those of a new one, over a time (see `rules.Blend`)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from indexlab.index.determination import Determinations

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from indexlab.index.rules import Blend

__all__ = ["blended"]


def blended(blend: Blend, times: NDArray[np.int64], old: Determinations, new: Determinations) -> Determinations:
    """Return the old determinations before the switch, the new ones after it, and between them the linear mean of the two values."""
    span = times - blend.at_us
    if blend.every_us:
        span = span - span % blend.every_us
    share = np.clip(span / blend.over_us, 0.0, 1.0)
    before, over = times < blend.at_us, times >= blend.at_us + blend.over_us
    takes_old = before | (~over & np.isnan(new.value))
    takes_new = over | (~before & np.isnan(old.value))
    mixed = old.value * (1.0 - share) + new.value * share
    value = np.where(takes_old, old.value, np.where(takes_new, new.value, mixed))
    status = np.where(takes_old, old.status, np.where(takes_new, new.status, np.maximum(old.status, new.status))).astype(np.int8)
    notes = tuple(dict.fromkeys((*new.notes, *old.notes)))
    if old.weight is None or new.weight is None or old.used is None or new.used is None or old.reason is None or new.reason is None:
        return Determinations(value, status, notes=notes)
    rows = before[:, None]
    return Determinations(
        value,
        status,
        np.where(rows, old.weight, new.weight),
        np.where(rows, old.used, new.used),
        np.where(rows, old.reason, new.reason),
        notes,
    )
