"""The one place that knows how the engine is called: its compiled loop alone, with the arguments that the engine itself would give it."""

from __future__ import annotations

import inspect
from typing import TYPE_CHECKING

import numpy as np

from benchmarks import market
from indexlab.index import engine
from indexlab.index.catalogue import preset

if TYPE_CHECKING:
    from benchmarks.market import Panel
    from indexlab.index.rules import Declaration
    from indexlab.market.quotes import Quotes
    from indexlab.market.source import Basket

BINANCE = preset("binance-2020")
OUT = ("value", "status", "weight", "used", "reason")
_NAMES = tuple(inspect.signature(engine.determine_rows.py_func).parameters)


class Call:
    """`determine_rows` with everything ready; each call starts from an empty memory."""

    def __init__(self, arguments: dict[str, object]) -> None:
        self._arguments = arguments
        self._empty = arguments["state"].copy()

    def __call__(self) -> None:
        self._arguments["state"][:] = self._empty
        engine.determine_rows(*self._arguments.values())

    @property
    def out(self) -> tuple[np.ndarray, ...]:
        return tuple(self._arguments[name] for name in OUT)


def from_quotes(declaration: Declaration, basket: Basket, quotes: Quotes, times: np.ndarray) -> Call:
    """What the engine hands its compiled loop for these quotes."""
    return Call(_overheard(declaration, basket, quotes, times))


def on_panel(panel: Panel, *, runs: int = 1, declaration: Declaration = BINANCE) -> Call:
    """The compiled loop on ready arrays, as `runs` runs of the same length."""
    rows, sources = panel.price.shape
    few = market.panel(2, sources)
    given = _overheard(declaration, market.basket(sources), market.quotes(few), market.times(2))
    given |= {"entered": panel.price, "age": panel.age, "why": panel.why}
    given["weights"] = market.weights(sources).reshape(given["weights"].shape)
    if "moments" in given:
        given["moments"] = market.times(rows // runs)
    else:
        given["times"] = rows // runs
    given["state"] = np.tile(given["state"], (runs, 1))
    given |= {name: np.empty((rows, *given[name].shape[1:]), given[name].dtype) for name in OUT}
    return Call(given)


def _overheard(declaration: Declaration, basket: Basket, quotes: Quotes, times: np.ndarray) -> dict[str, object]:
    """Let the engine prepare everything, and take what it would hand over."""
    heard: list[tuple[object, ...]] = []
    compiled = engine.determine_rows
    engine.determine_rows = lambda *arguments: heard.append(arguments)
    try:
        engine.determine(declaration, basket, quotes, times)
    finally:
        engine.determine_rows = compiled
    (arguments,) = heard
    return dict(zip(_NAMES, arguments, strict=True))
