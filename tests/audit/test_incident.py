"""Incidents as twin runs: who falls, when, and at what cost; the main figures are worked out here by hand, from the rules' sentences."""

from __future__ import annotations

import csv
import gzip
from fractions import Fraction
from functools import cache
from pathlib import Path

import msgspec
import numpy as np
import pytest

from indexlab.audit.incident import CLEAN, THE_DAY, Incident, incident
from indexlab.audit.incident_accounts import opened_accounts
from indexlab.audit.incident_clean import clean_quotes
from indexlab.audit.incident_plan import Collateral, IncidentPlan, OtherIndex, incident_plan
from indexlab.index import engine
from indexlab.index.catalogue import preset
from indexlab.margin.account import Account, Asset
from indexlab.margin.answer import answer
from indexlab.margin.case import MarginCase
from indexlab.margin.reference_account import states
from indexlab.margin.rules_file import venue
from indexlab.market.errors import InputError
from indexlab.market.fixture import find_fixture, load_fixture
from indexlab.market.quotes import Quotes
from indexlab.market.source import Source
from indexlab.market.times import parse_time

SHARED = Path(__file__).parents[3] / "shared" / "data" / "usde_depeg_2025_10"
F = Fraction


@cache
def found(name: str) -> Incident:
    return incident(name)


def run_of(one: Incident, name: str) -> int:
    return [run.name for run in one.runs].index(name)


def fallen(one: Incident, run: str, side: str) -> set[float]:
    place = run_of(one, run)
    return {each.leverage for each in one.accounts if each.side == side and each.fates[place].liquidated is not None}


def fate(one: Incident, run: str, side: str, leverage: float):
    (account,) = (each for each in one.accounts if each.side == side and each.leverage == leverage)
    return account.fates[run_of(one, run)]


def inverse_long_falls(leverage: int, entry: Fraction, mark: Fraction, rate: Fraction, *, worse: bool) -> bool:
    """Margin 1/L, profit 1 - entry/mark, maintenance rate * entry/mark, all as shares of the notional at entry."""
    balance, maintenance = F(1, leverage) + 1 - entry / mark, rate * entry / mark
    return balance <= 0 or maintenance > balance or (worse and maintenance == balance)


def test_bitmex_2017_a_mean_of_four_gives_887_and_longs_from_3x_on_fall():
    one = found("bitmex-2017-04-15")
    index = (3 * F(1183) + F(6, 100)) / 4
    assert float(index) == 887.265
    assert one.runs[0].extreme(low=True) == pytest.approx(887.265)
    falls = {leverage for leverage in range(1, 101) if inverse_long_falls(leverage, F(1183), index, F(5, 1000), worse=True)}
    assert falls == set(range(3, 101))
    assert fallen(one, THE_DAY, "long") == falls
    assert fallen(one, THE_DAY, "short") == set()
    assert {fate(one, THE_DAY, "long", leverage).liquidated for leverage in falls} == {parse_time("2017-04-15T23:02:00Z")}


def test_bitmex_2017_without_the_fault_or_under_a_robust_index_nobody_falls():
    one = found("bitmex-2017-04-15")
    for run in (CLEAN, "median", "deribit-2019"):
        assert fallen(one, run, "long") == fallen(one, run, "short") == set()
    # one of four, clamped to half a percent of the median: an eighth of a percent
    assert one.runs[run_of(one, "deribit-2019")].extreme(low=True) == pytest.approx(1183 * (1 - 0.005 / 4))
    assert one.falls_from("long", 0) == 3
    assert one.falls_from("short", 0) is None
    assert len(one.hurt(0)) == 98


