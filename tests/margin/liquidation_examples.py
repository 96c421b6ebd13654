"""Forced reductions drawn for tests: every path, kind of contract and rule of states, on lots and ticks, over books that may be thin or empty."""

from __future__ import annotations

from hypothesis import strategies as st

from indexlab.margin.account import Account
from indexlab.margin.account_rules import FeeRules, StateRules
from indexlab.margin.case import Book, LiquidationCase, MarginCase, Rival
from indexlab.margin.contract import Contract, Tier, checked_contract
from indexlab.margin.liquidation_rules import CHOICES, LiquidationRule
from indexlab.margin.rules import Venue, VenueRules

PATHS = CHOICES["liquidation.path"]
SECOND = 1_000_000


def money(value: float) -> float:
    """Return a number as a person would write it."""
    return float(f"{value:.10g}")


@st.composite
def contracts(draw: st.DrawFn, kind: str | None = None) -> Contract:
    """Draw a contract with three tiers around the sizes that `reductions` draws."""
    kind = kind or draw(st.sampled_from(["linear", "inverse", "quanto"]))
    multiplier = {"linear": 1.0, "inverse": 100.0, "quanto": 0.001}[kind]
    whole, contracts_measure = draw(st.sampled_from([(False, False), (True, False), (True, True)]))
    one = 1.0 if contracts_measure else {"linear": 100.0, "inverse": 1.0, "quanto": 0.1}[kind]
    rates = draw(st.sampled_from([(0.01, 0.02, 0.05), (0.004, 0.005, 0.01), (0.0, 0.05, 0.1)]))
    tiers, amount, below, border = [], 0.0, 0.0, 0.0
    for number, rate in enumerate(rates):
        amount = 0.0 if whole else money(amount + border * (rate - below))
        end = None if number == 2 else money(one * (10.0, 40.0)[number])
        tiers.append(Tier(end, max(rate, 0.02), rate, amount))
        below, border = rate, end or 0.0
    return checked_contract(
        Contract(
            id="X",
            underlying="X",
            tiers=tuple(tiers),
            kind=kind,
            multiplier=multiplier,
            tick=draw(st.sampled_from([0.0, 0.5, 0.01])),
            lot=draw(st.sampled_from([0.0, 1.0, 0.1, 0.25])),
            quote="USD",
            settlement="USD" if kind == "linear" else "BTC",
            unit=draw(st.sampled_from([1e-8, 0.01])),
            tier_rule="whole-position" if whole else "marginal",
            tier_measure="contracts" if contracts_measure else "notional",
        )
    )


@st.composite
def rules(draw: st.DrawFn, path: str | None = None, kind: str | None = None) -> VenueRules:
    """Draw a venue's rules."""
    measure = draw(st.sampled_from(["maintenance/balance", "balance/maintenance"]))
    liquidation = LiquidationRule(
        path=path or draw(st.sampled_from(PATHS)),
        fraction=draw(st.sampled_from([0.1, 0.2, 1.0, 0.333])),
        least_notional=draw(st.sampled_from([0.0, 50.0, 0.5])),
        most_notional=draw(st.sampled_from([0.0, 0.0, 1000.0, 2.0])),
        fraction_above=draw(st.sampled_from([0.0, 1.0, 500.0])),
        fraction_rounds=draw(st.integers(0, 2)),
        tiers_a_round=draw(st.integers(1, 2)),
        cool_down_us=draw(st.sampled_from([0, SECOND, 30 * SECOND])),
        auction_start=draw(st.sampled_from([1.0, 0.99, 1.02])),
        auction_end=draw(st.sampled_from([0.7, 0.95])),
        auction_us=draw(st.sampled_from([0, 10 * SECOND, 60 * SECOND])),
        backstop_below=draw(st.sampled_from([0.0, 2 / 3, 0.9])),
        fillable_spread=draw(st.sampled_from([0.0, 0.1, 1.5])),
        fillable_adjustment=draw(st.sampled_from([1.0, 2.0, 0.5])),
        adl=draw(st.sampled_from(["profit-times-leverage", "none"])),
    )
    return VenueRules(
        Venue("drawn"),
        (draw(contracts(kind)),),
        states=StateRules(
            measure=measure,
            liquidation=draw(st.sampled_from([1.0, 1.05 if measure == "balance/maintenance" else 0.9])),
            at_border=draw(st.sampled_from(["worse", "better"])),
            liquidation_fee=draw(st.booleans()),
        ),
        fees=draw(st.sampled_from([FeeRules(5e-4, 0.0, 0.0), FeeRules(), FeeRules(5e-4, 2e-4, 0.0125), FeeRules(0.0, 0.0, 0.005)])),
        liquidation=liquidation,
    )


