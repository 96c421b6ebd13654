"""dYdX v4's own cases of its liquidations: through its rules in whole quantums, and through a reduction where one position is all that an account has."""

from __future__ import annotations

import math
from fractions import Fraction

import msgspec
import pytest

from indexlab.margin import liquidation_dydx, reference_liquidation_dydx
from indexlab.margin.account_rules import FeeRules
from indexlab.margin.case import Book
from indexlab.margin.exact import exact
from indexlab.margin.ledger import FUND
from indexlab.margin.liquidation_rules import LiquidationRule
from indexlab.margin.liquidation_subaccount import Perpetual, Subaccount
from indexlab.market.errors import InputError
from tests.conformance.asking import DisagreementError
from tests.conformance.margin_account_cases import dydx, family
from tests.conformance.margin_asking import close, each, isolated, reduced

EMPTY = Book((), ())
LEAST, PORTION = "min_position_notional_liquidated", "max_position_portion_liquidated_ppm"
NAMED_NUMBERS = {"lib.OneMillion": 10**6, "math.MaxUint32": 2**32 - 1}
LESS_THAN_A_UNIT = "Succeeds when delta quote quantums is zero"
"""The fee of this fill is less than a millionth: nothing there, a millionth in a reduction."""


def number(config, key) -> int:
    """A number of a case's config, which may be written as Go does."""
    written = config[key]
    return NAMED_NUMBERS.get(written) or int(str(written).replace("_", ""))


def perpetual(market, base) -> Perpetual:
    return Perpetual(base, market["atomic_resolution"], market["oracle_price_usd"], market["initial_margin_ppm"], market["maintenance_fraction_ppm"])


def quantums(given) -> tuple[Subaccount, int]:
    """The subaccount of a case, and the place of the position that it is about: beyond the last where there is none."""
    markets = {market["id"]: market for market in given["perpetuals"]}
    ids = [one["perpetual_id"] for one in given["positions"]]
    held = tuple(perpetual(markets[one["perpetual_id"]], one["base_quantums"]) for one in given["positions"])
    return Subaccount(given["usdc_balance"] * 10**6, held), ids.index(given["perpetual_id"]) if given["perpetual_id"] in ids else len(ids)


def both(name, *asked, **rates):
    """What one of dYdX's rules says, in whole numbers and in fractions; None where both refuse what is to be closed."""
    found = []
    for said in (liquidation_dydx, reference_liquidation_dydx):
        try:
            answer = getattr(said, name)(*asked, **rates)
        except InputError as refused:
            if refused.key != "delta":
                raise
            answer = None
        found.append(Fraction(*answer) if name == "fillable_price" and isinstance(answer, tuple) else answer)
    if found[0] != found[1]:
        problem = f"{found[0]} and {found[1]}"
        raise DisagreementError(problem)
    return found[0]


def as_account(given, entry=None, fee=0.0):
    """A subaccount with one position as an isolated account: (rules, account, oracle price). At what price it was entered is all the same to dYdX."""
    market, size = given["perpetuals"][0], given["positions"][0]["size_base"]
    price = float(market["oracle_price_usd"])
    contract, rules = dydx(market["initial_margin_ppm"] * market["maintenance_fraction_ppm"] / 1e12, market["initial_margin_ppm"] / 1e6)
    rules = msgspec.structs.replace(rules, fees=FeeRules(liquidation=fee), liquidation=LiquidationRule(path="market"))
    paid = price if entry is None else entry
    return rules, isolated(size, paid, given["usdc_balance"] + size * paid, contract.id), price


def check_bankruptcy(case):
    """Of a reduction: the value of what is closed at the price where the balance is 0, rounded up; below 0 there is no such price there."""
    given, expected = case["inputs"], case["expected"]
    quote = expected.get("bankruptcy_price_quote_quantums")
    assert both("bankruptcy_quote", *quantums(given), given["delta_base_quantums"]) == quote
    if not given["positions"]:
        with pytest.raises(InputError, match="must be an isolated account with a position"):
            reduced(dydx(0.1)[1], isolated(0, 50_000, given["usdc_balance"]), 50_000, EMPTY)
    if quote is None or len(given["positions"]) > 1:
        return
    found = reduced(*as_account(given), EMPTY)
    closed = Fraction(-given["delta_base_quantums"], 10**8)
    if found.bankruptcy_price is None:
        assert quote * closed < 0
        return
    assert math.ceil(exact(found.bankruptcy_price) * closed * 10**6) == quote


