"""The bundled venue files: every one is dated, cited, and says what is assumed; their contracts are sound."""

import tomllib
from itertools import pairwise

import pytest

from indexlab.margin.account import Account, Asset, Position
from indexlab.margin.answer import answer
from indexlab.margin.case import MarginCase
from indexlab.margin.contract import BTCUSDT, MAX_JUMP, checked_contract
from indexlab.margin.rules_file import KEYS, venue, venue_names, venue_path
from indexlab.margin.textbook import textbook
from indexlab.market.errors import InputError

VENUES = pytest.mark.parametrize("name", venue_names())


def test_the_bundled_venues_are_these() -> None:
    assert venue_names() == (
        *("binance-2025", "binance-coinm", "binance-pm", "binance-usdm", "bitmex", "bitmex-2017", "bitmex-2019", "bybit"),
        *("deribit", "deribit-2019", "drift", "dydx-v4", "hyperliquid", "mango-v4", "okx"),
    )


def test_an_unknown_venue_is_named_with_the_nearest() -> None:
    with pytest.raises(InputError, match='venue is no venue, was "deribit-2018"; did you mean "deribit-2019"'):
        venue("deribit-2018")


@VENUES
def test_a_venue_is_dated_cited_and_described(name: str) -> None:
    said = venue(name).venue
    assert said.id == name
    assert said.date
    assert said.retrieved
    assert said.url.startswith("https://")
    assert said.grade
    assert said.name
    assert said.summary.endswith(".")


@VENUES
def test_what_is_assumed_is_a_key_with_a_reason(name: str) -> None:
    """A figure that the page does not print is told by its key, and is in the file."""
    given = tomllib.loads(venue_path(name).read_text())
    stated = {f"{section}.{key}" for section, content in given.items() for table in ([content] if isinstance(content, dict) else content) for key in table}
    for key, reason in venue(name).assumed.items():
        assert key in KEYS
        assert len(reason.split()) > 1
        assert key in stated or key.startswith(("mark.", "funding.", "liquidation.")), f"{key} is assumed and not written"


@VENUES
def test_tiers_ascend_and_are_continuous_where_they_are_marginal(name: str) -> None:
    for contract in venue(name).contracts:
        assert checked_contract(contract) is contract
        for below, above in pairwise(contract.tiers):
            border = below.up_to_notional
            assert border is not None
            jump = border * (above.maintenance_rate - below.maintenance_rate) - (above.maintenance_amount - below.maintenance_amount)
            assert above.maintenance_rate >= below.maintenance_rate
            assert above.initial_rate >= below.initial_rate
            assert (abs(jump) <= MAX_JUMP) == (contract.tier_rule == "marginal")


@VENUES
def test_what_an_account_shares_can_be_counted(name: str) -> None:
    """Whatever a contract is settled in is the venue's currency, or has a collateral rule that prices it."""
    rules = venue(name)
    counted = {rules.states.currency, *(rule.asset for rule in rules.collateral)}
    assert {contract.settlement for contract in rules.contracts} <= counted


def test_the_example_contract_is_the_one_of_its_venue() -> None:
    assert venue("binance-usdm").contract("BTCUSDT").tiers == BTCUSDT.tiers


def test_the_venues_span_what_contracts_and_states_can_be() -> None:
    every = [(venue(name), contract) for name in venue_names() for contract in venue(name).contracts]
    assert {contract.kind for _, contract in every} == {"linear", "inverse", "quanto"}
    assert {(contract.tier_rule, contract.tier_measure) for _, contract in every} == {
        *(("marginal", "notional"), ("whole-position", "notional"), ("whole-position", "contracts")),
    }
    assert {rules.states.at_border for rules, _ in every} == {"worse", "better"}
    assert {rules.states.measure for rules, _ in every} == {"maintenance/balance", "balance/maintenance"}
    assert any(contract.open_interest is not None for _, contract in every)
    assert any(rules.matrix is not None and rules.matrix.hedge_rate for rules, _ in every)
    assert any(rules.matrix is not None and rules.matrix.stress for rules, _ in every)


