"""What a planted defect is: a methodology with one rule changed, and how it is changed. Cheap to import."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = [
    "ALL", "BANDED", "BOOKS", "CLAMPS", "DEGRADING", "DROPS", "EVENT", "EXCLUDING", "GIVEN", "HALTING", "HOLDING", "IGNORING", "INDEPENDENT", "MEDIANS",
    "NONE", "PRICES", "READMITTING", "RECEIVE", "VOLUMES", "WEIGHTED_MEDIANS", "Answered", "Asked", "Declared", "Defect", "How", "Switched",
]  # fmt: skip

NONE: Final = "none"
"""The name that stands for no defect: `planted:none@METHOD` is the methodology itself."""

CLAMPS: Final = ("clamp-mean", "clamp-receive", "clamp-mid", "clamp-degrade", "volume-clamp")
DROPS: Final = ("drop-mean", "drop-receive", "readmit-mean", "readmit-weighted", "volume-drop")
BANDED: Final = (*CLAMPS, *DROPS)
MEDIANS: Final = ("median", "median-receive", "median-mid", "median-step")
WEIGHTED_MEDIANS: Final = ("weighted-median", "weighted-median-receive")
ALL: Final = (*BANDED, *MEDIANS, *WEIGHTED_MEDIANS, "trimmed-mean")
"""Every bundled methodology."""
RECEIVE: Final = ("clamp-receive", "drop-receive", "median-receive", "weighted-median-receive")
"""Those whose ages are by the time of receipt; all others are `EVENT`."""
EVENT: Final = tuple(name for name in ALL if name not in RECEIVE)
EXCLUDING: Final = ("clamp-mid", "clamp-degrade", "median-mid")
"""Those in which what is no price puts its source out until the next one; in the others, `IGNORING`, it is as if it had not come."""
IGNORING: Final = tuple(name for name in ALL if name not in EXCLUDING)
BOOKS: Final = ("clamp-mid", "median-mid")
PRICES: Final = tuple(name for name in ALL if name not in BOOKS)
GIVEN: Final = ("clamp-mean", "clamp-degrade", "drop-mean", "readmit-weighted", *WEIGHTED_MEDIANS)
"""Those that take the given weights."""
VOLUMES: Final = ("volume-clamp", "volume-drop")
READMITTING: Final = ("readmit-mean", "readmit-weighted")
INDEPENDENT: Final = ("clamp-mean", "drop-mean", "median", "weighted-median")
"""Those that count sources of one exchange as one."""
HALTING: Final = ("clamp-mid", "drop-receive", "median-step", "trimmed-mean", "volume-clamp")
"""Those that publish nothing below the quorum."""
HOLDING: Final = ("clamp-receive", "median-mid", "weighted-median-receive", "volume-drop")
"""Those that hold their last value below the quorum; the others, `DEGRADING`, go on with those that are left, as degraded."""
DEGRADING: Final = tuple(name for name in ALL if name not in HALTING and name not in HOLDING)


@dataclass(frozen=True, slots=True)
class Declared:
    """The engine runs another declaration: dotted keys (with the names of the fields: `staleness.silence_us`) get a value, or are multiplied."""

    values: Mapping[str, object] = field(default_factory=dict)
    factors: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Asked:
    """The engine gets another request; `change` is the name of a function in `asked`."""

    change: str


@dataclass(frozen=True, slots=True)
class Answered:
    """The engine's answer is changed; `change` is the name of a function in `answered`."""

    change: str


@dataclass(frozen=True, slots=True)
class Switched:
    """The specimen runs with these switches set (the names of `switches`)."""

    switches: Mapping[str, float]


How: TypeAlias = Declared | Asked | Answered | Switched


@dataclass(frozen=True, slots=True)
class Defect:
    """One rule changed: `what` says which, `origin` where it was seen ("": a family that the issues of aggregators keep returning to).

    `methods` are the methodologies that it makes sense in. `equivalent`: why no scenario can tell it from a right one ("": some can).
    """

    id: str
    family: str
    what: str
    how: How
    methods: tuple[str, ...]
    origin: str = ""
    equivalent: str = ""
