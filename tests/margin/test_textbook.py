"""The sentences of the rules, one by one, in both implementations: what happens exactly at a border, and whose money counts how."""

from fractions import Fraction
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from indexlab.margin.account import Account, Asset, Position
from indexlab.margin.account_rules import CollateralRule, FeeRules, StateRules
from indexlab.margin.answer import answer
from indexlab.margin.case import MarginCase
from indexlab.margin.contract import BTCUSDT, Contract, OpenInterest, Tier
from indexlab.margin.exact import exact
from indexlab.margin.reference_account import moment, raw_state, sheet
from indexlab.margin.rules import Venue, VenueRules
from indexlab.margin.states import STATES
from indexlab.margin.textbook import textbook
from indexlab.market.errors import InputError
from tests.margin.margin_drawing import cases, contracts, few

FLAT = Contract("FLAT", "BTC", (Tier(None, 0.2, 0.1, 0.0),))
LONG = Account("a", 1.0, 100.0, 10.0, "FLAT")


def both(rules, accounts, mark, **more):
    """What both implementations say to a case with one contract; they agree."""
    times = tuple(range(len(next(iter(mark.values())))))
    case = MarginCase(rules, tuple(accounts), times, more.pop("index", {}), mark, **more)
    ours, theirs = answer(case), textbook(case)
    assert ours.state == theirs.state
    assert ours.liquidation_price == pytest.approx(theirs.liquidation_price)
    assert ours.initial_margin == pytest.approx(theirs.initial_margin)
    return theirs


def states_of(rules, account, marks, **more):
    return [row[0] for row in both(rules, [account], {"FLAT": marks}, **more).state]


def rules_of(states=StateRules(), contract=FLAT, **more):  # noqa: B008 - frozen
    return VenueRules(Venue("drawn"), (contract,), states, **more)


@pytest.mark.parametrize(("at_border", "expected"), [("worse", "liquidation"), ("better", "healthy")])
@pytest.mark.parametrize("tenth", [0.1, 0.3, 0.7, 1.1])
def test_exactly_at_the_threshold_the_venue_decides(at_border, expected, tenth):
    """Figures that no double holds (0.1, 0.3): maintenance margin and balance are equal as written, and both implementations see it."""
    account = Account("a", 1.0, tenth, round(tenth / 10, 12), "FLAT")
    assert states_of(rules_of(StateRules(at_border=at_border)), account, (tenth,)) == [expected]


@pytest.mark.parametrize(("at_border", "expected"), [("worse", "bankrupt"), ("better", "liquidation")])
def test_a_balance_of_nothing_is_bankrupt_or_not_as_the_venue_has_it(at_border, expected):
    assert states_of(rules_of(StateRules(at_border=at_border)), LONG, (90.0,)) == [expected]


def test_thresholds_the_other_way_round():
    """uniMMR: reminder at 120 %, reduce-only at 105 %, liquidation at 100 %; equal is in the worse state."""
    states = StateRules("balance/maintenance", 1.2, 1.05, 1.0)
    account = Account("a", 1.0, 100.0, 0.0, "FLAT")
    made = [states_of(rules_of(states), replace(account, collateral=balance), (100.0,))[0] for balance in (12.01, 12.0, 10.51, 10.5, 10.01, 10.0, 0.01, 0.0)]
    assert made == ["healthy", "warning", "warning", "reduce-only", "reduce-only", "liquidation", "liquidation", "bankrupt"]


def test_a_breach_must_last_and_a_freeze_ends_the_row():
    """Three publications in a row; before that reduce-only, or warning, or healthy, whichever the venue has."""
    marks = (100.0, 85.0, 85.0, 85.0, None, 85.0, 80.0, 80.0, 85.0, 120.0)
    shown = {}
    for name, states in (("reduce-only", StateRules(warning=0.5, reduce_only=0.6)), ("warning", StateRules(warning=0.5)), ("healthy", StateRules())):
        account = replace(LONG, collateral=20.0)
        shown[name] = states_of(rules_of(replace(states, persistence=3)), account, marks)
        assert shown[name][1:3] == [name, name]
        assert shown[name][3:] == ["liquidation", "frozen", name, name, "bankrupt", "liquidation", "healthy"]


