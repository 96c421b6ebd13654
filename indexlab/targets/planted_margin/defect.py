"""What a planted defect of the margin side is: our engine with one thing wrong, and how it is made wrong. No numpy."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from indexlab.margin.case import MarginAnswer, MarginCase

__all__ = ["NONE", "Answered", "Cased", "Engine", "How", "MarginDefect", "Ruled", "Stepped"]

NONE: Final = "none"
"""The name that stands for no defect: `planted-margin:none@VENUE` is the engine itself."""

Engine: TypeAlias = "Callable[[MarginCase], MarginAnswer]"


@dataclass(frozen=True, slots=True)
class Ruled:
    """The engine gets other rules: dotted keys of VenueRules get a value, or are multiplied; `contracts.` and `tiers.` stand for all of them.

    What has no number (None) is not multiplied. `parts` of the answer alone come from the changed rules, all of them where it is empty.
    """

    values: Mapping[str, object] = field(default_factory=dict)
    factors: Mapping[str, float] = field(default_factory=dict)
    parts: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Cased:
    """The engine gets another case; `parts` as for `Ruled`."""

    change: Callable[[MarginCase], MarginCase]
    parts: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Stepped:
    """The engine is asked at each time on its own, in a case that is changed by what is known then: (case of one time, case before it or None)."""

    change: Callable[[MarginCase, MarginCase | None], MarginCase]


@dataclass(frozen=True, slots=True)
class Answered:
    """The engine's answer is changed: (case, answer, engine); the engine may be asked again."""

    change: Callable[[MarginCase, MarginAnswer, Engine], MarginAnswer]


How: TypeAlias = Ruled | Cased | Stepped | Answered


@dataclass(frozen=True, slots=True)
class MarginDefect:
    """One thing wrong: `what` says which; `needs` are the features that a venue's rules must have for it to matter (the names of `features`).

    `except_at`: venues that have them, but where the occasion hardly ever comes (the catalogue says why). `origin` is where it was seen, "" for what people get
    wrong again and again. `equivalent`: why nothing can tell it from a right engine ("": something can).
    """

    id: str
    family: str
    what: str
    how: How
    needs: tuple[str, ...] = ()
    except_at: tuple[str, ...] = ()
    origin: str = ""
    equivalent: str = ""
