"""The paths side by side: the same seed gives the same scenarios, each path is what the engine does, and what a little more cost eats."""

import json
from itertools import pairwise

import msgspec
import numpy as np
import pytest
from click.testing import CliRunner

from indexlab.commands.margin_paths import paths
from indexlab.margin import liquidation_paths
from indexlab.margin import reference_liquidation_money as money
from indexlab.margin.contract import BTCUSDT
from indexlab.margin.exact import exact
from indexlab.margin.liquidation_paths import PATHS, Setting, compare_paths, first_unsafe_mark
from indexlab.margin.liquidation_steps import EXTRA, eaten_steps
from indexlab.margin.opening import opened
from indexlab.margin.rules_file import venue, venue_names
from indexlab.market.errors import InputError
from indexlab.report.margin_paths import paths_text, paths_view
from indexlab.report.margin_paths_figure import paths_svg

RULES = venue("binance-usdm")
CONTRACT = RULES.contracts[0]
FEW = Setting(scenarios=12)


def account(side="long", leverage=20.0, notional=1e6, rules=RULES, contract=CONTRACT):
    return opened(rules, contract, side, leverage, notional=notional, price=10_000.0)


def test_a_scenario_is_a_function_of_its_number():
    """Twelve scenarios begin with the first five; another seed gives others."""
    many, few, other = (compare_paths(RULES, account(), setting) for setting in (FEW, Setting(scenarios=5), Setting(scenarios=5, seed=1)))
    for all_of, some in zip(many, few, strict=True):
        for name in ("cost", "fees", "lost", "took", "fund", "deleveraged", "left"):
            np.testing.assert_array_equal(getattr(all_of, name)[:5], getattr(some, name))
    assert not np.array_equal(few[0].cost, other[0].cost)


@pytest.mark.parametrize("side", ["long", "short"])
def test_nobody_loses_more_than_the_margin_and_a_market_order_leaves_nothing(side):
    position = account(side)
    start = first_unsafe_mark(RULES, CONTRACT, position)
    balance = position.collateral + position.size * CONTRACT.multiplier * (start - position.entry_price)
    for one in compare_paths(RULES, position, FEW):
        assert (one.lost <= balance + 1e-6).all()
        assert (one.fees >= 0).all()
        assert ((one.left >= 0) & (one.left < 1)).all()
        if one.path == "market":
            assert (one.left == 0).all()
            assert (one.took == 0).all()


def test_looking_at_the_first_minute_first_changes_nothing(monkeypatch):
    soon = compare_paths(RULES, account(), FEW)
    monkeypatch.setattr(liquidation_paths, "_SOON_S", 15 * 60)
    for one, other in zip(soon, compare_paths(RULES, account(), FEW), strict=True):
        np.testing.assert_array_equal(one.cost, other.cost)
        np.testing.assert_array_equal(one.took, other.took)


@pytest.mark.parametrize("name", venue_names())
@pytest.mark.parametrize("side", ["long", "short"])
def test_liquidation_begins_at_the_first_unsafe_tick(name, side):
    rules = venue(name)
    contract = rules.contracts[0]
    position = account(side, 3.0, 10_000.0, rules, contract)
    mark = exact(first_unsafe_mark(rules, contract, position))
    away = money.tick_of(contract) * (1 if side == "long" else -1)

    def safe(at):
        unit = exact(contract.unit)
        booked = exact(position.collateral) // unit * unit
        balance = booked + money.profit_of(contract, exact(position.size), exact(position.entry_price), at)
        return money.is_safe(rules, balance, money.maintenance_of(rules, contract, exact(position.size), at))

    assert not safe(mark)
    assert safe(mark + 2 * away)


@pytest.mark.parametrize("name", venue_names())
def test_every_venue_can_be_compared(name):
    rules = venue(name)
    for contract in rules.contracts:
        notional = 1.0 if contract.kind == "quanto" else 200_000.0
        position = opened(rules, contract, "short", 2.0, notional=notional, price=10_000.0)
        size = max(round(position.size / (contract.lot or 1.0)), 1 - 10**9) * (contract.lot or 1.0) if contract.lot else position.size
        if not size:
            continue
        position = msgspec.structs.replace(position, size=float(f"{size:.12g}"))
        for one in compare_paths(rules, position, Setting(scenarios=2)):
            assert np.isfinite(one.cost).all()