@st.composite
def books(draw: st.DrawFn, middle: float, tick: float, lot: float) -> Book:
    """Draw a book around a price, of up to six levels a side."""
    sides = []
    for side in (-1, 1):
        count, near = draw(st.sampled_from([5, 3, 6, 1, 0])), middle
        levels = []
        for _ in range(count):
            near += side * (tick or 0.01) * draw(st.sampled_from([1, 2, 7, 1, 150]))
            odd = draw(st.sampled_from([1.0, 1.0, 1.0, 0.37]))
            levels.append((money(near), money((lot or 0.1) * draw(st.sampled_from([40, 10, 500, 3, 1])) * odd)))
        sides.append(tuple(level for level in levels if level[0] > 0))
    return Book(*sides)


@st.composite
def reductions(draw: st.DrawFn, path: str | None = None, kind: str | None = None) -> MarginCase:
    """Draw a case whose account is mostly near or beyond liquidation."""
    venue = draw(rules(path, kind))
    contract = venue.contracts[0]
    side = draw(st.sampled_from([-1, 1]))
    lot = contract.lot or 0.1
    size = money(side * (lot * draw(st.integers(1, 300)) + draw(st.sampled_from([0.0, 0.0, 0.3])) * lot))
    entry = draw(st.sampled_from([100.0, 100.5, 97.31]))
    moved = draw(st.sampled_from([0.01, 0.003, 0.0, 0.02, 0.06, 0.3]))
    left = draw(st.sampled_from([0.0095, 0.0099, 0.0049, 0.0045, 0.019, 0.015, 0.03, 0.045, 0.002, 0.0, -0.02, 1.2]))
    margin = max(moved + left, 0.0)
    tick = contract.tick
    mark = money(entry * (1 - side * moved) + draw(st.sampled_from([0.0, 0.003])))
    notional = abs(size) * contract.multiplier * (1 / entry if contract.is_inverse else entry)
    fund = draw(st.sampled_from([0.0, 0.05, 1.0, 1e6])) * notional * 0.1
    times = draw(st.lists(st.integers(0, 90), min_size=1, max_size=4, unique=True))
    shared = draw(books(draw(st.sampled_from([mark, mark, entry])), tick, contract.lot))
    asked = LiquidationCase(
        account="me",
        start=draw(st.integers(0, 20)) * SECOND,
        end=draw(st.integers(20, 120)) * SECOND,
        books=tuple((time * SECOND, shared if draw(st.booleans()) else draw(books(mark, tick, contract.lot))) for time in times),
        marks=((draw(st.sampled_from([0, 0, 0, 10])) * SECOND, mark), (40 * SECOND, money(mark * draw(st.sampled_from([1.0, 0.97, 1.03]))))),
        fund=money(fund),
        rivals=tuple(
            Rival(
                f"rival {number}",
                money(draw(st.sampled_from([-side, -side, side])) * lot * draw(st.integers(1, 200))),
                money(entry * draw(st.sampled_from([0.9, 0.99, 1.0, 1.1]))),
                money(notional * draw(st.sampled_from([0.01, 0.1, 1.0]))),
            )
            for number in range(draw(st.integers(0, 3)))
        ),
    )
    account = Account("me", size, entry, money(notional * margin), contract="X")
    return MarginCase(venue, (account,), (), {}, {}, liquidation=asked)