def test_an_idle_account_is_healthy_where_the_venue_says_so():
    idle = Account("a", collateral=-5.0, mode="cross")
    assert states_of(rules_of(StateRules(idle_is_healthy=True)), idle, (1.0,)) == ["healthy"]
    assert states_of(rules_of(), idle, (1.0,)) == ["bankrupt"]


def test_the_liquidation_fee_counts_as_maintenance_where_the_venue_adds_it():
    """OKX: balance <= maintenance + fee."""
    rules = rules_of(StateRules(liquidation_fee=True), fees=FeeRules(liquidation=0.01))
    assert states_of(rules, replace(LONG, collateral=11.0), (100.0,)) == ["liquidation"]
    assert states_of(rules_of(fees=FeeRules(liquidation=0.01)), replace(LONG, collateral=11.0), (100.0,)) == ["healthy"]


@pytest.mark.parametrize("status", ["held", "halted"])
def test_what_is_not_to_be_trusted_freezes_who_needs_it(status):
    """The mark, the index it hangs on, the index of collateral, and the status of either; nobody else's."""
    rules = rules_of(collateral=(CollateralRule("ETH", 0.9, "ETH"),))
    cross = Account("cross", mode="cross", collateral=50.0, positions=(Position("FLAT", 1.0, 100.0),), assets=(Asset("ETH", 1.0),))
    nobody = replace(cross, id="nobody", assets=(Asset("ETH", 0.0),))
    held = [replace(LONG, collateral=50.0), cross, nobody]
    index = {"BTC": (100.0, 100.0, None, 100.0, 100.0), "ETH": (None, 10.0, 10.0, 10.0, 10.0)}
    status_of = {"ETH": ("ok", "ok", "ok", status, "degraded"), "BTC": ("ok",) * 4 + (status,)}
    found = both(rules, held, {"FLAT": (100.0, None, 100.0, 100.0, 100.0)}, index=index, status=status_of)
    fine, frozen = "healthy", "frozen"
    assert found.state == ((fine, frozen, fine), (frozen,) * 3, (frozen,) * 3, (fine, frozen, fine), (frozen,) * 3)


def test_shorts_may_have_a_mark_of_their_own():
    held = [replace(LONG, id="long", collateral=30.0), Account("short", -1.0, 100.0, 30.0, "FLAT")]
    found = both(rules_of(), held, {"FLAT": (80.0,)}, short_mark={"FLAT": (120.0,)})
    assert found.margin_ratio[0] == pytest.approx((8 / 10, 12 / 10))


def test_a_haircut_takes_from_what_is_had_and_gives_nothing_to_who_owes():
    """BNB of 1000 USD counts 950; a debt of 1000 counts 1000, whatever the ratio. Source: Binance, multi-assets mode."""
    rules = rules_of(collateral=(CollateralRule("BNB", 0.95, "BNB"),))
    account = Account("a", mode="cross", collateral=1000.0, positions=(Position("FLAT", 10.0, 100.0),))
    for amount, balance in ((2.0, 1950.0), (-1.0, 500.0)):
        found = both(rules, [replace(account, assets=(Asset("BNB", amount),))], {"FLAT": (100.0,)}, index={"BNB": (500.0,)})
        assert found.margin_ratio[0][0] == pytest.approx(100 / balance)


def test_a_floor_holds_the_price_of_collateral():
    """USDe fell to 0.65 on one venue on 2025-10-10; a floor at 0.99 would have kept its holders."""
    account = Account("a", mode="cross", positions=(Position("FLAT", 1.0, 100.0),), assets=(Asset("USDE", 13.0),))
    without = rules_of(collateral=(CollateralRule("USDE", 1.0, "USDE"),))
    floored = rules_of(collateral=(CollateralRule("USDE", 1.0, "USDE", 0.99),))
    assert states_of(without, account, (100.0,), index={"USDE": (0.65,)}) == ["liquidation"]
    assert states_of(floored, account, (100.0,), index={"USDE": (0.65,)}) == ["healthy"]