def test_bitstamp_2019_half_of_one_source_s_fall_takes_8x_to_13x_that_the_market_did_not():
    one = found("bitmex-2019-05-17")
    rate, entry = F(5, 1000), F(7600)
    day = {leverage for leverage in range(1, 101) if inverse_long_falls(leverage, entry, (F(6250) + F(7200)) / 2, rate, worse=True)}
    clean = {leverage for leverage in range(1, 101) if inverse_long_falls(leverage, entry, F(7100), rate, worse=True)}
    assert (day, clean) == (set(range(8, 101)), set(range(14, 101)))
    assert fallen(one, THE_DAY, "long") == day
    assert fallen(one, CLEAN, "long") == clean
    assert [each.leverage for each in one.hurt(0)] == list(range(8, 14))
    # 10x falls at 7600 * 1.005 / 1.1; the mean falls by (1350 + 400) / 2 in 660 s, from 02:58 on, and is published every 5 s
    seconds = 660 * (7600 - 7600 * F(1005, 1100)) / 875
    assert fate(one, THE_DAY, "long", 10.0).liquidated == parse_time("2019-05-17T02:58:00Z") + 5_000_000 * -(-seconds // 5)


def test_bitstamp_2019_two_sources_cannot_outvote_one_but_four_can():
    one = found("bitmex-2019-05-17")
    assert fallen(one, "deribit-2019", "long") == fallen(one, THE_DAY, "long")
    assert {each.fates[run_of(one, "median")].worst for each in one.accounts} == {"frozen"}
    # the widened basket's lowest point, after the clamp of a half percent around its median, takes one leverage more than the market did
    assert fallen(one, "four sources", "long") == set(range(13, 101))


def test_deribit_2019_one_of_six_at_570_takes_longs_from_6x_on_and_the_clamp_that_came_later_nobody():
    one = found("deribit-2019-10-31")
    index = (F(9148) + 9149 + 9150 + 9151 + 9152 + 570) / 6
    assert float(index) == 7720
    falls = {leverage for leverage in range(1, 101) if inverse_long_falls(leverage, F(9150), index, F(55, 10_000), worse=False)}
    assert min(falls) == 6
    assert fallen(one, THE_DAY, "long") == falls
    for run in (CLEAN, "deribit-2019", "median"):
        assert fallen(one, run, "long") == fallen(one, run, "short") == set()


def test_deribit_2019_a_forced_close_in_a_market_that_never_moved_costs_fees_and_little_more():
    """Taker 7.5 bp and liquidation 50 bp of the notional, and of the spread at least half a basis point: times the leverage, of the margin."""
    one = found("deribit-2019-10-31")
    for leverage in (10.0, 50.0):
        (account,) = (each for each in one.accounts if each.side == "long" and each.leverage == leverage)
        lost = account.fates[0]
        assert lost.index == pytest.approx(7720)
        assert leverage * 0.00575 <= lost.cost / account.collateral <= leverage * 0.0062
        assert lost.fee / account.collateral == pytest.approx(leverage * 0.00575, rel=0.01)


def test_bitmex_takes_over_what_was_left_of_the_margin():
    """In 2017 the market never moved, and all of it was left; in 2019 a long of 10x had lost what the clean twin fell by when it was taken over."""
    for each in found("bitmex-2017-04-15").accounts:
        if each.fates[0].liquidated is not None:
            assert each.fates[0].cost == pytest.approx(each.collateral, rel=1e-12)
            assert each.fates[0].fee == 0
    one = found("bitmex-2019-05-17")
    (account,) = (each for each in one.accounts if each.side == "long" and each.leverage == 10)
    true_price = 7600 - F(400, 660) * 500
    left = F(1, 10) + 1 - 7600 / true_price
    assert account.fates[0].cost / account.collateral == pytest.approx(float(10 * left))


def test_binance_2025_the_collateral_alone_takes_both_sides_from_27x_on():
    one = found("binance-2025-10-10")
    assert (one.currency, one.collateral_asset) == ("USDT", "WBETH")
    # credited margin is notional / L; at 430 of 4104 that much of it is left; 0.4 % of the notional is asked for
    falls = {leverage for leverage in range(1, 126) if F(4, 1000) >= F(1, leverage) * F(430, 4104)}
    assert falls == set(range(27, 126))
    assert fallen(one, THE_DAY, "long") == fallen(one, THE_DAY, "short") == falls
    for run in (CLEAN, "median of four", "a vote a venue", "conversion rate"):
        assert fallen(one, run, "long") == fallen(one, run, "short") == set()
    # legs of one venue as two votes of four: the middle two are a broken and a sound one
    assert one.runs[run_of(one, "median of four")].extreme(low=True) == pytest.approx((430 + 4083.48) / 2)
    assert fate(one, "median of four", "long", 125.0).worst == "warning"
    assert one.runs[run_of(one, "a vote a venue")].extreme(low=True) == pytest.approx(4083.48)
    assert fate(one, "a vote a venue", "long", 125.0).worst == "healthy"


def test_binance_2025_the_fees_sold_at_the_wrong_index_take_all_the_collateral():
    """130 of fees are 130 * 4104 / 430 = 1240.7 of collateral at its true worth; 27x has 10000 / 27 / 90 %."""
    one = found("binance-2025-10-10")
    (account,) = (each for each in one.accounts if each.side == "short" and each.leverage == 27)
    assert account.collateral == pytest.approx(10_000 / 27 / 0.9)
    assert account.fates[0].cost == pytest.approx(account.collateral)
    assert account.fates[0].fee == pytest.approx(10_000 * (0.0005 + 0.0125))
    assert account.collateral < 130 * 4104 / 430


@pytest.mark.parametrize("name", ["bitmex-2017-04-15", "bitmex-2019-05-17", "deribit-2019-10-31", "binance-2025-10-10"])
def test_the_textbook_says_the_same_of_the_worst_moment(name):
    """Who falls at the lowest index of the day, in exact arithmetic: everybody that the incident says fell (no state is latched, the index fell straight)."""
    one, plan = found(name), incident_plan(load_fixture(find_fixture(name)))
    rules, low = venue(plan.venue), one.runs[0].extreme(low=True)
    accounts = opened_accounts(rules, plan, one.price)
    priced = rules.contract(plan.contract).underlying if plan.collateral is None else plan.collateral.asset
    mark = low if plan.collateral is None else plan.collateral.underlying_price
    told, _ = states(MarginCase(rules, tuple(each.account for each in accounts), (0,), {priced: (low,)}, {plan.contract: (mark,)}))
    gone = {(each.side, each.leverage) for each, state in zip(accounts, told[0], strict=True) if state in {"liquidation", "bankrupt"}}
    assert gone == {(each.side, each.leverage) for each in one.accounts if each.fates[0].liquidated is not None}


def states_under(fixture, quotes, accounts, rules):
    """The states under the preset deribit-2019, each account's at each publication."""
    told = engine.determine(preset("deribit-2019"), fixture.basket, quotes, fixture.times())
    values = tuple(float(value) for value in np.unique(told.value))
    case = MarginCase(rules, tuple(accounts), tuple(range(len(values))), {}, {rules.contracts[0].id: values})
    return told.value, answer(case).state


@pytest.mark.parametrize("broken", range(7))
def test_under_deribit_2019_a_single_source_at_zero_changes_nobody_s_state(broken):
    fixture, rules = load_fixture(find_fixture("deribit-2019-10-31")), venue("deribit-2019")
    plan = incident_plan(fixture)
    clean = clean_quotes(fixture.quotes(), fixture.basket, plan.clean)
    accounts = [each.account for each in opened_accounts(rules, plan, 9150.0)]
    _, before = states_under(fixture, clean, accounts, rules)
    zero = clean.with_columns(price=np.where(clean.source == broken, 0.0, clean.price))
    _, after = states_under(fixture, zero, accounts, rules)
    assert {state for row in before for state in row} == {"healthy"}
    assert {state for row in after for state in row} == {"healthy"}


def test_under_deribit_2019_a_source_near_zero_moves_accounts_within_the_clamp_s_share_alone():
    """0.5 % over the six that speak: an account further from its border keeps its state, one nearer to it does not."""
    fixture, rules = load_fixture(find_fixture("deribit-2019-10-31")), venue("deribit-2019")
    plan = incident_plan(fixture)
    clean = clean_quotes(fixture.quotes(), fixture.basket, plan.clean)
    low = clean.with_columns(price=np.where(clean.source == 3, 0.01, clean.price))
    value, _ = states_under(fixture, low, (), rules)
    lowest = F(float(np.min(value)))
    median = F(9150)
    assert abs(1 - lowest / F(9150)) <= F(5, 1000) / 6 * F(101, 100)
    assert float(lowest) == pytest.approx(float((9150 + 9148 + 9150 + 9151 + 9152 + median * F(995, 1000)) / 6), rel=1e-6)

    def at_distance(distance: Fraction) -> Account:
        """A long of 1000 contracts of 10 USD at 9150 whose border lies so far below: margin = maintenance + loss there."""
        mark = 9150 * (1 - distance)
        return Account(f"{float(distance)}", 1000.0, 9150.0, float(F(10_000) * (1 / mark - F(1, 9150) + F(55, 10_000) / mark)), "BTC-PERPETUAL")

    displaced = 1 - lowest / 9150
    near, far = at_distance(displaced * F(99, 100)), at_distance(displaced * F(101, 100))
    _, states = states_under(fixture, low, (near, far), rules)
    assert {row[1] for row in states} == {"healthy"}
    assert {row[0] for row in states} == {"healthy", "liquidation"}


def test_the_clean_twin_says_what_the_others_do_and_nothing_where_nobody_has_spoken():
    basket = tuple(Source(id=name, venue=name, quote="USD") for name in ("a", "b", "c"))
    quotes = Quotes.from_columns(receive_time=[0, 1, 2, 3, 4], source=[0, 1, 2, 0, 1], price=[5.0, 10.0, 20.0, 1.0, 12.0], bid=[4.0] * 5, ask=[6.0] * 5)
    clean = clean_quotes(quotes, basket, {"a": "others"})
    assert clean.price.tolist() == [5.0, 10.0, 20.0, 15.0, 12.0]
    assert np.isnan(clean.bid).tolist() == [False, False, False, True, False]
    assert clean_quotes(quotes, basket, {"a": "c"}).price.tolist() == [5.0, 10.0, 20.0, 20.0, 12.0]
    assert clean_quotes(quotes, basket, {}).equals(quotes)


def test_a_fixture_without_a_plan_is_told_what_to_name():
    with pytest.raises(InputError, match=r"no incident\.toml beside it.*--venue"):
        incident("calm-hour")
    plan = IncidentPlan(venue="binance-usdm", contract="BTCUSDT", notional=1_000.0, clean={}, others=())
    with pytest.raises(InputError, match=r"no rules\.toml.*--index"):
        incident("calm-hour", plan=plan)


def test_an_incident_is_any_market_under_any_venue():
    plan = IncidentPlan(venue="dydx-v4", contract=venue("dydx-v4").contracts[0].id, notional=1_000.0, clean={}, others=(OtherIndex("m", "plain-median"),))
    one = incident("true-crash", plan=plan)
    assert [(run.name, run.rules) for run in one.runs] == [("m", "plain-median"), ("clean twin", "plain-median")]  # there are no rules of the day
    assert one.hurt(0) == []
    assert fallen(one, "m", "long") == set(range(4, 21))  # 30 % down
    assert fallen(one, "m", "short") == set()


def test_fixtures_that_do_not_share_their_times_are_refused():
    plan = msgspec.structs.replace(incident_plan(load_fixture(find_fixture("bitmex-2017-04-15"))), others=(OtherIndex("x", "plain-mean", "true-crash"),))
    with pytest.raises(InputError, match='must have the publication times of "bitmex-2017-04-15"'):
        incident("bitmex-2017-04-15", plan=plan)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('[clean]\ngdaxx = "others"', r'clean\.gdaxx.*did you mean "gdax"'),
        ('[clean]\ngdax = "second"\nsecond = "others"', "must be a source that is not broken itself"),
        (
            "[clean]\n" + "".join(f'{name} = "others"\n' for name in ("gdax", "second", "third", "fourth")),
            "clean must leave a source that is not broken, named all",
        ),
        ('[[index]]\nname = "x"', r"incident\.toml: index\.rules must be given"),
        ("notional = 0", "notional"),
        ("nonsense = 1", "nonsense.*is not a known key"),
    ],
)
def test_a_wrong_plan_names_file_key_and_value(tmp_path, text, message):
    folder = find_fixture("bitmex-2017-04-15")
    for name in ("fixture.toml", "rules.toml"):
        (tmp_path / name).write_bytes((folder / name).read_bytes())
    head = 'venue = "bitmex-2017"\ncontract = "XBTUSD"\n'
    (tmp_path / "incident.toml").write_text(head + text)
    with pytest.raises(InputError, match=message):
        incident_plan(load_fixture(tmp_path))


