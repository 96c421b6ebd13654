"""What `python:MODULE:ATTRIBUTE` may be: a function, or an object with the methods of the target protocol. Nothing is subclassed.

A function of three lines is a target:

    def index(params):
        prices = params["observations"]["price"]
        return {"index": [...], "status": [...]}      # an entry for each of params["times"]

`params` and what is returned are the bodies of docs/target-protocol.md: plain dicts, lists, numbers, None. In an answer
arrays of numpy and the like are welcome too.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

__all__ = ["BatchIndex", "Describing", "IndexFunction", "IndexObject", "MarginObject", "Params", "Result"]

Params: TypeAlias = "dict[str, object]"
"""`sources`, `observations` (columns of equal length, sorted by `receive_time`), `times`, and `rates` where quotes are in several currencies. It is the
target's own: what it changes in it, nobody else sees."""
Result: TypeAlias = "Mapping[str, object]"
"""`index` and `status`, an entry each for every one of `times`; optional `weights`, `used`, `reasons`, `confidence`."""


class IndexFunction(Protocol):
    """A function that determines one run, from an empty state."""

    def __call__(self, params: Params, /) -> Result:
        """Return the result of the run; whatever it raises is a failure of the target."""


class IndexObject(Protocol):
    """An object that determines one run, from an empty state: an instance, or a class that is called without arguments to make one."""

    def index(self, params: Params, /) -> Result:
        """Return the result of the run; whatever it raises is a failure of the target."""


class Describing(Protocol):
    """What an object may have besides: it describes itself. What it does not say is filled in: `protocol`, `name`, `provides`."""

    def describe(self) -> Mapping[str, object]:
        """Return `name`, `version`, `uses`, `expect`, `thresholds`, `columns`, `converts`, as far as there is something to say."""


class BatchIndex(Protocol):
    """What an object may have besides: it determines several runs at once, each from an empty state."""

    def index_batch(self, params: list[Params], /) -> Sequence[Result]:
        """Return a result for each of the runs, in their order."""


class MarginObject(Protocol):
    """What an object may have besides: a margin engine."""

    def margin(self, params: Params, /) -> Result:
        """Return `state` and `margin_ratio`, a row for each of `times`, an entry for each of `accounts`, and what else it says of what it was asked."""