def test_published_amounts_of_the_coin_margined_brackets() -> None:
    """0.56 at 2.5 %, 1.81 at 5 %, 11.81 at 12.5 %: https://www.binance.com/es/support/faq/ceccfcfb4e3a45e3b48b0b1bb1a8ae46."""
    amounts = {tier.maintenance_rate: tier.maintenance_amount for tier in venue("binance-coinm").contract("BTCUSD_PERP").tiers}
    assert {rate: amounts[rate] for rate in (0.025, 0.05, 0.125)} == {0.025: 0.56, 0.05: 1.81, 0.125: 11.81}


def test_hyperliquid_s_rates_are_half_the_initial_ones() -> None:
    for contract in venue("hyperliquid").contracts:
        for tier in contract.tiers:
            assert tier.maintenance_rate == pytest.approx(tier.initial_rate / 2, rel=1e-12)


@pytest.mark.parametrize(("name", "base", "rise"), [("deribit-2019", 0.00525, 0.00005), ("deribit", 0.01, 0.00005)])
def test_a_rate_that_rises_with_the_position_is_exact_at_the_borders(name: str, base: float, rise: float) -> None:
    """Deribit: margin of n bitcoin is n * (base + n * rise); between borders a straight line, never below the curve."""
    contract = venue(name).contract("BTC-PERPETUAL")
    for tier in contract.tiers[:-1]:
        end = tier.up_to_notional
        assert end is not None
        assert end * tier.maintenance_rate - tier.maintenance_amount == pytest.approx(end * (base + end * rise), rel=1e-9)


PRICE = 1000.0
MOVES = (None, 1.0, 0.9, 0.99, 1.013, 1.4)
"""Without a first mark, so that nobody looks for prices."""


def _accounts(name: str) -> tuple[Account, ...]:
    """Isolated accounts in the first, the second and the last tier of each contract, and one that shares everything it can."""
    rules = venue(name)
    made: list[Account] = []
    for contract in rules.contracts:
        ends = [tier.up_to_notional or 0.0 for tier in contract.tiers]
        unit = 1.0 if contract.tier_measure == "contracts" else contract.multiplier * (1 / PRICE if contract.is_inverse else PRICE)
        for number, wanted in enumerate((0.3 * ends[0] or 7.0, 1.1 * ends[0] or 70.0, 2.0 * ends[-2 if len(ends) > 1 else 0] or 700.0)):
            size = wanted / unit * (-1 if number % 2 else 1)
            worth = abs(size) * contract.multiplier * (1 / PRICE if contract.is_inverse else PRICE)
            made.append(Account(f"{contract.id} {number}", size, PRICE, 0.07 * worth * (1 + number), contract.id))
    positions = tuple(Position(one.contract, one.size, PRICE) for one in made[::3])
    assets = tuple(Asset(rule.asset, -1.0 if number % 2 else 2.0) for number, rule in enumerate(rules.collateral))
    modes = ("cross", "portfolio") if rules.matrix is not None else ("cross",)
    shared = [Account(mode, mode=mode, collateral=0.5, positions=positions, assets=assets) for mode in modes]
    return (*made, *shared)


@VENUES
def test_both_implementations_judge_a_venue_s_accounts_alike(name: str) -> None:
    rules, accounts = venue(name), _accounts(name)
    marks = {contract.id: tuple(None if move is None else PRICE * move for move in MOVES) for contract in rules.contracts}
    index = {rule.index: (PRICE / 2,) * len(MOVES) for rule in rules.collateral if rule.index}
    case = MarginCase(rules, accounts, tuple(range(len(MOVES))), index, marks)
    ours, theirs = answer(case), textbook(case)
    assert ours.state == theirs.state
    assert len({state for row in ours.state for state in row}) > 2
    for mine, exact in zip(ours.margin_ratio, theirs.margin_ratio, strict=True):
        assert [one is None for one in mine] == [one is None for one in exact]
        assert [one for one in mine if one is not None] == pytest.approx([one for one in exact if one is not None], rel=1e-9)
