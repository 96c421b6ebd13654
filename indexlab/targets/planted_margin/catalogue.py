"""The catalogue of planted defects of the margin side, and the venues that they are planted in. Light: it imports no heavy library."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Final

from indexlab.margin.rules_file import load_venue, venue, venue_names
from indexlab.market.errors import InputError, did_you_mean
from indexlab.targets.planted_margin.defect import NONE, MarginDefect
from indexlab.targets.planted_margin.defects_accounts import ACCOUNT_DEFECTS
from indexlab.targets.planted_margin.defects_money import MONEY_DEFECTS
from indexlab.targets.planted_margin.defects_states import STATE_DEFECTS
from indexlab.targets.planted_margin.features import has

if TYPE_CHECKING:
    from indexlab.margin.rules import VenueRules

__all__ = ["defects", "find_defect", "find_venue", "label_of", "looked_at", "planted_venues", "venues_of"]

_FOLDER: Final = Path(__file__).parent / "venues"


def defects() -> tuple[MarginDefect, ...]:
    """Return all planted defects of the margin side, in the order of the rules they change; those with `equivalent` are among them."""
    return (*ACCOUNT_DEFECTS, *STATE_DEFECTS, *MONEY_DEFECTS)


@cache
def planted_venues() -> tuple[str, ...]:
    """Return the names of the venues that defects are planted in: our specimens, which have every rule there is, then the bundled ones; each sorted."""
    return (*_specimens(), *venue_names())


@cache
def find_venue(name: str) -> VenueRules:
    """Return a venue's rules by its name; raises InputError with the nearest one."""
    if name not in planted_venues():
        raise InputError(f'is no venue that defects are planted in, was "{name}"', key="planted-margin", remedy=did_you_mean(name, planted_venues()))
    own = _FOLDER / f"{name}.toml"
    return load_venue(own) if own.is_file() else venue(name)


@cache
def venues_of(name: str) -> tuple[str, ...]:
    """Return the venues that a defect makes a difference in, by its id: those whose rules have what it changes."""
    defect = find_defect(name)
    return tuple(venue for venue in planted_venues() if defect is None or (has(find_venue(venue), defect.needs) and venue not in defect.except_at))


def looked_at(name: str) -> tuple[str, ...]:
    """Return the same venues in the order in which they are looked at: a specimen, then the bundled ones in turn, so that each venue has its share."""
    known, places = venues_of(name), [defect.id for defect in defects()]
    mine = [venue for venue in known if venue in _specimens()]
    theirs = [venue for venue in known if venue not in _specimens()]
    turn = places.index(name) % len(theirs) if theirs else 0
    return (*mine[:1], *theirs[turn:], *theirs[:turn], *mine[1:])


@cache
def _specimens() -> tuple[str, ...]:
    return tuple(sorted(path.stem for path in _FOLDER.glob("*.toml")))


def label_of(defect: str, venue: str) -> str:
    """Return what a person types to open the target: `planted-margin:haircut-on-debts@okx`."""
    return f"planted-margin:{defect}@{venue}"


def find_defect(name: str) -> MarginDefect | None:
    """Return a defect by its id (None for "none"); raises InputError with the nearest name."""
    if name == NONE:
        return None
    for defect in defects():
        if defect.id == name:
            return defect
    raise InputError(f'is no planted defect, was "{name}"', key="planted-margin", remedy=did_you_mean(name, [NONE, *(defect.id for defect in defects())]))
