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
    """`determine_rows` with everything ready, once or (where one methodology gives way to another) more often; each call starts from an empty memory."""

    def __init__(self, *loops: dict[str, object]) -> None:
        self._loops = loops
        self._empty = [arguments["state"].copy() for arguments in loops]

    def __call__(self) -> None:
        for arguments, empty in zip(self._loops, self._empty, strict=True):
            arguments["state"][:] = empty
            engine.determine_rows(*arguments.values())

    @property
    def out(self) -> tuple[np.ndarray, ...]:
        return tuple(self._loops[0][name] for name in OUT)


def from_quotes(declaration: Declaration, basket: Basket, quotes: Quotes, times: np.ndarray) -> Call:
    """What the engine hands its compiled loop for these quotes."""
    return Call(*_overheard(declaration, basket, quotes, times))


def on_panel(panel: Panel, *, runs: int = 1, declaration: Declaration = BINANCE) -> Call:
    """The compiled loop on ready arrays, as `runs` runs of the same length."""
    rows, sources = panel.price.shape
    (given,) = _overheard(declaration, market.basket(sources), market.quotes(market.panel(2, sources)), market.times(2))
    given |= {"entered": panel.price, "age": panel.age, "why": panel.why}
    given["weights"] = market.weights(sources).reshape(given["weights"].shape)
    given["moments"] = market.times(rows // runs)
    given["state"] = np.tile(given["state"], (runs, 1))
    given |= {name: np.empty((rows, *given[name].shape[1:]), given[name].dtype) for name in OUT}
    return Call(given)


def _overheard(declaration: Declaration, basket: Basket, quotes: Quotes, times: np.ndarray) -> list[dict[str, object]]:
    """Let the engine prepare everything, and take what it would hand over."""
    heard: list[dict[str, object]] = []

    def listen(*arguments: object) -> None:
        heard.append(dict(zip(_NAMES, arguments, strict=True)))
        for name in OUT:
            heard[-1][name].fill(0)

    compiled = engine.determine_rows
    engine.determine_rows = listen
    try:
        engine.determine(declaration, basket, quotes, times)
    finally:
        engine.determine_rows = compiled
    return heard
