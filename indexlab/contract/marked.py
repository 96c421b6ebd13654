"""`@pytest.mark.indexlab_contract`: a function of a user's own suite becomes a test for each property. What it returns is the target; nothing: the plan's."""

from __future__ import annotations

import inspect
from typing import TYPE_CHECKING, Final

import pytest

from indexlab.contract.asking import ask
from indexlab.contract.outcomes import in_one_line
from indexlab.contract.wanted import asked, keywords, selected, wanted
from indexlab.market.errors import InputError

if TYPE_CHECKING:
    from indexlab.contract.wanted import Keywords, Wanted

__all__ = ["parametrize_by_property", "run_marked"]

_PROPERTY: Final = "indexlab_property"
_TARGET: Final = "indexlab_asked"


def parametrize_by_property(metafunc: pytest.Metafunc, mark: pytest.Mark) -> None:
    """Make a test for each property that the plan selects, and for each target where the command line names several."""
    wish = wanted(metafunc.config)
    with in_one_line():
        names = selected(wish, _keywords(mark), metafunc.definition.path)
    metafunc.fixturenames.append(_PROPERTY)
    metafunc.parametrize(_PROPERTY, [pytest.param(name, id=name, marks=pytest.mark.indexlab) for name in names])
    if len(wish.targets) > 1:
        metafunc.fixturenames.append(_TARGET)
        metafunc.parametrize(_TARGET, wish.targets, ids=wish.targets)


def _keywords(mark: pytest.Mark) -> Keywords:
    if mark.args:
        raise InputError(f"takes keywords alone, was given {mark.args[0]!r}", key="indexlab_contract", remedy="return the target from the function")
    return keywords(mark.kwargs)


def run_marked(item: pytest.Function, mark: pytest.Mark) -> None:
    """Call the function for its target, and end the test as the audit says."""
    wish, name = wanted(item.config), str(item.callspec.params[_PROPERTY])
    with in_one_line():
        ask(item, asked(wish, _target(item, wish), _keywords(mark), item.path), name, wish.inconclusive)


def _target(item: pytest.Function, wish: Wanted) -> str | None:
    """Return what the function names, else what the command line does; None: the plan file's own."""
    given = {name: item.funcargs[name] for name in inspect.signature(item.obj).parameters if name in item.funcargs}
    target = item.obj(**given)
    if target is None:
        return str(item.callspec.params[_TARGET]) if _TARGET in item.callspec.params else next(iter(wish.targets), None)
    if not isinstance(target, str):
        raise InputError(f"must return a target as text, or nothing, was {target!r}", key=f"{item.originalname}()", remedy='return "exec:./acme-index"')
    return target
