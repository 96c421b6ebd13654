"""Every case that somebody published for the rules of a margin, through the engine and the textbook; what cannot be met is excepted by name and reason."""

from __future__ import annotations

from fractions import Fraction
from math import ceil
from pathlib import Path

import pytest

from indexlab.index.catalogue import preset_names
from indexlab.margin.account import Asset
from indexlab.margin.account_rules import CollateralRule, FeeRules
from indexlab.margin.case import Book
from indexlab.margin.rules_file import venue_names
from tests.conformance import dydx_liquidation_cases, margin_account_cases, margin_money_cases
from tests.conformance.margin_asking import balance, close, cross, each, flat, isolated, plain, reduced
from tests.conformance.page_cases import ABSENT, IS_HERE, VECTORS, listed, table, vectors

FAMILIES = (*margin_account_cases.FAMILIES, *margin_money_cases.FAMILIES, *dydx_liquidation_cases.FAMILIES)
CASES = [pytest.param(family, name, id=f"{family.rule}: {name}") for family in FAMILIES for name in family.cases]
PAGE = Path(__file__).resolve().parents[2] / "docs" / "conformance.md"
needs_cases = pytest.mark.skipif(not IS_HERE, reason=ABSENT)


@pytest.mark.parametrize(("family", "name"), CASES)
def test_a_case_is_met_or_excepted(family, name):
    """An exception that is met is none any more."""
    problem = family.problem(name)
    if name in family.excepted:
        assert problem is not None, "this case is met, and still excepted"
    else:
        assert problem is None, problem


@needs_cases
def test_no_case_of_any_file_is_left_out():
    """Every case of every file is in exactly one family, met or excepted."""
    met = [(family.source, name) for family in FAMILIES for name in family.cases if name not in family.excepted]
    excepted = [(family.source, name) for family in FAMILIES for name in family.excepted]
    files = sorted(VECTORS.glob("margin_*.json"))
    expected = [case["name"] for path in files for case in vectors(path.name)["cases"]]
    assert sorted(name for _, name in met + excepted) == sorted(expected)
    assert (len(files), len(expected)) == (19, 291)


@needs_cases
def test_what_is_excepted_or_met_loosely_is_a_case():
    for family in FAMILIES:
        assert {*family.excepted, *family.loose} <= set(family.cases), family.rule
        assert not {*family.excepted} & {*family.loose}


def test_the_venues_of_the_page_exist():
    named = {name.strip() for family in FAMILIES for name in family.preset.split(",")}
    assert named - {"in the test", "none"} <= {*venue_names(), *preset_names()}


@needs_cases
def test_bybit_s_excepted_prices_are_met_where_the_margin_at_entry_is_set_aside():
    """The reason that is given for them is the whole reason: with that margin out of the collateral, and none at the mark, the price is the published one."""
    contract = flat(0.0)
    for case in vectors("margin_freqtrade_generic_liquidation.json")["cases"]:
        given = case["inputs"]
        if given["exchange_name"] == "bybit":
            size = -given["amount"] if given["is_short"] else given["amount"]
            kept = given["wallet_balance"] - given["amount"] * given["open_rate"] * given["mm_ratio"]
            for said in each(plain(contract), isolated(size, given["open_rate"], kept), {"X": given["open_rate"]}):
                assert said.liquidation_price[0] == close(case["expected"]["liquidation_price"], rel=1e-7)
    given, expected = (vectors("margin_docs_bybit.json")["cases"][0][key] for key in ("inputs", "expected"))
    for said in each(plain(contract), isolated(given["size"], given["entry"], expected["im"] - expected["mm"]), {"X": given["entry"]}):
        assert said.liquidation_price[0] == close(expected["liq"])


