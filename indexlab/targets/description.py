"""What a target says of itself in its answer to `describe`, read strictly. It is not believed: it only says what to send, and where it is worth looking."""

from __future__ import annotations

from typing import Final

from indexlab.margin.rules_file import venue_names
from indexlab.market.quotes import OPTIONAL_COLUMNS
from indexlab.targets.shape import as_object, as_text, misfit, shown
from indexlab.targets.target import BOOK, PRICE, Description

__all__ = ["PROTOCOL", "read_description"]

PROTOCOL: Final = 1
_OPTIONAL: Final = (*OPTIONAL_COLUMNS, "book")
_MOST_THRESHOLDS: Final = 64
_LARGEST_THRESHOLD: Final = 1e12


def read_description(answered: object) -> Description:
    """Read the result of `describe`; raises TargetFailure."""
    result = as_object(answered, "result")
    given = result.get("protocol")
    if type(given) is not int or given != PROTOCOL:
        raise misfit("result.protocol", f"must be {PROTOCOL}, {'is missing' if given is None else f'was {shown(given)}'}")
    version = result.get("version")
    uses = PRICE if result.get("uses") is None else _texts(result["uses"], "result.uses")
    if uses not in (PRICE, BOOK, BOOK[::-1]):
        raise misfit("result.uses", f'must be ["price"] or ["bid", "ask"], was [{", ".join(uses)}]')
    expect = result.get("expect")
    return Description(
        name=as_text(result.get("name"), "result.name"),
        version="" if version is None else as_text(version, "result.version"),
        provides=_texts(result.get("provides"), "result.provides"),
        uses=uses if uses == PRICE else BOOK,
        expect={} if expect is None else as_object(expect, "result.expect"),
        thresholds=_thresholds(result.get("thresholds")),
        columns=_columns(result.get("columns")),
        converts=_flag(result.get("converts"), "result.converts"),
        venue=_venue(result.get("venue")),
    )


def _columns(given: object) -> tuple[str, ...]:
    """Read which optional columns a target reads."""
    named = () if given is None else _texts(given, "result.columns")
    for name in named:
        if name not in _OPTIONAL:
            raise misfit("result.columns", f"must be of {', '.join(_OPTIONAL)}, was {shown(name)}")
    return tuple(name for name in _OPTIONAL if name in named)


def _venue(given: object) -> str:
    """Read whose margin rules a target follows: a bundled venue's."""
    if given is None:
        return ""
    name = as_text(given, "result.venue")
    if name not in venue_names():
        raise misfit("result.venue", f"must be one of {', '.join(venue_names())}, was {shown(name)}")
    return name


def _flag(given: object, where: str) -> bool:
    if given is None or isinstance(given, bool):
        return bool(given)
    raise misfit(where, f"must be true or false, was {shown(given)}")


def _thresholds(given: object) -> tuple[float, ...]:
    """Read the ratios at which a target's rules take hold: at most so many positive numbers; they only say where it is worth looking."""
    if given is None:
        return ()
    if not isinstance(given, list) or len(given) > _MOST_THRESHOLDS:
        raise misfit("result.thresholds", f"must be a list of at most {_MOST_THRESHOLDS} ratios, was {shown(given)}")
    for ratio in given:
        if isinstance(ratio, bool) or not isinstance(ratio, (int, float)) or not 0 < ratio < _LARGEST_THRESHOLD:
            raise misfit("result.thresholds", f"must be ratios above 0 (0.05 is 5 %), was {shown(ratio)}")
    return tuple(float(ratio) for ratio in given)


def _texts(value: object, where: str) -> tuple[str, ...]:
    if not isinstance(value, list):
        raise misfit(where, f"must be a list of names, {'is missing' if value is None else f'was {shown(value)}'}")
    return tuple(as_text(entry, f"{where}[{i}]") for i, entry in enumerate(value[:64]))
