"""Hypothesis strategies for whole scenarios: a basket, a market, what breaks in it, who holds a position.

They draw few numbers, the simplest first (few sources of equal weight, a calm market, round sizes), so that Hypothesis itself shrinks to an example that a
person reads. Ticks and twins are made from these numbers.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, TypeAlias

import msgspec
from hypothesis import strategies as st

from indexlab.margin.account import Account
from indexlab.market.errors import InputError
from indexlab.market.synthetic import JUMPS, REGIMES, Market
from indexlab.scenarios.baskets import FEWEST, MOST, drawn_basket
from indexlab.scenarios.brief import basket_said, plain_basket
from indexlab.scenarios.currencies import rates_for
from indexlab.scenarios.expect import Expect, Layer, promised
from indexlab.scenarios.scenario import Scenario
from indexlab.scenarios.shapes import LEVELS, STARTS, market_for
from indexlab.scenarios.world import GAPS
from indexlab.testing.breaking import single_source

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from indexlab.market.source import Basket, Source
    from indexlab.market.synthetic import Regime
    from indexlab.testing.breaking import Breaking, Faults

__all__ = ["Promise", "Sources", "accounts", "baskets", "between", "markets", "promise_of", "scenarios", "true_moves"]

Sources: TypeAlias = "int | Iterable[str | Source] | st.SearchStrategy[int | Iterable[str | Source]]"
"""How sources are asked for; a strategy gives numbers of sources, or baskets."""
Promise: TypeAlias = "Expect | Mapping[str, object] | None"
Accounts: TypeAlias = "st.SearchStrategy[tuple[Account, ...]] | Callable[[float], st.SearchStrategy[tuple[Account, ...]]]"
_NOTIONALS = (100_000.0, 500.0, 5_000_000.0)
_SEEDS = st.integers(0, 2**16)
_REST = 46
"""Publications of a market that nobody needs longer: enough for a move and what follows it."""
_USUALLY = st.integers(FEWEST, MOST)
_ONE_SOURCE = single_source()


def promise_of(given: Promise) -> Expect:
    """Return a promise from what a person writes: {"max_age": "10s"}. Raises InputError.

    >>> promise_of({"max_age": "10s"}).max_age
    10000000
    """
    if isinstance(given, Expect):
        return given
    return promised([Layer("expect", given)] if given else [])


def between(low: int, high: int) -> st.SearchStrategy[int]:
    """Return numbers from `low` to `high`, both among them; small ones are simpler.

    >>> between(5, 9) is not None
    True
    """
    if low > high:
        problem = f"must not have low = {low} above high = {high}"
        raise InputError(problem, key="between", remedy=f"did you mean between({high}, {low})?")
    return st.integers(low, high)


@st.composite
def baskets(draw: st.DrawFn, sources: Sources = _USUALLY, *, lopsided: bool = True, currencies: bool = False, shared: bool = False) -> Basket:
    """Return baskets of so many sources. No weight is above 15 % where that is possible; without `lopsided` all are equal.

    With `currencies` they quote in several; with `shared` some have a venue or an upstream in common.

    >>> baskets(between(3, 4), lopsided=False) is not None
    True
    """
    given: int | Iterable[str | Source] = draw(sources) if isinstance(sources, st.SearchStrategy) else sources
    if not isinstance(given, int):
        return basket_said(given)
    shape = draw(_SEEDS) if lopsided or currencies or shared else 0
    if shape == 0 and not currencies and not shared:
        return plain_basket(given)
    return drawn_basket(given, shape, mixed=currencies, shared=shared, spread=None if lopsided else 0.0)


@st.composite
def markets(
    draw: st.DrawFn,
    regimes: Sequence[Regime] = REGIMES,
    *,
    publications: int | None = None,
    price: float | None = None,
    expect: Promise = None,
    book: bool = False,
) -> Market:
    """Return markets of these regimes, calm first, with `publications` (default: 46; a scenario makes that more where its faults need it).

    They begin at `price`; without it at 50 000, or where numbers are awkward: below a cent, beyond what 32 bits hold, at the edge of a power of ten.

    A promise decides how often sources speak and how soon they follow one another; a market with a `book` has bid and ask.

    >>> markets(["calm", "volatile"], publications=100) is not None
    True
    """
    for regime in regimes:
        if regime not in REGIMES:
            problem = f'must be of {", ".join(REGIMES)}, was "{regime}"'
            raise InputError(problem, key="regimes")
    regime = draw(st.sampled_from(tuple(regimes)))
    seed = draw(_SEEDS)
    # half of the markets begin on a plain day at a plain price: what is odd is drawn on purpose
    start, level = (draw(st.sampled_from(STARTS)), draw(st.sampled_from(LEVELS))) if draw(st.booleans()) else (STARTS[0], LEVELS[0])
    move = draw(st.sampled_from(GAPS)) if regime in JUMPS else 1.0
    made = market_for(promise_of(expect), regime, publications or _REST, seed, start=start, price=price or level, move=move, book=book)
    return msgspec.structs.replace(made, seed=seed)


def true_moves(*, publications: int | None = None, expect: Promise = None, book: bool = False) -> st.SearchStrategy[Market]:
    """Return markets in which the true price moves at once, by 1 % to a factor of 100: what an index must follow.

    >>> true_moves() is not None
    True
    """
    return markets(JUMPS, publications=publications, expect=expect, book=book)


@st.composite
def accounts(draw: st.DrawFn, price: float = LEVELS[0]) -> tuple[Account, ...]:
    """Return one to four isolated accounts, long and short, at leverages from 1 to 125, entered at `price`; `scenarios(accounts=accounts)` says the market's.

    Without any a scenario has a rack of accounts at known distances from a change of state, which tests more.

    >>> accounts(price=50_000) is not None
    True
    """
    drawn = draw(st.lists(st.tuples(st.booleans(), st.sampled_from(_NOTIONALS), st.integers(1, 125)), min_size=1, max_size=4))
    return tuple(
        Account(
            id=f"{'short' if short else 'long'} {leverage}x {number}",
            size=float(f"{(-notional if short else notional) / price:.6g}"),
            entry_price=price,
            collateral=round(notional / leverage, 2),
        )
        for number, (short, notional, leverage) in enumerate(drawn)
    )


def scenarios(
    *,
    sources: Sources = _USUALLY,
    faults: Faults | None = _ONE_SOURCE,
    market: st.SearchStrategy[Market] | None = None,
    expect: Promise = None,
    accounts: Accounts | None = None,
    book: bool = False,
) -> st.SearchStrategy[Scenario]:
    """Return whole scenarios.

    `sources`: a number, ids ("kraken", "kraken:USD:0.4"), `between(…)` or `baskets(…)`; `faults`: None, or what `single_source(…)` and its like give; `market`:
    any regime, or `markets(…)`; `expect`: the promise that the runs are long enough for, the same as the assertion is given; `accounts`: a rack, or `accounts`.

    >>> scenarios(sources=between(5, 9), faults=single_source()) is not None
    True
    """
    promise = promise_of(expect)

    def whole() -> st.SearchStrategy[Scenario]:
        _load()
        return _whole(baskets(sources), faults, market, promise, accounts, book=book)

    # deferred: what takes seconds to load is loaded when a test that draws scenarios begins, on nobody's clock
    return st.deferred(whole)


@cache
def _load() -> None:
    from indexlab.testing.loading import load

    load()


@st.composite
def _whole(
    draw: st.DrawFn,
    basket: st.SearchStrategy[Basket],
    faults: Faults | None,
    market: st.SearchStrategy[Market] | None,
    promise: Expect,
    accounts: Accounts | None,
    *,
    book: bool,
) -> Scenario:
    sources = draw(basket)
    breaking: tuple[Breaking, ...] = () if faults is None else draw(faults)
    needed = max((each.publications(promise) for each in breaking), default=0)
    made = draw(market if market is not None else markets(publications=max(needed, _REST), expect=promise, book=book))
    if made.publications < needed:
        made = msgspec.structs.replace(made, publications=needed)
    currencies = len({source.quote for source in sources}) > 1
    return Scenario(
        sources=sources,
        market=made,
        faults=tuple(each.placed(sources, made, promise) for each in breaking),
        accounts=() if accounts is None else draw(accounts if isinstance(accounts, st.SearchStrategy) else accounts(made.price)),
        rates=rates_for(sources) if currencies else (),
    )