@needs_cases
def test_bybit_s_inverse_example_but_for_the_margin_at_entry():
    """The bankruptcy price with the fee of closing is the published one; the liquidation price too, with margin and fee set aside, rounded up to the tick."""
    given, expected = (vectors("margin_docs_bybit.json")["cases"][1][key] for key in ("inputs", "expected"))
    contract = flat(0.0, kind="inverse", quote="USD", settlement="BTC")
    rules = plain(contract, currency="BTC", fees=FeeRules(taker=given["taker"]))
    found = reduced(rules, isolated(given["qty_usd"], given["entry"], given["balance_btc"]), given["entry"], Book((), ()))
    assert found.bankruptcy_price == close(expected["bankruptcy"], rel=0, abs_=0.005)
    aside = given["qty_usd"] * (given["mmr"] / given["entry"] + given["taker"] / found.bankruptcy_price)
    for said in each(rules, isolated(given["qty_usd"], given["entry"], given["balance_btc"] - aside), {"X": given["entry"]}):
        assert ceil(2 * said.liquidation_price[0]) / 2 == expected["liq"]


@needs_cases
@pytest.mark.parametrize("place", [5, 6])
def test_what_is_sold_of_a_debt_that_is_exchanged_by_itself_is_credited_with_the_debt(place):
    """The sale is no rule; what it covers is: beside the debt, so much bitcoin less its haircut leaves nothing."""
    given, expected = (vectors("margin_docs_binance.json")["cases"][place][key] for key in ("inputs", "expected"))
    rules = plain(flat(0.01), collateral=(CollateralRule("BTC", given["haircut"], "BTC"),))
    account = cross(-given["deficit"] + 1000.0, ("X", 1.0, 1000.0), assets=(Asset("BTC", expected["btc_value_sold"] / 50_000.0),))
    for said in each(rules, account, {"X": 1000.0}, {"BTC": 50_000.0}):
        assert balance(said, 10.0) - 1000.0 == close(0, abs_=0.2)  # to the digits that are printed


@needs_cases
def test_so_many_of_dydx_s_cases_go_through_a_reduction(monkeypatch):
    """As many as the page says; the others have several positions, none, a wrong part to close, or an account that is bankrupt."""
    asked = []
    monkeypatch.setattr(dydx_liquidation_cases, "reduced", lambda *given, **more: asked.append(given) or reduced(*given, **more))
    said = []
    for family in dydx_liquidation_cases.FAMILIES:
        through = 0
        for case in family.cases.values():
            asked.clear()
            family.check(case)
            through += bool(asked)
        said.append(f"{family.rule} {through} of {len(family.cases)}")
    assert f"({', '.join(said)})" in " ".join(PAGE.read_text().split())


@needs_cases
def test_dydx_s_bankruptcy_price_of_several_positions_is_that_of_one_with_its_share_of_the_equity():
    """A position of several, as an account of its own with its share of the equity, by margin."""
    several = [case for case in vectors("margin_dydx_bankruptcy_price.json")["cases"] if len(case["inputs"]["positions"]) > 1]
    for case in several:
        given = case["inputs"]
        markets = {market["id"]: market for market in given["perpetuals"]}
        worth = {one["perpetual_id"]: one["size_base"] * markets[one["perpetual_id"]]["oracle_price_usd"] for one in given["positions"]}
        closed = given["perpetual_id"]
        share = (given["usdc_balance"] + sum(worth.values())) * abs(worth[closed]) / sum(abs(value) for value in worth.values())
        alone = {
            "perpetuals": [markets[closed]],
            "usdc_balance": share - worth[closed],
            "positions": [one for one in given["positions"] if one["perpetual_id"] == closed],
        }
        found = reduced(*dydx_liquidation_cases.as_account(alone), Book((), ()))
        size = -Fraction(given["delta_base_quantums"]) * Fraction(10) ** markets[closed]["atomic_resolution"]
        assert float(found.bankruptcy_price * size * 10**6) == close(case["expected"]["bankruptcy_price_quote_quantums"])
    assert len(several) == 3


@needs_cases
def test_the_margin_s_half_of_the_page_says_what_is_run():
    """Its rows and lists are these, no more and no fewer: where this fails, the lines below are what it should say."""
    lines = PAGE.read_text().partition("\n## Margin\n")[2].splitlines()
    rows = table(FAMILIES)
    numbers = [[int(cell) for cell in row.split("|")[-4:-1]] for row in rows]
    total = f"| all | | | {' | '.join(str(sum(column)) for column in zip(*numbers, strict=True))} |"
    assert [line for line in lines if line.startswith("| ")][1:] == [*rows, total]
    assert [line for line in lines if line.startswith("- ")] == [*listed(FAMILIES, "excepted"), *listed(FAMILIES, "loose")]