def test_profit_in_another_currency_is_that_asset_and_requirements_have_no_haircut():
    """Inverse, 100 USD a contract, 10 contracts long at 100, now 125: 2 BTC won, 8 BTC of notional; BTC at 125 with half of it credited."""
    inverse = Contract("FLAT", "BTC", FLAT.tiers, "inverse", 100.0, quote="USD", settlement="BTC")
    rules = rules_of(contract=inverse, collateral=(CollateralRule("BTC", 0.5, "BTC"),))
    account = Account("a", mode="cross", collateral=0.0, positions=(Position("FLAT", 10.0, 100.0),))
    won = both(rules, [account], {"FLAT": (125.0,)}, index={"BTC": (125.0,)})
    assert won.margin_ratio[0][0] == pytest.approx((8 * 125 * 0.1) / (2 * 125 * 0.5))
    # a debt of the same asset is set off before the haircut
    owed = both(rules, [replace(account, assets=(Asset("BTC", -1.0),))], {"FLAT": (125.0,)}, index={"BTC": (125.0,)})
    assert owed.margin_ratio[0][0] == pytest.approx((8 * 125 * 0.1) / (1 * 125 * 0.5))
    lost = both(rules, [replace(account, collateral=500.0)], {"FLAT": (80.0,)}, index={"BTC": (80.0,)})
    assert lost.margin_ratio[0][0] == pytest.approx((12.5 * 80 * 0.1) / (500 - 2.5 * 80))


def test_both_sides_of_a_hedged_book_stand_in_tiers_of_their_own():
    """Long 10 and short 10 at 100 need twice what one needs, not that of their difference; one-way they cannot stand side by side."""
    tiered = Contract("FLAT", "BTC", (Tier(500.0, 0.02, 0.01, 0.0), Tier(None, 0.1, 0.05, 20.0)))
    account = Account("a", mode="cross", collateral=100.0, positions=(Position("FLAT", 10.0, 100.0), Position("FLAT", -10.0, 100.0)), hedged=True)
    assert both(rules_of(contract=tiered), [account], {"FLAT": (100.0,)}).margin_ratio[0][0] == pytest.approx(2 * (50 - 20) / 100)
    for implementation in (answer, textbook):
        with pytest.raises(InputError, match=r'accounts\.positions must hold one position of "FLAT", "a" holds two; write hedged = true'):
            implementation(MarginCase(rules_of(), (replace(account, hedged=False),), (0,), {}, {"FLAT": (1.0,)}))


def test_open_interest_raises_the_initial_margin_and_not_the_maintenance():
    """dYdX: a base of 5 %, lower cap 20 M, upper cap 50 M; at 27.5 M of open interest 28.75 %, from 50 M on all of it."""
    scaled = Contract("FLAT", "BTC", (Tier(None, 0.05, 0.03, 0.0),), open_interest=OpenInterest(20e6, 50e6))
    for interest, rate in ((0.0, 0.05), (20e6, 0.05), (27.5e6, 0.2875), (50e6, 1.0), (1e9, 1.0)):
        found = both(rules_of(contract=scaled), [replace(LONG, collateral=50.0)], {"FLAT": (100.0,)}, open_interest={"FLAT": interest})
        assert found.initial_margin[0] == pytest.approx(100 * rate)
        assert found.margin_ratio[0][0] == pytest.approx(3 / 50)


@pytest.mark.parametrize("rule", ["whole-position", "marginal"])
@pytest.mark.parametrize(("size", "end"), [(3.0, 0.3), (0.7, 0.07), (1.1, 0.11), (3.0, 0.29999999999)])
def test_a_tiers_border_belongs_to_the_lower_tier(rule, size, end):
    """Notionals that no double holds (3 * 0.1 is more than 0.3 in doubles): the rates jump beyond the border and not at it."""
    amount = round(end * 0.1, 15) if rule == "marginal" else 0.0
    tiered = Contract("FLAT", "BTC", (Tier(end, 0.2, 0.1, 0.0), Tier(None, 0.5, 0.2, amount)), tier_rule=rule)
    found = both(rules_of(contract=tiered), [Account("a", size, 0.1, 1.0, "FLAT")], {"FLAT": (0.1,)})
    beyond = end < round(size * 0.1, 12)
    assert found.initial_margin[0] == pytest.approx(size * 0.1 * (0.5 if beyond else 0.2))
    assert found.margin_ratio[0][0] == pytest.approx(size * 0.1 * (0.2 if beyond else 0.1) - (amount if beyond else 0.0))