def test_collateral_that_no_index_prices_is_refused_with_the_nearest():
    plan = incident_plan(load_fixture(find_fixture("binance-2025-10-10")))
    wrong = msgspec.structs.replace(plan, collateral=msgspec.structs.replace(plan.collateral, asset="WBET"))
    with pytest.raises(InputError, match='did you mean "WBETH"'):
        incident("binance-2025-10-10", plan=wrong)


@pytest.mark.skipif(not SHARED.is_dir(), reason="the shared USDe data is not here")
def test_usde_2025_by_the_venue_s_own_book_borrowers_fall_that_the_pool_would_have_left_alone():
    """Debts of so many percent of the worth of USDe that counts 99 %: they fall where 0.99 * price < share."""
    lows, start = minute_lows(), parse_time("2025-10-10T21:00:00Z")
    lows = {moment: low for moment, low in lows.items() if start <= moment <= start + 90 * 60_000_000}
    pool = pool_prices(sorted(lows))
    accounts = tuple(Account(f"{share}", mode="cross", assets=(Asset("USDE", 1_000.0), Asset("USDT", -10.0 * share))) for share in range(5, 100, 5))
    gone = {}
    for name, prices in (("book", [lows[moment] for moment in sorted(lows)]), ("pool", pool)):
        case = MarginCase(venue("binance-2025"), accounts, tuple(sorted(lows)), {"USDE": tuple(prices)}, {})
        states = answer(case).state
        gone[name] = {int(account.id) for place, account in enumerate(accounts) if any(row[place] == "bankrupt" for row in states)}
    assert min(lows.values()) == pytest.approx(0.65, abs=0.005)
    assert gone["book"] == {share for share in range(5, 100, 5) if share >= 0.99 * 100 * min(lows.values())}
    assert gone["pool"] == set()


