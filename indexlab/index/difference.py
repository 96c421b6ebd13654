"""What differs between two methodologies, in words, for `methods diff`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from indexlab.index.rules import Reinclusion
from indexlab.index.sheet import promises
from indexlab.index.wording import PARTS, has_meaning, meaning, told_with

if TYPE_CHECKING:
    from collections.abc import Iterator

    from indexlab.index.rules import Declaration

__all__ = ["difference"]

_FIELDS: Final = {"blend.from": "old"}
"""Fields whose names in the file are no names in Python."""
_NO_TABLE: Final = {"reinclusion": Reinclusion()}
_PROVENANCE: Final = ("methodology.venue", "methodology.grade", "methodology.retrieved", "methodology.asset")


def difference(before: Declaration, after: Declaration) -> str:
    """Return what changed between two rules: both in a line, then a line for each key that differs, grouped as in a sheet."""
    pair = _Pair(before, after)
    rules = [(title, [line for key in keys for line in pair.lines(key)]) for title, keys in PARTS]
    parts = [("Where they are from", list(pair.provenance())), *rules, ("What they promise", list(pair.promises())), ("What is assumed", list(pair.assumed()))]
    texts = ["\n".join(pair.heads())]
    if not any(lines for _, lines in rules):
        texts.append("the same rules")
    texts.extend("\n".join([title, *(f"  {line}" for line in lines)]) for title, lines in parts if lines)
    return "\n\n".join(texts)


class _Pair:
    """Two declarations, side by side."""

    def __init__(self, before: Declaration, after: Declaration) -> None:
        self._before, self._after = before, after
        first, second = before.methodology.id, after.methodology.id
        self._names = (first, second) if first != second else (f"the first {first}", f"the second {second}")

    def heads(self) -> Iterator[str]:
        """Give both in a line each: id, date, url, name."""
        found = [(self._before.methodology, "was"), (self._after.methodology, "is")]
        width, dates = max(len(each.id) for each, _ in found), max(len(each.date or "no date") for each, _ in found)
        for each, word in found:
            yield f"{word:<3}  {each.id:<{width}}  {each.date or 'no date':<{dates}}  {each.url or 'no address'}  {each.name}"

    def lines(self, key: str) -> Iterator[str]:
        """Give the lines for a key and those that are told with it."""
        means = [any(has_meaning(each, told) for told in told_with(key)) for each in (self._before, self._after)]
        differing = [told for told in told_with(key) if _value(self._before, told) != _value(self._after, told)]
        names = ", ".join(differing or [key])
        if means[0] != means[1]:
            only = 0 if means[0] else 1
            yield f'{names}: only {self._names[only]}: "{self._said(only, key)}"{self._mark(only, key)}'
        elif differing:
            yield f"{names}: {self._changed(key, differing)}{'' if means[0] else ' (of no effect in either)'}"

    def _changed(self, key: str, differing: list[str]) -> str:
        was, now = self._said(0, key), self._said(1, key)
        if was == now:
            # the words are the same where numbers agree to their last written digit, or where a rule is not in force
            was, now = (", ".join(str(_value(each, told)) for told in differing) for each in (self._before, self._after))
        return f'was "{was}"{self._mark(0, key)}; is "{now}"{self._mark(1, key)}'

    def _said(self, which: int, key: str) -> str:
        return meaning((self._before, self._after)[which], key)

    def _mark(self, which: int, key: str) -> str:
        assumed = (self._before, self._after)[which].assumed
        return " (assumed)" if any(told in assumed for told in told_with(key)) else ""

    def provenance(self) -> Iterator[str]:
        """Give what differs in where they are from, besides what the heads say."""
        for key in _PROVENANCE:
            was, now = _value(self._before, key), _value(self._after, key)
            if was != now:
                yield f"{key}: was {_quoted(was)}; is {_quoted(now)}"

    def promises(self) -> Iterator[str]:
        """Give what only one of them promises, or promises otherwise."""
        lists = [list(promises(each)) for each in (self._before, self._after)]
        for name, mine, others in zip(self._names, lists, reversed(lists), strict=True):
            yield from (f"only {name}: {line}" for line in mine if line not in others)

    def assumed(self) -> Iterator[str]:
        """Give the keys that only one of them assumes."""
        both = (self._before.assumed, self._after.assumed)
        for name, mine, others in zip(self._names, both, reversed(both), strict=True):
            only = [key for key in mine if key not in others]
            if only:
                yield f"only {name}: {', '.join(only)}"


def _quoted(value: object) -> str:
    return f'"{value}"' if value else "not given"


def _value(declaration: Declaration, key: str) -> object:
    """Return the value of a dotted key; None where its table is not given and there is no default."""
    found: object = declaration
    *tables, leaf = key.split(".")
    for name in tables:
        found = getattr(found, name) or _NO_TABLE.get(name)
        if found is None:
            return None
    leaf = _FIELDS.get(key, leaf)
    return getattr(found, leaf if hasattr(found, leaf) else f"{leaf}_us")