def test_the_last_trade_changes_nothing():
    rules = rules_of()
    assert both(rules, [LONG], {"FLAT": (100.0,)}) == both(rules, [LONG], {"FLAT": (100.0,)}, last={"FLAT": (1.0,)})


def test_the_liquidation_price_of_one_position_is_the_published_one():
    """Binance's form: (collateral + amount - side * size * entry) / (size * rate - side * size)."""
    rules = VenueRules(Venue("drawn"), (BTCUSDT,), StateRules(warning=0.8))
    found = both(rules, [Account("a", 2.0, 50_000.0, 10_000.0), Account("b", -2.0, 50_000.0, 10_000.0)], {"BTCUSDT": (50_000.0,)})
    assert found.liquidation_price == pytest.approx(((10_000 + 50 - 100_000) / (2 * 0.005 - 2), (10_000 + 50 + 100_000) / (2 * 0.005 + 2)))


@given(contracts(), few(1, 20, 1), few(0.5, 2))
def test_marginal_tiers_are_continuous_and_whole_position_tiers_jump(made, size, entry):
    """At every border of notional: the maintenance margin just below and just above it, in exact arithmetic."""
    for contract in made:
        if contract.tier_measure != "notional":
            continue
        account = Account("a", size, entry, 1.0, contract.id)
        for below, above in pairwise(contract.tiers):
            quantity, end, step = exact(size) * exact(contract.multiplier), exact(below.up_to_notional), Fraction(1, 10**9)
            needed = []
            for notional in (end * (1 - step), end, end * (1 + step)):
                now = moment(MarginCase(rules_of(contract=contract), (), (0,), {}, {contract.id: (1.0,)}), account, 0)
                mark = quantity / notional if contract.is_inverse else notional / quantity
                needed.append(sheet(rules_of(contract=contract), account, replace_marks(now, mark), {}).maintenance)
            assert abs(needed[1] - needed[0]) <= end * step
            jump = end * (exact(above.maintenance_rate) - exact(below.maintenance_rate))
            assert abs(needed[2] - needed[1] - (jump if contract.tier_rule == "whole-position" else 0)) <= end * step


def replace_marks(now, mark):
    return type(now)((mark,), now.prices)


@settings(max_examples=60)
@given(cases(max_times=1), few(0.5, 2), few(0.5, 2))
def test_a_worse_price_never_gives_a_better_state_where_tiers_do_not_jump(case, one, other):
    """Isolated accounts whose rates stay below every threshold, exact: the state as a function of the mark is monotone."""
    thresholds = [value for value in (case.rules.states.warning, case.rules.states.reduce_only, case.rules.states.liquidation) if value is not None]
    if case.rules.states.measure == "balance/maintenance":
        thresholds = [1 / value for value in thresholds]
    for account in case.accounts:
        if account.mode != "isolated" or not account.size:
            continue
        contract = case.rules.contract(account.contract)
        rates = [tier.maintenance_rate for tier in contract.tiers]
        jumps = contract.tier_rule == "whole-position" and contract.tier_measure == "notional" and len(rates) > 1
        if jumps or max(rates) + case.rules.fees.liquidation >= min(thresholds):
            continue
        low, high = (exact(price) * exact(account.entry_price) for price in sorted((one, other)))
        now = moment(replace(case, status={}, index={}, short_mark={}, mark={contract.id: (1.0,)}), account, 0)
        worst_first = (low, high) if account.size > 0 else (high, low)
        worse, better = (raw_state(case.rules.states, sheet(case.rules, account, replace_marks(now, mark), {})) for mark in worst_first)
        assert STATES.index(worse) >= STATES.index(better)


@settings(max_examples=60)
@given(cases(max_times=1))
def test_more_of_an_asset_never_lowers_a_balance_and_a_debt_always_costs_its_whole_price(case):
    for account in case.accounts:
        if account.mode == "isolated":
            continue
        now = moment(replace(case, status={}), replace(account, assets=(*account.assets, Asset("BTC", 1e-9))), 0)
        if now is None:
            continue
        balances = [sheet(case.rules, replace(account, assets=(*account.assets, Asset("BTC", step))), now, {}).balance for step in (-2.0, -1.0, 1.0, 2.0)]
        price, ratio = now.prices["BTC"], exact(next(rule.ratio for rule in case.rules.collateral if rule.asset == "BTC"))
        for less, more in pairwise(balances):
            assert more > less
        for step, (less, more) in zip((1, 2, 1), pairwise(balances), strict=True):
            assert ratio * price * step <= more - less <= price * step