@pytest.mark.skipif(not SHARED.is_dir(), reason="the shared USDe data is not here")
def test_usde_2025_a_position_that_did_not_move_is_not_liquidated_by_a_third_less_collateral():
    """At 125x there is 0.8 % of the notional, at 0.65 there is 0.52 %, and 0.4 % is asked for: 77 % of it, a warning begins at 80 %."""
    plan = IncidentPlan(venue="binance-2025", contract="BTCUSDT", notional=10_000.0, clean={}, others=(), collateral=Collateral("USDE", 100_000.0))
    lows = minute_lows()
    low = min(lows.values())
    accounts = tuple(each.account for each in opened_accounts(venue("binance-2025"), plan, 1.0))
    assert max(F(4, 1000) * leverage / F(str(low)) for leverage in range(1, 126)) < F(8, 10)
    case = MarginCase(venue("binance-2025"), accounts, (0,), {"USDE": (low,)}, {"BTCUSDT": (100_000.0,)})
    assert set(answer(case).state[0]) == {"healthy"}
    assert max(ratio for ratio in answer(case).margin_ratio[0]) == pytest.approx(0.004 * 125 / low)


def minute_lows() -> dict[int, float]:
    with gzip.open(SHARED / "binance_USDE-USDT.1m.csv.gz", "rt") as lines:
        return {int(row["ts"]) * 1_000_000: float(row["low"]) for row in csv.DictReader(lines)}


def pool_prices(moments: list[int]) -> list[float]:
    """The pool's price as of each moment, of the two reciprocals the one that is worse for who holds USDe."""
    with gzip.open(SHARED / "uniswap_USDE-USDT_blocks.csv.gz", "rt") as lines:
        rows = list(csv.DictReader(lines))
    name = next(key for key in rows[0] if "time" in key.lower() or key == "ts")
    times = np.array([int(float(row[name])) * 1_000_000 for row in rows])
    worse = np.array([min(float(row["token0Price"]), float(row["token1Price"])) for row in rows])
    return [float(worse[place]) for place in np.searchsorted(times, np.array(moments), side="right") - 1]
