"""A planted defect as a target: the methodology it is planted in, run with that one rule changed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, Self

import msgspec

from indexlab.index.determination import Determinations
from indexlab.market.errors import InputError
from indexlab.targets.methodology import MethodologyTarget
from indexlab.targets.planted import answered, asked
from indexlab.targets.planted.catalogue import find_defect, find_method
from indexlab.targets.planted.defect import Answered, Asked, Declared, Switched
from indexlab.targets.planted.specimen import Specimen

if TYPE_CHECKING:
    from collections.abc import Sequence
    from types import TracebackType

    from indexlab.index.rules import Declaration
    from indexlab.targets.planted.defect import Defect
    from indexlab.targets.target import Description, Outcome, Request

__all__ = ["PlantedTarget", "changed", "open_planted"]


def open_planted(rest: str) -> PlantedTarget:
    """Return the target of `DEFECT@METHOD`; raises InputError for an unknown name, and for a defect that makes no sense in the methodology."""
    name, at, method = rest.partition("@")
    if not at:
        raise InputError(f'must name a defect and a methodology, was "{rest}"', key=f"target planted:{rest}", remedy='write "planted:no-filter@clamp-mean"')
    defect = find_defect(name)
    find_method(method)
    if defect is not None and method not in defect.methods:
        problem, remedy = f"changes nothing in {method}", f"it is planted in {', '.join(defect.methods)}"
        raise InputError(problem, key=f"target planted:{rest}", remedy=remedy)
    return PlantedTarget(defect, method)


class PlantedTarget:
    """A methodology with one rule changed, or none. It promises what the methodology promises."""

    kind: Literal["in-process"] = "in-process"

    def __init__(self, defect: Defect | None, method: str) -> None:
        """Take the defect (None: none) and the name of the methodology."""
        self.defect = defect
        self.declaration = find_method(method)
        self.label = f"planted:{'none' if defect is None else defect.id}@{method}"
        how = None if defect is None else defect.how
        self._right = MethodologyTarget(self.label, self.declaration)
        self._inner: MethodologyTarget | Specimen = self._right
        if isinstance(how, Declared):
            self._inner = MethodologyTarget(self.label, changed(self.declaration, how))
        elif isinstance(how, Switched):
            self._inner = Specimen(self.declaration, how.switches)
        self._asked = asked.CHANGES[how.change] if isinstance(how, Asked) else None
        self._answered = answered.CHANGES[how.change] if isinstance(how, Answered) else None
        self._answers = 0

    def describe(self) -> Description:
        """Return what the methodology says of itself: nobody tells of a defect."""
        return self._right.describe()

    def index(self, requests: Sequence[Request]) -> list[Outcome]:
        """Determine every request, with the defect."""
        if self._asked is not None:
            requests = [self._asked(request) for request in requests]
        found = self._inner.index(requests)
        if self._answered is None:
            return found
        first = self._answers
        self._answers += len(found)
        change = self._answered
        return [
            change(request, answer, first + k) if isinstance(answer, Determinations) else answer
            for k, (request, answer) in enumerate(zip(requests, found, strict=True))
        ]

    def close(self) -> None:
        """Do nothing: there is nothing running."""

    def __enter__(self) -> Self:
        """Return the target itself."""
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        """Close it."""
        self.close()


def changed(declaration: Declaration, how: Declared) -> Declaration:
    """Return the declaration with some keys changed; what the changed one promises is still what the right one promised."""
    found = declaration
    for key, factor in how.factors.items():
        before = _value(declaration, key)
        if isinstance(before, int | float):
            found = _replaced(found, key, type(before)(before * factor))
    for key, value in how.values.items():
        found = _replaced(found, key, value)
    return found


def _value(declaration: Declaration, key: str) -> object:
    found: object = declaration
    for name in key.split("."):
        found = getattr(found, name)
    return found


def _replaced(declaration: Declaration, key: str, value: object) -> Declaration:
    from indexlab.index.rules import Rounding

    section, _, name = key.partition(".")
    if not name:
        return msgspec.structs.replace(declaration, **{section: value})
    table = getattr(declaration, section)
    if table is None and section == "rounding":
        table = Rounding(tick=1.0)
    return msgspec.structs.replace(declaration, **{section: msgspec.structs.replace(table, **{name: value})})
