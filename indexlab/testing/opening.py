"""Whatever a user has as an index, opened once and kept open: a label, a function, an object with the protocol's methods, a target of ours.

Starting a process for each example would cost more than all else; what was opened is closed when Python ends, or a pytest session does.
"""

from __future__ import annotations

import atexit
import os
from collections.abc import Hashable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, TypeAlias, cast

from indexlab.market.errors import InputError, TargetFailure
from indexlab.targets.target import undescribed

if TYPE_CHECKING:
    from indexlab.targets.callable import IndexFunction, IndexObject
    from indexlab.targets.target import Description, Target

__all__ = ["Index", "Opened", "close_all", "opened"]


Index: TypeAlias = "str | IndexFunction | IndexObject | type[IndexObject] | Target"


@dataclass(frozen=True, slots=True)
class Opened:
    """A target that is kept open, what it says of itself, and how it failed to say it."""

    target: Target
    description: Description
    failure: TargetFailure | None


_kept: Final[dict[tuple[int, object], tuple[Opened, object]]] = {}


def opened(index: Index) -> Opened:
    """Return the index as a target, started and described when it is first asked for. Raises InputError where it is nothing that can be asked."""
    # another process must not use what this one has opened
    key = os.getpid(), index if isinstance(index, Hashable) else id(index)
    if key not in _kept:
        # beside it the object itself: an id belongs to it alone only as long as it lives
        _kept[key] = _described(_target(index)), index
    return _kept[key][0]


def _target(index: Index) -> Target:
    if isinstance(index, str):
        from indexlab.targets.resolve import open_target

        return open_target(index)
    if hasattr(index, "label") and hasattr(index, "kind"):
        return cast("Target", index)
    if not callable(index) and not hasattr(index, "index"):
        problem = f"must be a target's label, a function of params, an object with the method index, or a target, was {type(index).__name__}"
        raise InputError(problem, key="index", remedy='write "exec:./acme-index --stdio"')
    from indexlab.targets.python import python_target

    return python_target(index)


def _described(target: Target) -> Opened:
    try:
        return Opened(target, target.describe(), None)
    except TargetFailure as failure:
        return Opened(target, undescribed(target.label), failure)


def close_all() -> None:
    """Close everything that was opened here; what is asked again is opened again."""
    mine = [key for key in _kept if key[0] == os.getpid()]
    for key in mine:
        _kept.pop(key)[0].target.close()


atexit.register(close_all)
