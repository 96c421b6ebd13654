"""Strategies of margin cases over everything the rules know, with figures of few digits, so that accounts stand exactly at borders now and then."""

from hypothesis import strategies as st

from indexlab.margin.account import Account, Asset, Position
from indexlab.margin.account_rules import CollateralRule, FeeRules, MatrixRule, StateRules
from indexlab.margin.case import MarginCase
from indexlab.margin.contract import Contract, OpenInterest, Tier, checked_contract
from indexlab.margin.rules import Venue, VenueRules

UNDERLYINGS = ("BTC", "ETH", "SOL")
PRICES = {"BTC": 100.0, "ETH": 10.0, "SOL": 2.0, "USDE": 1.0}


def few(low, high, digits=2):
    """Numbers of few digits."""
    scale = 10**digits
    return st.integers(round(low * scale), round(high * scale)).map(lambda whole: whole / scale)


def price_of(underlying):
    """About where an underlying stands; 10 where it is none of ours."""
    return PRICES.get(underlying, 10.0)


@st.composite
def tiers(draw, rule, measure):
    if measure == "contracts" and rule == "marginal":
        rate = draw(few(0.0, 0.1, 3))
        return (Tier(draw(st.sampled_from([None, 50.0])), draw(few(0.1, 1.0)), rate, 0.0),)
    rates = sorted(draw(st.lists(few(0.001, 0.2, 3), min_size=1, max_size=4, unique=True)))
    ends = sorted(draw(st.lists(st.integers(1, 60).map(lambda n: n * 25.0), min_size=len(rates), max_size=len(rates), unique=True)))
    made, amount, below, start = [], 0.0, 0.0, 0.0
    for place, (rate, end) in enumerate(zip(rates, ends, strict=True)):
        amount = 0.0 if rule == "whole-position" else round(amount + start * (rate - below), 9)
        last = place == len(rates) - 1 and draw(st.booleans())
        made.append(Tier(None if last else end, min(1.0, round(rate * draw(st.sampled_from([1, 2, 4])), 4)), rate, amount))
        below, start = rate, end
    return tuple(made)


@st.composite
def contracts(draw):
    made = []
    for number in range(draw(st.integers(1, 4))):
        kind = draw(st.sampled_from(["linear", "linear", "inverse", "quanto"]))
        underlying = draw(st.sampled_from(UNDERLYINGS))
        rule, measure = draw(st.sampled_from(["marginal", "whole-position"])), draw(st.sampled_from(["notional", "contracts"]))
        settlement = {"linear": "USDT", "inverse": draw(st.sampled_from([underlying, "USDT"])), "quanto": draw(st.sampled_from(["USDT", "ETH"]))}[kind]
        contract = Contract(
            f"C{number}",
            underlying,
            draw(tiers(rule, measure)),
            kind,
            draw(st.sampled_from([1.0, 0.1, 10.0])),
            settlement=settlement,
            tier_rule=rule,
            tier_measure=measure,
            open_interest=draw(st.sampled_from([None, OpenInterest(100.0, 500.0)])),
            vega=draw(st.sampled_from([0.0, 0.0, 1.5])),
        )
        made.append(checked_contract(contract))
    return tuple(made)


@st.composite
def state_rules(draw):
    measure = draw(st.sampled_from(["maintenance/balance", "balance/maintenance"]))
    low, middle, high = ((0.6, 0.8, 1.0), (2.0, 1.5, 1.0))[measure == "balance/maintenance"]
    return StateRules(
        measure,
        draw(st.sampled_from([None, low])),
        draw(st.sampled_from([None, middle])),
        draw(st.sampled_from([high, high, 1.1])),
        draw(st.sampled_from(["worse", "better"])),
        draw(st.booleans()),
        draw(st.sampled_from([1, 1, 2, 3])),
        idle_is_healthy=draw(st.booleans()),
    )


