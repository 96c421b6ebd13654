"""From the words of a plan to a venue's margin rules: a bundled venue by its name, or a file."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Final, Literal, TypeAlias, get_args

from indexlab.margin.rules_file import load_venue, venue, venue_names
from indexlab.market.errors import InputError, did_you_mean, nearest

if TYPE_CHECKING:
    from indexlab.margin.rules import VenueRules

__all__ = ["MARKS", "MarkFrom", "check_marked", "checked_venue", "is_file", "rules_named"]

MarkFrom: TypeAlias = Literal["index", "venue"]
MARKS: Final[tuple[MarkFrom, ...]] = get_args(MarkFrom)
"""What accounts are marked at: the index itself, or what the venue's rule makes of it."""


def is_file(label: str) -> bool:
    """Say whether a venue is named by its file."""
    return label.endswith(".toml")


def rules_named(label: str) -> VenueRules:
    """Return the rules of a bundled venue, or of a file (whatever ends in `.toml`). Raises InputError."""
    return _read(label, _version(label)) if is_file(label) else venue(label)


def _version(label: str) -> tuple[int, ...]:
    """Return what is another where a file was changed, or stands in another folder now; empty where it cannot be asked, so that reading it says why."""
    try:
        told = Path(label).stat()
    except OSError:
        return ()
    return told.st_dev, told.st_ino, told.st_mtime_ns, told.st_size


@lru_cache(maxsize=8)
def _read(label: str, _version: tuple[int, ...]) -> VenueRules:
    return load_venue(label)


def checked_venue(label: str, base: Path, here: Path) -> str:
    """Return a plan's venue as it is found from `here`, where the plan lies in `base`. Raises InputError, `margin.venue` with the nearest name."""
    if is_file(label):
        found = label if base == here else str(base / label)
        load_venue(base / label)
        return found
    if label not in venue_names():
        problem = f'is no venue, was "{label}"'
        remedy = did_you_mean(label, venue_names())
        if nearest(label, venue_names()) is None:
            remedy = f"write one of {', '.join(venue_names())}, or a file of rules that ends in .toml"
        raise InputError(problem, key="margin.venue", remedy=remedy)
    return label


def check_marked(rules: VenueRules) -> None:
    """Raise InputError, `margin.mark`, where a venue marks longs and shorts at two prices: the states of a rack are those at one."""
    if rules.mark.strict != "none":
        problem = f'must be "index" for {rules.venue.id}, which marks longs and shorts at two prices'
        raise InputError(problem, key="margin.mark", remedy="name a venue whose [mark] is not strict")
