"""A scenario: a market, faults and accounts, as a small record that replays bit for bit."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import msgspec
import numpy as np

from indexlab.faults.many import inject_many
from indexlab.faults.spec import FaultSpec
from indexlab.margin.account import Account
from indexlab.margin.case import MarginCase
from indexlab.market.errors import InputError
from indexlab.market.fixture import find_fixture, load_fixture
from indexlab.market.levels import Levels
from indexlab.market.quotes import OPTIONAL_COLUMNS, Quotes
from indexlab.market.source import Basket, Source, checked_basket
from indexlab.market.synthetic import Market, synthesise
from indexlab.scenarios.brief import basket_said, faults_said, market, written_basket, written_faults, written_market
from indexlab.scenarios.currencies import CurrencyRate, expand_rates, in_own_currency, twin_rates, written_out

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from contextlib import AbstractContextManager
    from typing import Protocol

    from numpy.typing import NDArray

    from indexlab.faults.inject import Injection
    from indexlab.market.rates import Rates
    from indexlab.scenarios.brief import SaidFault

    class Printer(Protocol):
        """What Hypothesis prints examples with, as far as it is used here."""

        def text(self, obj: str) -> None: ...

        def break_(self) -> None: ...

        def indent(self, indent: int) -> AbstractContextManager[None]: ...


__all__ = [
    "Batch",
    "BookColumns",
    "Expanded",
    "FixtureSlice",
    "QuoteColumns",
    "Scenario",
    "expand",
    "expand_base",
    "from_bytes",
    "materialised",
    "to_bytes",
    "without_faults",
]

_MOST_BYTES = 256 * 1024 * 1024
_ONE_LINE = 90
"""Letters of an example that are read in one line."""


class BookColumns(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """An order book written out: (price, size) a level, a side in the order in which it was sent."""

    bids: tuple[tuple[float | None, float | None], ...]
    asks: tuple[tuple[float | None, float | None], ...]


class QuoteColumns(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """Quotes written out: columns of equal length as in the target protocol; a bid, ask or volume left out is all null, another column is not there."""

    receive_time: tuple[int, ...]
    event_time: tuple[int, ...]
    source: tuple[int, ...]
    price: tuple[float | None, ...]
    bid: tuple[float | None, ...] | None = None
    ask: tuple[float | None, ...] | None = None
    volume: tuple[float | None, ...] | None = None
    confidence: tuple[float | None, ...] | None = None
    trade_size: tuple[float | None, ...] | None = None
    book: tuple[BookColumns | None, ...] | None = None

    @classmethod
    def of(cls, quotes: Quotes) -> QuoteColumns:
        """Write quotes out."""
        whole = {name: tuple(getattr(quotes, name).tolist()) for name in ("receive_time", "event_time", "source")}
        numbers = {name: _nullable(getattr(quotes, name)) for name in ("price", "bid", "ask", "volume")}
        price = numbers.pop("price")
        empty = (None,) * len(quotes)
        bid, ask, volume = (None if numbers[name] == empty else numbers[name] for name in ("bid", "ask", "volume"))
        confidence, trade_size = (None if column is None else _nullable(column) for column in (quotes.confidence, quotes.trade_size))
        book = None if quotes.book is None else _written(quotes.book)
        return cls(**whole, price=price, bid=bid, ask=ask, volume=volume, confidence=confidence, trade_size=trade_size, book=book)

    def take(self, rows: Sequence[int]) -> QuoteColumns:
        """Return the given rows, in the order given."""
        columns: dict[str, tuple[Any, ...] | None] = {name: getattr(self, name) for name in self.__struct_fields__}
        return QuoteColumns(**{name: None if column is None else tuple(column[row] for row in rows) for name, column in columns.items()})  # type: ignore[arg-type]

    def quotes(self, n_sources: int, *, file: object = None) -> Quotes:
        """Read them back, validated."""
        given: dict[str, Any] = {name: list(column) for name in self.__struct_fields__ if (column := getattr(self, name)) is not None}
        for name in ("price", "bid", "ask", "volume", *OPTIONAL_COLUMNS):
            if name in given:
                given[name] = [np.nan if value is None else value for value in given[name]]
        if self.book is not None:
            given["book"] = Levels.from_lists([None if row is None else (_side(row.bids), _side(row.asks)) for row in self.book])
        return Quotes.from_columns(**given, sources=n_sources, file=file)


class FixtureSlice(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A stretch of a fixture, by id or folder; `start` and `end` in microseconds."""

    fixture: str
    start: int
    end: int