@settings(max_examples=20)
@given(st.sampled_from([1e-8, 0.01, 1.0, 5.0]), cases(max_times=1))
def test_money_does_not_hang_on_the_unit(unit, case):
    """A contract's smallest unit is how money is booked, not how states are judged."""
    contracts_of = tuple(replace(contract, unit=unit) for contract in case.rules.contracts)
    assert answer(replace(case, rules=replace(case.rules, contracts=contracts_of))) == answer(case)


@settings(max_examples=60)
@given(st.sampled_from([2.0**-20, 0.5, 1024.0]), cases(max_times=1))
def test_counting_all_money_in_another_unit_changes_no_state(factor, case):
    """Linear contracts: prices, collateral, tiers and amounts in thousandths of the currency give the same states and ratios, and margins in thousandths."""
    rules = case.rules
    if any(contract.kind != "linear" for contract in rules.contracts):
        return

    def tier(one):
        end = None if one.up_to_notional is None else one.up_to_notional * factor
        return replace(one, up_to_notional=end if by_notional else one.up_to_notional, maintenance_amount=one.maintenance_amount * factor)

    made = []
    for contract in rules.contracts:
        by_notional = contract.tier_measure == "notional"
        made.append(replace(contract, tiers=tuple(tier(one) for one in contract.tiers), vega=contract.vega * factor, open_interest=None))
    floors = tuple(replace(rule, floor=rule.floor and rule.floor * factor) for rule in rules.collateral if rule.index)
    plain = replace(rules, contracts=tuple(replace(contract, open_interest=None) for contract in rules.contracts))
    scaled = replace(rules, contracts=tuple(made), collateral=floors)
    held = [account for account in case.accounts if not any(asset.asset in {"CASH", "USDT"} for asset in account.assets)]
    more = [
        replace(
            account,
            entry_price=account.entry_price * factor,
            collateral=account.collateral * factor,
            positions=tuple(replace(position, entry_price=position.entry_price * factor) for position in account.positions),
        )
        for account in held
    ]

    def moved(series):
        return {name: tuple(value and value * factor for value in values) for name, values in series.items()}

    before = answer(replace(case, rules=plain, accounts=tuple(held)))
    after = answer(
        replace(case, rules=scaled, accounts=tuple(more), index=moved(case.index), mark=moved(case.mark), short_mark=moved(case.short_mark)),
    )
    assert after.state == before.state
    assert after.margin_ratio == before.margin_ratio
    assert after.initial_margin == tuple(value and value * factor for value in before.initial_margin)
    assert after.liquidation_price == pytest.approx([value and value * factor for value in before.liquidation_price])


@pytest.mark.parametrize(
    ("account", "said"),
    [
        (Account("", 1.0, 1.0, 1.0, "FLAT"), "must be a unique name"),
        (Account("a", 1.0, 1.0, 1.0, "FLAP"), r'is no contract of drawn, was "FLAP"; did you mean "FLAT"\?'),
        (Account("a", float("nan"), 1.0, 1.0, "FLAT"), "must be finite numbers"),
        (Account("a", 1.0, 0.0, 1.0, "FLAT"), "must be above 0"),
        (Account("a", 1.0, 1.0, float("inf"), "FLAT"), "must be a finite number"),
        (Account("a", mode="cross", assets=(Asset("XYZ", 1.0),)), "must be an asset with a collateral rule"),
        (Account("a", mode="cross", assets=(Asset("USDT", float("nan")),)), "must be a finite number, was nan of USDT"),
    ],
)
def test_accounts_that_the_rules_cannot_judge_are_refused_by_both(account, said):
    for implementation in (answer, textbook):
        with pytest.raises(InputError, match=said):
            implementation(MarginCase(rules_of(), (account,), (0,), {}, {"FLAT": (1.0,)}))


def test_a_series_that_is_too_short_is_refused():
    with pytest.raises(InputError, match=r"mark\.FLAT must have an entry for each of the 2 times, had 1"):
        answer(MarginCase(rules_of(), (LONG,), (0, 1), {}, {"FLAT": (1.0,)}))