MATRICES = (
    MatrixRule((-0.16, -0.08, 0.0, 0.08, 0.16)),
    MatrixRule((-0.2, 0.0, 0.3), (-0.1, 0.0, 0.1), 0.01, 0.25, (-0.3, 0.3), 0.5, 1.3),
    MatrixRule((-0.12, -0.04, 0.04, 0.12), (0.0,), 0.02, 0.5, (-0.5,), 1.0, 1.5),
)


@st.composite
def venues(draw):
    collateral = (
        CollateralRule("BTC", draw(st.sampled_from([1.0, 0.95])), "BTC"),
        CollateralRule("ETH", draw(st.sampled_from([1.0, 0.9])), "ETH", draw(st.sampled_from([None, 9.0, 10.5]))),
        CollateralRule("SOL", 0.8, "SOL"),
        CollateralRule("USDE", 0.99, "USDE", draw(st.sampled_from([None, 0.97]))),
        CollateralRule("CASH", 0.5),
    )
    fees = FeeRules(0.0005, 0.0, draw(st.sampled_from([0.0, 0.01])))
    return VenueRules(Venue("drawn"), draw(contracts()), draw(state_rules()), collateral, draw(st.sampled_from(MATRICES)), fees)


@st.composite
def accounts(draw, rules):
    made = []
    names = {contract.id: contract for contract in rules.contracts}
    for number in range(draw(st.integers(1, 4))):
        mode = draw(st.sampled_from(["isolated", "cross", "cross", "portfolio" if rules.matrix is not None else "cross"]))
        known = sorted({rules.states.currency, *(rule.asset for rule in rules.collateral)})
        size = few(-20, 20, 1)
        if mode == "isolated":
            contract = names[draw(st.sampled_from(sorted(names)))]
            entry = price_of(contract.underlying) * draw(few(0.5, 2.0))
            made.append(Account(f"a{number}", draw(size), entry, draw(few(-5, 200, 1)), contract.id))
            continue
        hedged = draw(st.booleans())
        chosen = draw(st.lists(st.sampled_from(sorted(names)), max_size=3, unique=True))
        positions = []
        for name in chosen:
            price = price_of(names[name].underlying)
            first = draw(size)
            positions.append(Position(name, first, price * draw(few(0.5, 2.0))))
            if hedged and draw(st.booleans()) and first:
                positions.append(Position(name, -(1 if first > 0 else -1) * draw(few(0.1, 20, 1)), price * draw(few(0.5, 2.0))))
        held = draw(st.lists(st.tuples(st.sampled_from(known), few(-5, 20, 1)), max_size=3))
        assets = tuple(Asset(*entry) for entry in held)
        made.append(Account(f"a{number}", collateral=draw(few(-100, 800, 0)), mode=mode, positions=tuple(positions), assets=assets, hedged=hedged))
    return tuple(made)


@st.composite
def cases(draw, max_times=3, rules_of=venues()):  # noqa: B008 - strategies are data
    rules = draw(rules_of)
    n = draw(st.integers(1, max_times))
    gone = st.sampled_from([False] * 15 + [True])
    moves = few(0.5, 2.0)

    def series(price):
        return tuple(None if draw(gone) else round(price * draw(moves), 6) for _ in range(n))

    names = dict.fromkeys([contract.underlying for contract in rules.contracts] + [rule.index for rule in rules.collateral if rule.index])
    index = {name: series(price_of(name)) for name in names}
    mark = {contract.id: series(price_of(contract.underlying)) for contract in rules.contracts}
    short = {contract.id: series(price_of(contract.underlying)) for contract in rules.contracts if draw(st.sampled_from([False, False, True]))}
    status = {name: tuple(draw(st.sampled_from(["ok"] * 12 + ["degraded", "held", "halted"])) for _ in range(n)) for name in index if draw(st.booleans())}
    interest = {contract.id: draw(st.sampled_from([0.0, 100.0, 300.0, 900.0])) for contract in rules.contracts if draw(st.booleans())}
    return MarginCase(rules, draw(accounts(rules)), tuple(range(n)), index, mark, status, short_mark=short, open_interest=interest)