class Scenario(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """A market (one of `market`, `quotes`, `fixture`), the faults in their order, and accounts; without accounts a rack is set up.

    `margin` is the margin case that is asked of the run without faults, and, retold, of the one with them; without it one is drawn where it is needed.
    `times` are the publication times (microseconds); where None, those of the market or the fixture. `rates` are what the quote currencies were worth in the
    index's: a market's prices are then in each source's own currency.
    """

    sources: tuple[Source, ...]
    market: Market | None = None
    quotes: QuoteColumns | None = None
    fixture: FixtureSlice | None = None
    times: tuple[int, ...] | None = None
    faults: tuple[FaultSpec, ...] = ()
    accounts: tuple[Account, ...] = ()
    rates: tuple[CurrencyRate, ...] = ()
    schema: int = 1
    margin: MarginCase | None = None

    @classmethod
    def of(
        cls,
        sources: int | Iterable[str | Source],
        market: Market | str = "calm",
        faults: Iterable[SaidFault | FaultSpec] = (),
        accounts: Iterable[Account] = (),
        rates: Iterable[CurrencyRate] = (),
        times: Iterable[int] | None = None,
    ) -> Scenario:
        """Return a scenario over a synthetic market, from few words: what `repr` writes. Raises InputError.

        `sources` are a number of plain ones, or ids ("kraken", "kraken:USD:0.4"); a `market` is a regime's name or `market(…)`, a fault is `fault(…)`.
        """
        basket, made = basket_said(sources), _market_said(market)
        placed = faults_said(faults, basket, made.start)
        return cls(
            sources=basket,
            market=made,
            times=None if times is None else tuple(times),
            faults=placed,
            accounts=tuple(accounts),
            rates=tuple(rates),
        )

    def __repr__(self) -> str:
        """Write the scenario as Python that gives it again, where `indexlab.testing` is imported."""
        head, words = self._words()
        return f"{head}({', '.join(words)})"

    def _repr_pretty_(self, printer: Printer, cycle: bool) -> None:  # noqa: FBT001 - called by Hypothesis
        """Print the same over several lines where it is long."""
        head, words = self._words()
        if cycle or sum(map(len, words)) <= _ONE_LINE:
            printer.text(f"{head}({', '.join(words)})")
            return
        printer.text(f"{head}(")
        with printer.indent(4):
            for word in words:
                printer.break_()
                printer.text(f"{word},")
        printer.break_()
        printer.text(")")

    def _words(self) -> tuple[str, list[str]]:
        ids = {source.id for source in self.sources}
        rest = ("times", "accounts", "rates")
        written = any(given is not None for given in (self.quotes, self.fixture, self.margin)) or self.schema != 1
        if self.market is None or written or not 0 < len(ids) == len(self.sources):
            names = ("sources", "market", "quotes", "fixture", "faults", *rest, "schema", "margin")
            usual = Scenario(sources=())
            return "Scenario", [f"{name}={value!r}" for name in names if (value := getattr(self, name)) != getattr(usual, name) or name == "sources"]
        words = [f"sources={written_basket(self.sources)}", f"market={written_market(self.market)}"]
        words += [f"faults=[{', '.join(written_faults(self.faults, self.sources, self.market.start))}]"] if self.faults else []
        return "Scenario.of", words + [f"{name}={value!r}" for name in rest if (value := getattr(self, name)) not in (None, ())]


def _market_said(given: Market | str) -> Market:
    return market(given) if isinstance(given, str) else given


class Batch(msgspec.Struct, frozen=True):
    """One base market and many twins of it: `base` has no faults, each entry of `twins` is the fault list of one broken twin."""

    base: Scenario
    twins: tuple[tuple[FaultSpec, ...], ...]

    def scenario(self, twin: int) -> Scenario:
        """Return one twin as a scenario of its own; -1 is the clean one."""
        return self.base if twin < 0 else msgspec.structs.replace(self.base, faults=self.twins[twin])


@dataclass(frozen=True, slots=True, eq=False)
class Expanded:
    """A batch made into quotes: the clean run and the broken ones, all over one basket and the same publication times.

    `rates` are the clean run's (None: there are none), `twin_rates` those of each twin: the very same object where its faults change no rate.
    """

    basket: Basket
    times: NDArray[np.int64]
    clean: Quotes
    injections: tuple[Injection, ...]
    batch: Batch
    rates: Rates | None = None
    twin_rates: tuple[Rates | None, ...] = ()


def expand(batch: Batch) -> Expanded:
    """Expand a batch: a pure function of its record."""
    basket, times, clean = expand_base(batch.base)
    injections = inject_many(clean, batch.twins, basket)
    rates = expand_rates(batch.base.rates, times)
    return Expanded(basket, times, clean, injections, batch, rates, twin_rates(rates, batch.twins, basket))


def expand_base(scenario: Scenario) -> tuple[Basket, NDArray[np.int64], Quotes]:
    """Return the basket, the publication times and the undisturbed quotes of a scenario. Raises InputError where it contradicts itself."""
    basket = checked_basket(scenario.sources)
    given = [kind for kind in ("market", "quotes", "fixture") if getattr(scenario, kind) is not None]
    if len(given) != 1:
        problem = f"must have exactly one of market, quotes and fixture, has {' and '.join(given) or 'none'}"
        raise InputError(problem, key="scenario")
    times: NDArray[np.int64] | None = None if scenario.times is None else np.asarray(scenario.times, dtype=np.int64)
    if times is not None and np.any(times[1:] < times[:-1]):
        problem = "must not go back"
        raise InputError(problem, key="scenario.times")
    for fault in scenario.faults:
        if any(not 0 <= position < len(basket) for position in fault.sources):
            problem = f"must be positions in the {len(basket)} sources, were {list(fault.sources)}"
            raise InputError(problem, key="scenario.faults.sources")
    if scenario.market is not None:
        quotes = in_own_currency(synthesise(scenario.market, len(basket)), basket, scenario.rates)
        return basket, scenario.market.times() if times is None else times, quotes
    if scenario.quotes is not None:
        if times is None:
            problem = "must be given beside explicit quotes"
            raise InputError(problem, key="scenario.times")
        return basket, times, scenario.quotes.quotes(len(basket))
    return _fixture_base(scenario, basket, times)


def _fixture_base(scenario: Scenario, basket: Basket, times: NDArray[np.int64] | None) -> tuple[Basket, NDArray[np.int64], Quotes]:
    part = scenario.fixture
    if part is None:  # pragma: no cover - the caller has looked
        problem = "must name a fixture"
        raise InputError(problem, key="scenario.fixture")
    quotes, fixture_times = _fixture_quotes(part.fixture)
    window = quotes.take((quotes.receive_time >= part.start) & (quotes.receive_time <= part.end))
    published = fixture_times[(fixture_times >= part.start) & (fixture_times <= part.end)]
    return basket, published if times is None else times, window


@lru_cache(maxsize=4)
def _fixture_quotes(name: str) -> tuple[Quotes, NDArray[np.int64]]:
    # an audit cuts many stretches out of one fixture
    fixture = load_fixture(find_fixture(name))
    return fixture.quotes(), fixture.times()


def materialised(scenario: Scenario) -> Scenario:
    """Return the same scenario with its undisturbed quotes, rates and times written out; the faults stay faults."""
    _, times, quotes = expand_base(scenario)
    rates = written_out(scenario.rates, times)
    return msgspec.structs.replace(scenario, market=None, fixture=None, quotes=QuoteColumns.of(quotes), times=tuple(times.tolist()), rates=rates)


def without_faults(scenario: Scenario) -> Scenario:
    """Return a scenario with written out quotes as it arrived: what its faults made of the quotes are the quotes.

    The scenario itself comes back where that cannot be written: a fault changed a rate, or a price has left the numbers.
    """
    if not scenario.faults or scenario.quotes is None:
        return scenario
    expanded = expand(Batch(msgspec.structs.replace(scenario, faults=()), (scenario.faults,)))
    quotes = expanded.injections[0].quotes
    numbers = (quotes.price, quotes.bid, quotes.ask, quotes.volume)
    if expanded.twin_rates[0] is not expanded.rates or any(np.isinf(column).any() for column in numbers):
        return scenario
    columns = QuoteColumns.of(quotes)
    try:
        columns.quotes(len(expanded.basket))
    except InputError:  # what arrives need not be what may be written down
        return scenario
    return msgspec.structs.replace(scenario, quotes=columns, faults=())


def to_bytes(scenario: Scenario) -> bytes:
    """Encode a scenario as JSON."""
    return msgspec.json.encode(scenario)


def from_bytes(text: bytes, *, file: object = None) -> Scenario:
    """Decode a scenario strictly. Raises InputError with the file and what is wrong."""
    if len(text) > _MOST_BYTES:
        problem = f"is larger than {_MOST_BYTES} bytes"
        raise InputError(problem, file=file)
    try:
        return msgspec.json.decode(text, type=Scenario)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        problem = f"is no scenario: {error}"
        raise InputError(problem, file=file) from None


def _written(book: Levels) -> tuple[BookColumns | None, ...]:
    rows = [book.row(row) for row in range(len(book))]
    return tuple(BookColumns(_told(bids), _told(asks)) if bids or asks else None for bids, asks in rows)


def _told(side: list[tuple[float, float]]) -> tuple[tuple[float | None, float | None], ...]:
    return tuple((None if math.isnan(price) else price, None if math.isnan(size) else size) for price, size in side)


def _side(levels: tuple[tuple[float | None, float | None], ...]) -> list[tuple[float, float]]:
    return [(math.nan if price is None else price, math.nan if size is None else size) for price, size in levels]


def _nullable(column: NDArray[np.float64]) -> tuple[float | None, ...]:
    return tuple(None if value != value else value for value in column.tolist())  # noqa: PLR0124 - NaN is the one value unequal to itself
