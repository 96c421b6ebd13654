"""The catalogue of planted defects, and the methodologies that they are planted in. Light: it imports no heavy library."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Final

from indexlab.index.declaration import load_declaration
from indexlab.market.errors import InputError, did_you_mean
from indexlab.targets.planted.defect import NONE, Defect
from indexlab.targets.planted.defects_input import INPUT_DEFECTS
from indexlab.targets.planted.defects_output import OUTPUT_DEFECTS

if TYPE_CHECKING:
    from indexlab.index.rules import Declaration

__all__ = ["defects", "families", "find_defect", "find_method", "label_of", "methods", "pairs"]

_FOLDER: Final = Path(__file__).parent / "methods"


def defects() -> tuple[Defect, ...]:
    """Return all planted defects, in the order of the rules they change; those with `equivalent` are among them."""
    return (*INPUT_DEFECTS, *OUTPUT_DEFECTS)


def methods() -> tuple[str, ...]:
    """Return the names of the methodologies that defects are planted in, sorted; each is right."""
    return tuple(sorted(path.stem for path in _FOLDER.glob("*.toml")))


def families() -> tuple[str, ...]:
    """Return the families of defects, in the order of their first member."""
    return tuple(dict.fromkeys(defect.family for defect in defects()))


def pairs(defect: Defect) -> tuple[str, ...]:
    """Return the labels of a defect's targets, one for each methodology that it makes sense in."""
    return tuple(label_of(defect.id, method) for method in defect.methods)


def label_of(defect: str, method: str) -> str:
    """Return what a person types to open the target: `planted:no-filter@clamp-mean`."""
    return f"planted:{defect}@{method}"


def find_defect(name: str) -> Defect | None:
    """Return a defect by its id (None for "none"); raises InputError with the nearest name."""
    if name == NONE:
        return None
    for defect in defects():
        if defect.id == name:
            return defect
    raise InputError(f'is no planted defect, was "{name}"', key="planted", remedy=did_you_mean(name, [NONE, *(defect.id for defect in defects())]))


@cache
def find_method(name: str) -> Declaration:
    """Return a methodology by its name; raises InputError with the nearest one."""
    if name not in methods():
        raise InputError(f'is no methodology that defects are planted in, was "{name}"', key="planted", remedy=did_you_mean(name, methods()))
    return load_declaration(_FOLDER / f"{name}.toml")
