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
    mixed = old.value * (1.0 - share) + new.value * share
    value = np.where(np.isnan(new.value) | (share <= 0), old.value, np.where(np.isnan(old.value) | (share >= 1), new.value, mixed))
    begun = times >= blend.at_us
    value = np.where((share <= 0), old.value, np.where(share >= 1, new.value, value))
    both = np.maximum(old.status, new.status)
    status = np.where(
        share <= 0, old.status, np.where(share >= 1, new.status, np.where(np.isnan(new.value), old.status, np.where(np.isnan(old.value), new.status, both)))
    )
    rows = begun[:, None]
    if old.weight is None or new.weight is None or old.used is None or new.used is None or old.reason is None or new.reason is None:
        return Determinations(value, status.astype(np.int8), notes=tuple(dict.fromkeys((*old.notes, *new.notes))))
    return Determinations(
        value,
        status.astype(np.int8),
        np.where(rows, new.weight, old.weight),
        np.where(rows, new.used, old.used),
        np.where(rows, new.reason, old.reason),
        tuple(dict.fromkeys((*old.notes, *new.notes))),
    )
