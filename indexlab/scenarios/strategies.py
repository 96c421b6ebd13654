"""Hypothesis strategies: they draw few numbers, which `recipes` and `synthetic` expand into ticks and twins.

They compose with `@given`: each is an ordinary strategy that gives a frozen record.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

from hypothesis import strategies as st

from indexlab.faults.registry import fault_names
from indexlab.faults.spec import FaultSpec
from indexlab.margin.account import Account
from indexlab.market.seeds import derive
from indexlab.market.synthetic import JUMPS, REGIMES, Market
from indexlab.scenarios.baskets import FEWEST, MOST, drawn_basket
from indexlab.scenarios.expect import Expect
from indexlab.scenarios.recipes import GAPS, SEARCHED, Drawn
from indexlab.scenarios.scenario import Scenario
from indexlab.scenarios.shapes import LEVELS, STARTS, limit_shape, market_for

if TYPE_CHECKING:
    from collections.abc import Sequence

    from indexlab.market.source import Basket

__all__ = ["accounts", "baskets", "drawn_batches", "faults", "markets", "scenarios"]

T = TypeVar("T")
_SEEDS = st.integers(0, 2**32 - 1)


def baskets(low: int = FEWEST, high: int = MOST, *, mixed: bool = False, shared: bool = False) -> st.SearchStrategy[Basket]:
    """Return baskets of `low` to `high` sources, no weight above 15 % where that is possible.

    They quote in dollars and are independent of one another; with `mixed` in several currencies, with `shared` some have a venue or an upstream in common.
    """
    return st.builds(drawn_basket, st.integers(low, high), _SEEDS, mixed=st.just(mixed), shared=st.just(shared))


def markets(expect: Expect | None = None, *, publications: int | None = None, book: bool = False) -> st.SearchStrategy[Market]:
    """Return markets that fit a promise (default: the default promise), long enough to judge its limits unless `publications` says otherwise."""
    promise = expect or Expect()
    count = publications or limit_shape(promise).publications

    def build(regime: str, seed: int, start: int, price: float, move: float) -> Market:
        return market_for(promise, regime, count, seed, start=start, price=price, move=move if regime in JUMPS else 1.0, book=book)  # type: ignore[arg-type]

    return st.builds(build, st.sampled_from(REGIMES), _SEEDS, st.sampled_from(STARTS), st.sampled_from(LEVELS), st.sampled_from(GAPS))


def faults(n_sources: int, start: int, end: int, *, names: Sequence[str] | None = None, most_sources: int = 1) -> st.SearchStrategy[FaultSpec]:
    """Return faults of up to `most_sources` of `n_sources` sources in a window within [start, end) (microseconds)."""
    window = st.tuples(st.integers(start, end - 1), st.integers(start, end)).map(lambda pair: (min(pair), max(pair) if max(pair) > min(pair) else None))
    sources = st.sets(st.integers(0, n_sources - 1), min_size=1, max_size=most_sources).map(lambda chosen: tuple(sorted(chosen)))

    def build(name: str, who: tuple[int, ...], span: tuple[int, int | None], intensity: float, direction: str, seed: int) -> FaultSpec:
        return FaultSpec(fault=name, sources=who, start=span[0], end=span[1], intensity=intensity, direction=direction, seed=seed)  # type: ignore[arg-type]

    return st.builds(
        build, st.sampled_from(names or fault_names()), sources, window, st.floats(0.0, 1.0, allow_subnormal=False), st.sampled_from(["up", "down"]), _SEEDS
    )


def accounts(price: float = 50_000.0) -> st.SearchStrategy[Account]:
    """Return isolated accounts, long and short, at leverages from 1 to 125, entered at `price`."""

    def build(long: bool, size: float, leverage: float) -> Account:  # noqa: FBT001 - drawn
        return Account(id="drawn", size=size if long else -size, entry_price=price, collateral=size * price / leverage)

    return st.builds(build, st.booleans(), st.sampled_from([0.01, 0.5, 2.0, 40.0]), st.floats(1.0, 125.0))


@st.composite
def scenarios(
    draw: st.DrawFn, expect: Expect | None = None, *, sources: st.SearchStrategy[Basket] | None = None, most_faults: int = 2, book: bool = False
) -> Scenario:
    """Return whole scenarios: a basket, a market, and up to `most_faults` faults of one source each, from a fifth of the run on."""
    basket = draw(sources if sources is not None else baskets())
    market = draw(markets(expect, book=book))
    begin = market.start + market.interval * (market.publications // 5)
    chosen = draw(st.lists(faults(len(basket), begin, market.end), min_size=1, max_size=most_faults))
    return Scenario(sources=basket, market=market, faults=tuple(chosen))


def _bits(count: int) -> st.SearchStrategy[int]:
    # Hypothesis draws integers now and then from the constants of whatever local modules are loaded, which differ between a worker
    # and the process that started it; booleans it draws from its seed alone
    return st.tuples(*[st.booleans()] * count).map(lambda bits: sum(bit << place for place, bit in enumerate(bits)))


def _one_of(options: Sequence[T]) -> st.SearchStrategy[T]:
    # through a hash: Hypothesis likes bits that repeat, and would come back to a few of many options
    return _bits(12).map(lambda number: options[derive("one-of", number) % len(options)])


def drawn_batches() -> st.SearchStrategy[Drawn]:
    """Return the few numbers of one batch of guided search; what is drawn depends on the seed alone, not on what else is loaded."""
    return st.builds(
        Drawn,
        recipe=_one_of(SEARCHED),
        regime=_one_of(REGIMES),
        sources=_one_of(range(FEWEST, MOST + 1)),
        level=_one_of(LEVELS),
        start=_one_of(STARTS),
        move=_one_of(GAPS),
        seed=_bits(31),
        instant=_bits(2).map(lambda number: number == 0),
    )
