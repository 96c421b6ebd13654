"""Right targets: declarations over bands, limits, aggregations, both clocks and 3 to 20 sources, each with its own honest promise.

They are the other half of power: an audit that finds every planted defect is worth little if it also finds what is not there. As `right:NAME`
each is a target like any other.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Final, NamedTuple, TypeAlias

from indexlab.market.errors import InputError, did_you_mean

if TYPE_CHECKING:
    from collections.abc import Mapping

    from indexlab.targets.methodology import MethodologyTarget

__all__ = ["RIGHT_TARGETS", "RightTarget", "open_right"]

_Rules: TypeAlias = "Mapping[str, str | int | float]"


class RightTarget(NamedTuple):
    """A methodology (TOML) that keeps what its [expect] says; `sources` is how many its basket has, None where baskets are drawn."""

    name: str
    text: str
    sources: int | None

    @property
    def label(self) -> str:
        """What a person types to name it."""
        return f"right:{self.name}"


def open_right(name: str) -> MethodologyTarget:
    """Return a right target by its name. Raises InputError where there is none of that name."""
    from indexlab.index.declaration import parse_declaration
    from indexlab.targets.methodology import MethodologyTarget

    for right in RIGHT_TARGETS:
        if right.name == name:
            return MethodologyTarget(right.label, parse_declaration(right.text, file=right.label))
    problem = "is no right target"
    raise InputError(problem, key=f"target right:{name}", remedy=did_you_mean(name, [right.name for right in RIGHT_TARGETS]))


_CLAMP: Final[_Rules] = {
    "staleness.at_limit": "live",
    "validity.accept": "positive",
    "outlier.rule": "clamp",
    "outlier.comparison": ">",
    "weights.kind": "equal",
    "aggregation.rule": "weighted-mean",
    "quorum.below": "halt",
}
_DROP: Final[_Rules] = {
    "staleness.at_limit": "live",
    "validity.invalid": "ignore",
    "outlier.rule": "drop",
    "outlier.comparison": ">",
    "outlier.several": "median",
    "weights.kind": "fixed",
    "aggregation.rule": "weighted-mean",
    "quorum.below": "hold",
}
_ROBUST: Final[_Rules] = {"outlier.rule": "none", "weights.kind": "equal", "quorum.below": "halt"}
_MEDIAN: Final[_Rules] = {**_ROBUST, "aggregation.rule": "median", "aggregation.even": "mean"}
_WEIGHTED: Final[_Rules] = {**_ROBUST, "aggregation.rule": "weighted-median", "aggregation.tie": "lower", "weights.kind": "fixed"}
_TRIMMED: Final[_Rules] = {**_ROBUST, "aggregation.rule": "drop-highest-and-lowest"}


def _right(name: str, like: _Rules, silence: str, clock: str, changes: _Rules | None = None, *, sources: int | None = None, faulty: int = 1) -> RightTarget:
    """Write a declaration: `like` with `changes`, three sources for a quorum unless they say otherwise, and the promise that goes with it."""
    rules: dict[str, str | int | float] = {"methodology.id": name, "methodology.name": name, "staleness.silence": silence, "staleness.clock": clock}
    rules |= {"quorum.ok_from": 3, **like, **(changes or {})}
    rules |= {"expect.max_age": silence, "expect.clock": clock, "expect.min_sources": rules["quorum.ok_from"], "expect.faulty_sources": faulty}
    sections: dict[str, list[str]] = {}
    for key, value in rules.items():
        section, _, leaf = key.partition(".")
        sections.setdefault(section, []).append(f"{leaf} = {json.dumps(value)}")
    return RightTarget(name, "\n".join(line for section, lines in sections.items() for line in (f"[{section}]", *lines)) + "\n", sources)


RIGHT_TARGETS: Final[tuple[RightTarget, ...]] = (
    _right("clamp-half-percent", _CLAMP, "60s", "event", {"outlier.band": "0.5%"}),
    _right("clamp-half-percent-receive", _CLAMP, "60s", "receive", {"outlier.band": "0.5%"}),
    _right("clamp-30bp", _CLAMP, "15s", "event", {"outlier.band": "30bp"}),
    _right("clamp-1-percent-weights", _CLAMP, "30s", "event", {"outlier.band": "1%", "weights.kind": "fixed"}),
    _right("clamp-3-percent-weights", _CLAMP, "60s", "receive", {"outlier.band": "3%", "weights.kind": "fixed"}),
    _right("clamp-5-percent", _CLAMP, "45s", "event", {"outlier.band": "5%"}),
    _right("clamp-mid", _CLAMP, "3m", "event", {"outlier.band": "0.5%", "input.price": "mid", "validity.invalid": "exclude"}),
    _right("clamp-mid-receive", _CLAMP, "20s", "receive", {"outlier.band": "1%", "input.price": "mid"}),
    _right("clamp-exclude", _CLAMP, "60s", "event", {"outlier.band": "2%", "validity.invalid": "exclude"}),
    _right("clamp-hold", _CLAMP, "90s", "event", {"outlier.band": "2%", "quorum.below": "hold"}),
    _right("clamp-degrade", _CLAMP, "60s", "event", {"outlier.band": "2%", "quorum.below": "degrade"}),
    _right("clamp-10bp", _CLAMP, "60s", "event", {"outlier.band": "10bp"}),
    _right("drop-5-percent", _DROP, "60s", "event", {"outlier.band": "5%"}),
    _right("drop-5-percent-10s", _DROP, "10s", "event", {"outlier.band": "5%"}),
    _right("drop-3-percent", _DROP, "60s", "receive", {"outlier.band": "3%", "outlier.comparison": ">="}),
    _right("drop-2-percent-equal", _DROP, "30s", "event", {"outlier.band": "2%", "weights.kind": "equal"}),
    _right("drop-exclude", _DROP, "2m", "event", {"outlier.band": "5%", "validity.invalid": "exclude"}),
    _right("drop-stale-at-limit", _DROP, "25s", "event", {"outlier.band": "3%", "staleness.at_limit": "stale"}),
    _right("median", _MEDIAN, "60s", "event"),
    _right("median-receive", _MEDIAN, "60s", "receive"),
    _right("median-lower", _MEDIAN, "30s", "event", {"aggregation.even": "lower"}),
    _right("median-upper", _MEDIAN, "30s", "receive", {"aggregation.even": "upper"}),
    _right("median-mid", _MEDIAN, "45s", "event", {"input.price": "mid"}),
    _right("median-degrade", _MEDIAN, "60s", "event", {"quorum.below": "degrade"}),
    _right("median-hold-exclude", _MEDIAN, "20s", "event", {"quorum.below": "hold", "validity.invalid": "exclude"}),
    _right("weighted-median-lower", _WEIGHTED, "60s", "event"),
    _right("weighted-median-upper", _WEIGHTED, "60s", "receive", {"aggregation.tie": "upper"}),
    _right("weighted-median-mean", _WEIGHTED, "15s", "event", {"aggregation.tie": "mean"}),
    _right("trimmed", _TRIMMED, "60s", "event"),
    _right("trimmed-receive-hold", _TRIMMED, "40s", "receive", {"quorum.below": "hold"}),
    _right("clamp-of-three", _CLAMP, "60s", "event", {"outlier.band": "0.5%", "quorum.ok_from": 2}, sources=3),
    _right("median-of-four", _MEDIAN, "30s", "event", {"quorum.ok_from": 2}, sources=4),
    _right("clamp-of-five-receive", _CLAMP, "60s", "receive", {"outlier.band": "1%"}, sources=5),
    _right("drop-of-six", _DROP, "45s", "event", {"outlier.band": "3%", "weights.kind": "equal"}, sources=6),
    _right("weighted-median-of-fourteen", _WEIGHTED, "60s", "event", sources=14),
    _right("clamp-of-twenty", _CLAMP, "60s", "event", {"outlier.band": "2%", "weights.kind": "fixed", "quorum.ok_from": 5}, sources=20, faulty=2),
    _right("trimmed-of-twenty-receive", _TRIMMED, "20s", "receive", {"quorum.ok_from": 4}, sources=20),
)
"""Of each rule several bands and limits."""
