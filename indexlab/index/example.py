"""One small market on which a definition sheet works a methodology through, with the reference: five sources, one far off, one silent for long.

How far off, how long silent, in which currency, with a book, a confidence or several trades: all of that follows from the declaration's own rules.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np

from indexlab.index.determination import REASONS, STATUSES, Determinations
from indexlab.index.reference import determine
from indexlab.market.levels import Levels
from indexlab.market.quotes import Quotes
from indexlab.market.rates import Rate
from indexlab.market.source import Source
from indexlab.market.units import MINUTE, SECOND

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from indexlab.index.rules import Declaration
    from indexlab.market.source import Basket

__all__ = ["Back", "Line", "Outcome", "Worked", "worked_example"]

_DAY: Final = 1_600_000_000 * SECOND
_LONGEST: Final = _DAY // 4
"""What lies further back than this is not shown: 1970 is near."""
_NAMES: Final = ("alpha", "beta", "gamma", "delta", "epsilon")
_SPARE: Final = "zeta"
_OFF, _SILENT, _OWN = 3, 4, 5
_SIZES: Final = (3.0, 2.0, 2.0, 1.0, 1.0, 1.0)
_APART: Final = (0.0, 0.2, -0.1, 0.1, 0.1, 0.05)
"""How far from 100 each says the price is."""
_EARLIER: Final = -0.1
"""How much lower prices were at the publication before."""
_NARROW: Final = 0.004
"""Under a band narrower than this, prices lie as much closer together, so that only the one far off is out."""
_RATE: Final = 0.9995
_LEVELS: Final = ((0.0005, 2.0), (0.001, 3.0), (0.002, 4.0))
"""Of each side of a book: how far from the middle (as a share of the price's power of ten), and how many spacings large."""
_CONFIDENCE: Final = 0.001
_AVERAGED: Final = ("vwap", "tvwap")
"""Inputs for which a source with nothing in its window is stale."""
_WINDOWED: Final = (*_AVERAGED, "trades")
_STEPS: Final = 40
_MOST_STEPS: Final = 600
_ROUND: Final = (300, 60, 30, 20, 15, 10, 5, 2, 1)


class Line(NamedTuple):
    """One source of the example: what it said and how long ago, and what became of it."""

    source: str
    quote: str
    given_weight: float
    size: float
    said: str
    age_us: int
    used: float
    weight: float
    reason: str


class Outcome(NamedTuple):
    """What was published (value NaN: none), where these sources alone were there."""

    sources: tuple[str, ...]
    value: float
    status: str


class Back(NamedTuple):
    """When the source that was out comes back: it says `said` from `right_us` after the example on; at `back_us` it takes part (None: not by `until_us`)."""

    source: str
    said: float
    right_us: int
    back_us: int | None
    until_us: int


class Worked(NamedTuple):
    """The example's outcome: all sources, what was published before, `gap_us` earlier, and what would be of two and of one alone."""

    lines: tuple[Line, ...]
    value: float
    status: str
    before: Outcome
    gap_us: int
    alone: tuple[Outcome, ...]
    rates: dict[str, float]
    own: float | None
    back: Back | None


def worked_example(declaration: Declaration) -> Worked:
    """Work one publication through; the distances and the ages follow from the declaration's own limits."""
    market = _Market.of(declaration)
    found = market.run(market.rows)
    return Worked(
        lines=_lines(market, found),
        value=float(found.value[-1]),
        status=STATUSES[found.status[-1]],
        before=Outcome(market.names[: len(_NAMES)], float(found.value[0]), STATUSES[found.status[0]]),
        gap_us=market.gap_us,
        alone=tuple(market.alone(few) for few in ((0, 1), (0, _OFF), (0,))),
        rates=market.rates,
        own=market.price(_OWN) if declaration.own.source else None,
        back=_back(market, found),
    )


class _Row(NamedTuple):
    """One observation: when it was made and received, whose it is, and its price in the source's own currency."""

    received: int
    happened: int
    source: int
    price: float


@dataclass(frozen=True)
class _Market:
    """The five sources (and the venue's own market), what they say, and when it is published."""

    declaration: Declaration
    basket: Basket
    rates: dict[str, float]
    now: int
    gap_us: int
    fresh_us: int

    @classmethod
    def of(cls, declaration: Declaration) -> _Market:
        rates = _rates(declaration)
        return cls(declaration, _basket(declaration, tuple(rates)), rates, _now(declaration), _gap(declaration), _fresh(declaration))

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(source.id for source in self.basket)

    @property
    def speaking(self) -> tuple[int, ...]:
        return (*range(len(_NAMES)), *((self.names.index(self.declaration.own.source),) if self.declaration.own.source else ()))

    @property
    def rows(self) -> list[_Row]:
        """What is said up to the example's publication."""
        earlier = self.now - self.gap_us
        rows = [self.row(s, earlier, self.price(s, earlier=True)) for s in self.speaking]
        for s in self.speaking:
            rows.extend(self._late_rows(s) if s == _SILENT else self._now_rows(s))
        return rows

    def price(self, source: int, *, earlier: bool = False) -> float:
        """Return what a source that is not far off says, in the index's currency."""
        return _price(self.declaration, source, earlier=earlier)

    def row(self, source: int, time: int, price: float, delay: int = 0) -> _Row:
        """Return an observation at a time, its price turned into the source's own currency."""
        declared = self.declaration.conversion
        rate = self.rates.get(self.basket[source].quote, 1.0)
        own = 1 / (price / rate) if self.names[source] in declared.inverted else price / rate
        return _Row(time, time - delay, source, float(f"{own:.9g}"))

    def _now_rows(self, source: int) -> list[_Row]:
        price, last = 100 * (1 + _off(self.declaration)) if source == _OFF else self.price(source), self.now - self.fresh_us
        if self.declaration.input.price not in _WINDOWED:
            return [self.row(source, last, price)]
        window = min(self.declaration.input.window_us or MINUTE, _LONGEST)
        return [self.row(source, min(self.now - window * part // 3, last), price + part / 10) for part in (2, 1, 0)]

    def _late_rows(self, source: int) -> list[_Row]:
        """Return what the silent source says again: nothing, or where the rules look for another fault first, that one."""
        declaration, last = self.declaration, self.now - self.fresh_us
        if declaration.staleness.silence_us is not None or declaration.input.price in _AVERAGED:
            return []
        if declaration.latency.limit_us is not None:
            return [self.row(source, last, self.price(source), min(2 * declaration.latency.limit_us, _LONGEST) or SECOND)]
        return [self.row(source, last, self.price(source, earlier=True))] if declaration.unchanged.limit_us is not None else []

    def run(self, rows: Sequence[_Row], later: Sequence[int] = ()) -> Determinations:
        """Determine the index at the publication before, at the example's, and later."""
        times = [
            self.now - self.gap_us + (self.fresh_us if self.declaration.input.price in _WINDOWED else 0),
            *([self.now - 2 * self.fresh_us] if self.declaration.conversion.rate == "previous-round" else []),
            self.now,
            *later,
        ]
        found = determine(self.declaration, self.basket, _quotes(self.declaration, rows), np.array(times, dtype=np.int64), self._series(times))
        if found.used is None or found.weight is None or found.reason is None:
            raise AssertionError  # the reference always explains itself
        return found

    def _series(self, times: Sequence[int]) -> dict[str, Rate]:
        if self.declaration.conversion.rate not in {"same-round", "previous-round"}:
            return {}
        return {name: Rate.from_columns(receive_time=list(times), price=[rate] * len(times)) for name, rate in self.rates.items()}

    def alone(self, few: tuple[int, ...]) -> Outcome:
        """Return what is published where a few go on alone; where nothing ever goes stale, the others were never there."""
        forgets = self.declaration.input.price in _AVERAGED or (
            self.declaration.staleness.silence_us is not None and self.declaration.staleness.action == "drop"
        )
        earlier = self.now - self.gap_us
        rows = [row for row in self.rows if row.source in few or row.source >= len(_NAMES) or (forgets and row.received == earlier)]
        found = self.run(rows)
        return Outcome(tuple(self.names[s] for s in few), float(found.value[-1]), STATUSES[found.status[-1]])


# ------------------------------------------------------------------------------------------------------------------ who, when, how far


def _basket(declaration: Declaration, currencies: Sequence[str]) -> Basket:
    """Return the sources, named as the declaration names them where it does, and whatever else it names; the venue's own comes last."""
    own = declaration.own.source
    named = tuple(dict.fromkeys(name for name in (*declaration.weights.fixed, *declaration.conversion.inverted) if name != own))
    others = [name for name in (*_NAMES, _SPARE) if name not in {*named, own}]
    names = [*named, *others][: max(len(_NAMES), len(named))] + ([own] if own else [])
    quotes = {1: next(iter(currencies), "USD"), _OFF: next(iter(declaration.outlier.by_quote), "USD")}
    sizes = dict(enumerate(_SIZES[: len(_NAMES)]))
    return tuple(Source(name, name, quote=quotes.get(s, "USD"), weight=sizes.get(s, 1.0)) for s, name in enumerate(names))


def _rates(declaration: Declaration) -> dict[str, float]:
    """Return the currency that one source is in, and its rate; none where nothing is converted."""
    conversion = declaration.conversion
    if conversion.rate == "none":
        return {}
    currency = next(iter(conversion.peg), "USDT")
    peg = conversion.peg.get(currency, 1.0)
    return {currency: peg if conversion.rate == "peg" else float(f"{peg * _RATE:.9g}")}


def _now(declaration: Declaration) -> int:
    blend, refresh = declaration.blend, declaration.weights.refresh_us or SECOND
    return -(-(_DAY if blend is None else blend.at_us + blend.over_us) // refresh) * refresh


def _fresh(declaration: Declaration) -> int:
    silence, window = declaration.staleness.silence_us, declaration.input.window_us
    return min(SECOND, *(SECOND if limit is None else limit for limit in (silence and silence // 2, window and window // 8)))


def _gap(declaration: Declaration) -> int:
    """Return how long ago the publication before was, and the silent source's last word: twice the limit that it is to break."""
    silence, window, unchanged = declaration.staleness.silence_us, declaration.input.window_us, declaration.unchanged.limit_us
    limits = [limit for limit in (silence, window, unchanged if silence is None else None) if limit is not None]
    return max(min(2 * max(limits), _LONGEST), 4 * _fresh(declaration), 2) if limits else 10 * MINUTE


def _band(declaration: Declaration) -> float:
    outlier = declaration.outlier
    return max([outlier.band, *outlier.by_quote.values(), *outlier.by_asset.values()])


def _price(declaration: Declaration, source: int, *, earlier: bool = False) -> float:
    closer = min(1.0, (_band(declaration) or 1.0) / _NARROW)
    return 100 + closer * (_APART[min(source, _OWN)] + earlier * _EARLIER)


def _off(declaration: Declaration) -> float:
    """Return how far off one source is: twice the band, or between it and where the rule becomes another."""
    band, beyond = _band(declaration), declaration.outlier.drop_beyond
    return ((band + beyond) / 2 if beyond else 2 * band) or 0.05


# ------------------------------------------------------------------------------------------------------------------ what they say


def _scale(price: float) -> float:
    """Return the power of ten that a price is near to, so that distances from it are round numbers."""
    return 10.0 ** math.floor(math.log10(1.1 * price))


def _book(declaration: Declaration, price: float) -> tuple[list[tuple[float, float]], list[tuple[float, float]]]:
    spacing = declaration.book.spacing if declaration.input.price == "book" else 1.0
    scale = _scale(price)
    bids = [(float(f"{price - scale * away:.9g}"), size * spacing) for away, size in _LEVELS]
    return bids, [(float(f"{price + scale * away:.9g}"), (size - 1) * spacing) for away, size in _LEVELS]


def _quotes(declaration: Declaration, rows: Iterable[_Row]) -> Quotes:
    """Return observations with the columns that the declaration prices from."""
    said = sorted(rows, key=lambda row: row.received)
    kind = declaration.input.price
    books = [_book(declaration, row.price) for row in said]
    sizes = [_SIZES[min(row.source, _OWN)] for row in said]
    return Quotes.from_columns(
        receive_time=[row.received for row in said],
        event_time=[row.happened for row in said],
        source=[row.source for row in said],
        price=[row.price for row in said],
        bid=[bids[0][0] for bids, _ in books],
        ask=[asks[0][0] for _, asks in books],
        volume=sizes,
        confidence=[_scale(row.price) * _CONFIDENCE for row in said] if kind == "confidence" else None,
        trade_size=sizes if kind in _WINDOWED else None,
        book=Levels.from_lists(books) if kind in {"cross", "book"} else None,
    )


def _said(declaration: Declaration, rows: Sequence[_Row]) -> str:
    """Write what a source said, as its input needs it."""
    kind, price = declaration.input.price, rows[-1].price
    if kind in _WINDOWED:
        return ", ".join(f"{row.price:.7g}" for row in rows)
    if kind == "last":
        return f"{price:.9g}"
    if kind == "confidence":
        return f"{price:.9g} ± {_scale(price) * _CONFIDENCE:.6g}"
    bids, asks = _book(declaration, price)
    if kind in {"mid", "median"}:
        return f"{bids[0][0]:.9g} / {asks[0][0]:.9g}" + (f", {price:.9g}" if kind == "median" else "")
    depth = 2 if kind == "cross" else len(_LEVELS)
    return " / ".join(" ".join(f"{at:.7g}×{size:g}" for at, size in side[:depth]) for side in (bids, asks))


def _lines(market: _Market, found: Determinations) -> tuple[Line, ...]:
    weights, earlier = market.declaration.weights_for(market.basket), market.now - market.gap_us
    lines = []
    for s, source in enumerate(market.basket[: len(_NAMES)]):
        said = [row for row in market.rows if row.source == s]
        said = [row for row in said if row.received > earlier] or said
        used, weight, reason = _explained(found, s)
        text = _said(market.declaration, said)
        lines.append(Line(source.id, source.quote, weights[s], _SIZES[s], text, market.now - said[-1].happened, used, weight, reason))
    return tuple(lines)


def _explained(found: Determinations, source: int, at: int | None = None) -> tuple[float, float, str]:
    if found.used is None or found.weight is None or found.reason is None:
        raise AssertionError  # the reference always explains itself
    at = len(found.value) - 1 if at is None else at
    return float(found.used[at, source]), float(found.weight[at, source]), REASONS[found.reason[at, source]]


# ------------------------------------------------------------------------------------------------------------------ coming back


def _back(market: _Market, found: Determinations) -> Back | None:
    """Return when the one that was out comes back, where the declaration has a rule for that and somebody was out by it."""
    who = _who_is_out(market.declaration, found)
    if who is None:
        return None
    step, steps = _pace(market.declaration)
    if step * steps > _LONGEST:
        return None
    later = [market.now + (k + 1) * step for k in range(steps)]
    speaking = [s for s in market.speaking if s != _SILENT or who == _SILENT]
    rows = [market.row(s, time, market.price(s) + 1e-3 * (k % 2)) for k, time in enumerate(later) for s in speaking]
    run = market.run([*market.rows, *rows], later)
    first = len(run.value) - steps
    back = next((k for k in range(steps) if _explained(run, who, first + k)[2] in {"used", "clamped"}), None)
    return Back(market.names[who], market.price(who), step, None if back is None else (back + 1) * step, steps * step)


def _who_is_out(declaration: Declaration, found: Determinations) -> int | None:
    if declaration.reinclusion is None:
        return None
    applies_to = declaration.reinclusion.applies_to
    if applies_to != "stale" and _explained(found, _OFF)[2] == "outlier":
        return _OFF
    return _SILENT if applies_to != "outlier" and _explained(found, _SILENT)[2] == "stale" else None


def _pace(declaration: Declaration) -> tuple[int, int]:
    """Return how often it is published until then, a whole part of the time that a source has to be right, and how many times."""
    back, silence = declaration.reinclusion, declaration.staleness.silence_us
    if back is None:
        raise AssertionError  # asked only where there is such a rule
    horizon = back.held_for_us + back.out_for_us + (declaration.input.window_us or 0)
    wanted = min(max(SECOND, horizon // _STEPS), max(silence // 2, 1) if silence is not None else horizon + SECOND)
    round_ones = [seconds * SECOND for seconds in _ROUND if seconds * SECOND <= wanted and back.held_for_us % (seconds * SECOND) == 0]
    step = round_ones[0] if round_ones else back.held_for_us // -(-back.held_for_us // wanted) if back.held_for_us else wanted
    return step, min(horizon // step + 4, _MOST_STEPS)