def check_insurance(case):
    """In a reduction the whole is closed at the fill's price: the fund gets the fee, less what it pays up. It was entered so that nothing is owed before."""
    given, delta = case["inputs"], case["expected"].get("insurance_fund_delta_quote_quantums")
    fee, filled = number(given["config"], "max_liquidation_fee_ppm"), given["fill_amount_base_quantums"]
    sells = given["is_buy"] == "false"
    quote = filled * given["subticks"] // 10**8  # a subtick of that market is 1e-8 quote quantums a base quantum
    account, place = quantums(given)
    assert both("insurance_delta", account, place, -filled if sells else filled, quote if sells else -quote, fee) == delta
    if delta is None or case["name"] == LESS_THAN_A_UNIT:
        return
    level, entry = ((given["subticks"] / 1e6, filled / 1e8),), round(-given["usdc_balance"] / given["positions"][0]["size_base"], 6)
    found = reduced(*as_account(given, entry, fee / 1e6), Book(level, ()) if sells else Book((), level), fund=1e6)
    assert found.remaining == 0
    assert -found.from_fund == delta
    assert found.balances[FUND] == 10**12 - found.from_fund


def check_block_limits(case):
    """In a reduction: what a round takes of an account that must lose everything, at most the portion; and without a portion, the least that is taken."""
    given, expected = case["inputs"], case["expected"]
    size, price = given["position"][0]["size_base"], given["oracle_price_usd"]
    if "error" in expected:
        _, rules = dydx(0.1)
        with pytest.raises(InputError, match="is no contract of"):
            each(rules, isolated(size, price, 1.0, "Y"), {"Y": price})
        return
    least, portion = number(given["config"], LEAST), number(given["config"], PORTION)
    limits = tuple(expected[f"{end}_notional_quote_quantums"] for end in ("min", "max"))
    assert both("block_limits", Perpetual(given["position"][0]["base_quantums"], -8, price, 200_000, 500_000), least, portion) == limits
    contract, rules = dydx(0.1, lot=1e-12)
    account = isolated(size, price, 1e-6, contract.id)
    deep = Book(((float(price), 2.0 * size),), ())
    for share, limit in ((0.0, limits[0]), (portion / 1e6, limits[1])):
        rule = LiquidationRule(path="incremental-fraction", fraction=share, least_notional=least / 1e6, cool_down_us=1)
        found = reduced(msgspec.structs.replace(rules, fees=FeeRules(), liquidation=rule), account, price, deep)
        assert [-fill.size * price * 1e6 for fill in found.fills] == [close(limit)]


def check_fillable(case):
    """In a reduction, of an account that is not bankrupt: what the book has at this price is taken, and nothing of what it has a tick beyond."""
    given = case["inputs"]
    adjustment, spread = number(given["config"], BANKRUPTCY), number(given["config"], SPREAD)
    found = both("fillable_price", *quantums(given), given["delta_base_quantums"], bankruptcy_ppm=adjustment, spread_ppm=spread)
    assert found == (None if "error" in case["expected"] else Fraction(*case["expected"]["fillable_price_quote_quantums_per_base_quantum"]))
    if found is None or len(given["positions"]) > 1:
        return
    rules, account, price = as_account(given)
    if account.margin_balance(price) <= 0:
        return
    rule = LiquidationRule("incremental-fraction", fillable_spread=spread / 1e6, fillable_adjustment=adjustment / 1e6, cool_down_us=1)
    contract = msgspec.structs.replace(rules.contracts[0], tick=TICK)
    rules = msgspec.structs.replace(rules, contracts=(contract,), liquidation=rule)
    sign, tick = (1 if account.size > 0 else -1), exact(TICK)
    at = sign * math.ceil(sign * found * 100 / tick) * tick  # a quote quantum a base quantum is a hundred dollars
    for level, taken in ((at, True), (at - sign * tick, False)):
        there = ((float(level), abs(account.size)),)
        fills = reduced(rules, account, price, Book(there, ()) if sign > 0 else Book((), there)).fills
        assert [fill.price for fill in fills] == [float(level)] * taken


TICK = 1e-6


BANKRUPTCY, SPREAD = "bankruptcy_adjustment_ppm", "spread_to_maintenance_margin_ratio_ppm"
FAMILIES = (
    family("bankruptcy price", "dydx-v4", "dydx_bankruptcy_price", check_bankruptcy),
    family("what the insurance fund gets", "dydx-v4", "dydx_insurance_delta", check_insurance),
    family("limits of a block", "dydx-v4", "dydx_block_limits", check_block_limits),
    family("fillable price", "dydx-v4", "dydx_fillable_price", check_fillable),
)