@pytest.mark.parametrize(("name", "contract", "worth"), [("binance-usdm", "BTCUSDT", 1.0), ("deribit", "BTC-PERPETUAL", 1e-4), ("bitmex", "ETHUSD", 1e-4)])
def test_amounts_of_the_rules_are_in_the_settlement_currency(monkeypatch, name, contract, worth):
    """A hundred thousand dollars are ten bitcoins at 10,000; and where examples of quanto contracts use 1 they use 10,000 dollars elsewhere."""
    asked = []
    right = liquidation_paths.reduce_position
    monkeypatch.setattr(liquidation_paths, "reduce_position", lambda case: asked.append(case) or right(case))
    rules = venue(name)
    traded = rules.contract(contract)
    position = opened(rules, traded, "long", 10.0, notional=100.0 if traded.kind == "quanto" else 1e6, price=10_000.0)
    compare_paths(rules, position, Setting(scenarios=1), ("backstop",))
    assert asked[0].rules.liquidation.fraction_above == pytest.approx(100_000.0 * worth, rel=0.15)


def test_steps_are_what_the_cost_is_of_what_is_left():
    """At 125x Binance leaves 0.4 % of the notional: 0.05 % of it are 12.5 hundredths, an eighth of the rate, an eighth of the way."""
    [row] = eaten_steps(RULES, BTCUSDT, "long", price=10_000.0, leverages=(125.0,))
    assert (row.notional, row.rate) == (pytest.approx(50_000.0), 0.004)
    assert row.extra == pytest.approx(EXTRA)
    assert row.steps == pytest.approx(12.5, rel=1e-3)
    assert row.of_rate == pytest.approx(0.125)
    assert row.of_room == pytest.approx(0.0005 / 0.004016, rel=1e-2)
    assert row.covered
    assert not eaten_steps(RULES, BTCUSDT, "long", price=10_000.0, leverages=(126.0,))


@pytest.mark.parametrize("name", venue_names())
def test_steps_are_counted_from_the_maintenance_margin_of_every_venue(name):
    """What is left at the first unsafe mark is the maintenance margin there, to a tick; the fees on it and the extra are of the notional there."""
    rules = venue(name)
    contract = rules.contracts[0]
    rows = eaten_steps(rules, contract, "short", price=10_000.0)
    assert rows
    for row in rows:
        position = opened(rules, contract, "short", row.leverage, notional=row.notional, price=10_000.0)
        mark = exact(first_unsafe_mark(rules, contract, position))
        size = exact(position.size)
        owed = money.maintenance_of(rules, contract, size, mark) / money.notional_of(contract, size, mark) * exact(rules.states.liquidation)
        assert row.kept == pytest.approx(float(owed), rel=2e-2)
        assert row.extra == pytest.approx(EXTRA, rel=1e-3)
        assert row.steps == pytest.approx(100 * row.extra / row.kept)
        assert row.of_rate == pytest.approx(row.extra / row.rate)
        assert row.of_room == pytest.approx(row.extra / row.room)


def view(**fields):
    return paths_view(RULES, account(), "long", 20.0, Setting(scenarios=20, **fields), notional=1e6)


def test_the_text_has_a_row_a_path_and_a_row_a_leverage():
    text = paths_text(view())
    lines = text.splitlines()
    assert max(map(len, lines)) <= 125
    for path, (_, about) in PATHS.items():
        assert sum(line.startswith(f"  {path} ") for line in lines) == 2
        assert about in text
    assert "A margin step is a hundredth of the balance" in text.replace("\n", " ")
    assert any(line.split()[:2] == ["125x", "50"] for line in lines)
    above, heads = next((before, line) for before, line in pairwise(lines) if line.startswith("  path "))
    assert above.index("fund, bp") == heads.rindex("mean")


def test_the_figure_names_what_it_shows():
    svg = paths_svg(view())
    for text in (
        *PATHS,
        "slippage",
        "cost, bp of the notional",
        "orange diamond: the worst",
        "A long of 1 000 000 at 20x, reduced by force: binance-usdm BTCUSDT",
    ):
        assert text in svg


def said(*words):
    return CliRunner().invoke(paths, words, catch_exceptions=False).output


def test_the_command_prints_draws_and_tells_json(tmp_path):
    file = tmp_path / "paths.png"
    text = said("--scenarios", "8", "--path", "market,backstop", "--venue", "okx", "--leverage", "10", "--figure", str(file))
    assert text.startswith("okx BTC-USDT-SWAP: a long of 1 000 000 at 10x, reduced by force in each way")
    assert "dutch-auction" not in text
    assert file.read_bytes().startswith(b"\x89PNG")
    told = json.loads(said("--scenarios", "8", "--json"))
    assert [row["path"] for row in told["rows"]] == list(PATHS)
    assert len(told["rows"][0]["lost"]) == 8


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("--path", "markt"), 'path is no path, was "markt"; did you mean "market"'),
        (("--notional", "0.001"), "notional must be at least a lot of 0.001 contracts"),
        (("--depth", "0"), "depth must be a finite number above 0, was 0"),
        (("--leverage", "500"), "leverage must be at most"),
        (("--volatility", "lots"), "volatility"),
        (("--figure", "paths.gif"), "must end with .svg or .png"),
    ],
)
def test_wrong_input_is_refused(words, message):
    with pytest.raises(InputError, match=message):
        said(*words)
