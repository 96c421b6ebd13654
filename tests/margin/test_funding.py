"""Funding: the engine is the textbook, payments net to zero, and no clock makes a slot be paid twice or be left out."""

import random
from decimal import Decimal
from fractions import Fraction

import msgspec
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from indexlab.margin import reference_funding
from indexlab.margin.case import FundingAnswer, FundingCase, Holding, Sample
from indexlab.margin.funding import settle
from indexlab.margin.funding_rules import FundingRule
from indexlab.margin.rules import Venue, VenueRules
from indexlab.market.errors import InputError
from tests.margin.funding_strategies import CONTRACTS, HOUR, SECOND, START, Setting, holdings, settings_of_funding, settings_on_an_edge, venue_with

BOTH = pytest.mark.parametrize("pay", [settle, reference_funding.settle], ids=["engine", "textbook"])


@given(settings_of_funding())
def test_the_engine_is_the_textbook(setting: Setting) -> None:
    """Slots, caps and every smallest unit alike; rates are the nearest float of the same number."""
    assert settle(setting.rules, setting.case) == reference_funding.settle(setting.rules, setting.case)


@given(settings_on_an_edge())
def test_the_engine_is_the_textbook_on_the_edge_of_a_digit(setting: Setting) -> None:
    """Halves of a digit, rates exactly at the cap or the calm rate: no float can say on which side they are."""
    assert settle(setting.rules, setting.case) == reference_funding.settle(setting.rules, setting.case)


@given(settings_of_funding())
def test_payments_net_to_zero_at_every_slot(setting: Setting) -> None:
    for payments in settle(setting.rules, setting.case).payments:
        assert sum(payments.values()) == 0


@given(settings_of_funding())
def test_no_rate_is_beyond_the_cap(setting: Setting) -> None:
    answer, cap = settle(setting.rules, setting.case), setting.rules.funding.cap
    for rate, capped in zip(answer.rates, answer.capped, strict=True):
        assert not cap or abs(rate) <= cap
        assert not capped or abs(rate) == cap


@given(settings_of_funding(), st.lists(st.integers(START - HOUR, START + 40 * HOUR), min_size=1, max_size=10))
def test_every_slot_up_to_the_latest_reading_is_paid_once_and_in_order(setting: Setting, ticks: list[int]) -> None:
    """Clocks that step back, repeat and leave slots out give what one reading at their latest gives."""
    hostile = settle(setting.rules, msgspec.structs.replace(setting.case, ticks=tuple(ticks)))
    assert hostile == settle(setting.rules, msgspec.structs.replace(setting.case, ticks=(max(ticks),)))
    assert list(hostile.slots) == sorted(set(hostile.slots))
    assert all(setting.case.start < slot <= min(max(ticks), setting.case.end) for slot in hostile.slots)


@given(settings_of_funding())
def test_reading_the_clock_again_pays_nothing(setting: Setting) -> None:
    again = msgspec.structs.replace(setting.case, ticks=setting.case.ticks * 2)
    assert settle(setting.rules, again) == settle(setting.rules, setting.case)


@given(settings_of_funding(), st.randoms(use_true_random=False))
def test_the_order_of_holdings_changes_no_payment(setting: Setting, order: random.Random) -> None:
    mixed = list(setting.case.holdings)
    order.shuffle(mixed)
    assert settle(setting.rules, msgspec.structs.replace(setting.case, holdings=tuple(mixed))) == settle(setting.rules, setting.case)


@given(settings_of_funding(), holdings)
def test_another_holding_leaves_everybody_elses_payment_alone(setting: Setting, other: Holding) -> None:
    """But for who bears the remainder, which is less than a unit a holding."""
    assume(setting.rules.funding.remainder == "fund")
    other = msgspec.structs.replace(other, account="eve")
    more = settle(setting.rules, msgspec.structs.replace(setting.case, holdings=(*setting.case.holdings, other)))
    for before, after in zip(settle(setting.rules, setting.case).payments, more.payments, strict=True):
        for account in {holding.account for holding in setting.case.holdings}:
            assert before.get(account) == after.get(account)


@given(settings_of_funding())
def test_the_fund_bears_less_than_a_unit_a_holding(setting: Setting) -> None:
    for payments in settle(setting.rules, setting.case).payments:
        assert abs(payments.get("insurance fund", 0)) <= len(setting.case.holdings)


@given(settings_of_funding())
def test_longs_and_shorts_swap_what_they_get(setting: Setting) -> None:
    assume(setting.rules.funding.remainder == "fund")
    turned = tuple(msgspec.structs.replace(holding, size=-holding.size) for holding in setting.case.holdings)
    other = settle(setting.rules, msgspec.structs.replace(setting.case, holdings=turned))
    for before, after in zip(settle(setting.rules, setting.case).payments, other.payments, strict=True):
        assert after == {party: -amount for party, amount in before.items()}


def case_of(
    *, premium: float = 0.0, holds: tuple[Holding, ...] = (), hours: int = 8, ticks: tuple[int, ...] | None = None, contract: str = "LIN", price: float = 100.0
) -> FundingCase:
    taken = tuple(Sample(START + minute * 60 * SECOND, 100.0, 100.0 * (1 + premium), 100.0 * (1 + premium)) for minute in range(1, hours * 60, 7))
    end = START + hours * HOUR
    return FundingCase(contract, START, end, taken, holds, ((START, price),), (end,) if ticks is None else ticks)


def pair(opened: int = START, closed: int | None = None, size: float = 1.0) -> tuple[Holding, ...]:
    return Holding("long", size, opened, closed), Holding("short", -size, START)


@BOTH
def test_a_long_pays_the_short_notional_times_rate(pay) -> None:
    """8 h at 0.01 % on 1 * 100 is 0.01, in units of 1e-8."""
    answer = pay(venue_with(FundingRule(interest=0.0001, clamp=0.0005)), case_of(holds=pair()))
    assert answer == FundingAnswer((START + 8 * HOUR,), (0.0001,), ({"long": -1_000_000, "short": 1_000_000},), (False,))


@BOTH
@pytest.mark.parametrize(
    ("contract", "price", "paid"),
    [("INV", 100.0, 10_000), ("QUANTO", 100.0, 1), ("CENTS", 100.0, 0), ("CENTS", 1e6, 10)],
)
def test_the_notional_is_by_the_contracts_kind(pay, contract: str, price: float, paid: int) -> None:
    answer = pay(venue_with(FundingRule(interest=0.0001, clamp=0.0005)), case_of(holds=pair(), contract=contract, price=price))
    assert answer.payments[0] == {"long": -paid, "short": paid}


@BOTH
@pytest.mark.parametrize(("opened", "pays"), [(0, True), (1, True), (15 * SECOND - 1, True), (15 * SECOND, False), (-1, True)])
def test_one_who_opened_within_the_window_after_the_slot_pays(pay, opened: int, pays: bool) -> None:
    slot = START + 8 * HOUR
    rule = FundingRule(interest=0.0001, clamp=0.0005, window_late_us=15 * SECOND)
    answer = pay(venue_with(rule), case_of(holds=pair(opened=slot + opened)))
    assert ("long" in answer.payments[0]) is pays


@BOTH
@pytest.mark.parametrize(("closed", "pays"), [(0, False), (1, True), (-1, False)])
def test_one_who_closes_at_the_slot_does_not_pay(pay, closed: int, pays: bool) -> None:
    answer = pay(venue_with(FundingRule(interest=0.0001, clamp=0.0005)), case_of(holds=pair(closed=START + 8 * HOUR + closed)))
    assert ("long" in answer.payments[0]) is pays


@BOTH
def test_one_who_closes_before_opening_never_pays(pay) -> None:
    slot = START + 8 * HOUR
    late = (Holding("long", 1.0, slot + 9 * SECOND, slot + 5 * SECOND), Holding("short", -1.0, START))
    answer = pay(venue_with(FundingRule(interest=0.0001, clamp=0.0005, window_late_us=15 * SECOND)), case_of(holds=late))
    assert answer.payments[0] == {"short": 1_000_000, "counterparties": -1_000_000}


@BOTH
@pytest.mark.parametrize(("premium", "rate"), [(0.00025, 0.0002), (0.00035, 0.0004), (-0.00025, -0.0002), (0.00045, 0.0004), (0.000251, 0.0003)])
def test_half_a_digit_goes_to_the_even_one(pay, premium: float, rate: float) -> None:
    """100 * (1 + premium) is written in decimals, so that the premium is exactly half a digit."""
    price = float(100 * (1 + Decimal(repr(premium))))
    case = msgspec.structs.replace(case_of(), samples=(Sample(START + HOUR, 100.0, price, price),))
    assert pay(venue_with(FundingRule(rounding="half-even", rate_decimals=4)), case).rates == (rate,)


@BOTH
def test_a_rate_exactly_at_the_cap_shortens_the_interval_and_was_not_cut(pay) -> None:
    rule = FundingRule(cap=0.003, shorter_interval_us=HOUR, rounding="half-even")
    case = msgspec.structs.replace(case_of(hours=10), samples=(Sample(START + HOUR, 100.0, 100.3, 100.3),))
    answer = pay(venue_with(rule), case)
    assert [(slot - START) // HOUR for slot in answer.slots] == [8, 9, 10]
    assert answer.capped == (False, False, False)


@BOTH
def test_the_largest_may_be_a_short(pay) -> None:
    holds = (Holding("a", 0.35, START), Holding("b", -1.0, START), Holding("c", 0.65, START))
    rule = FundingRule(interest=0.0003, clamp=0.0005, remainder="largest")
    assert pay(venue_with(rule), case_of(holds=holds, contract="CENTS", price=100_000.0)).payments[0] == {"a": -1, "b": 2, "c": -1}


@BOTH
def test_a_remainder_goes_where_the_rule_says(pay) -> None:
    """Two shorts of a half and a third-like share: what rounding leaves over is one unit."""
    holds = (Holding("a", 1.0, START), Holding("b", -0.35, START), Holding("c", -0.65, START))
    case = case_of(holds=holds, contract="CENTS", price=100_000.0)
    rule = FundingRule(interest=0.0003, clamp=0.0005)
    assert pay(venue_with(rule), case).payments[0] == {"a": -3, "b": 1, "c": 1, "insurance fund": 1}
    assert pay(venue_with(msgspec.structs.replace(rule, remainder="largest")), case).payments[0] == {"a": -2, "b": 1, "c": 1}


@BOTH
def test_the_rest_of_the_open_interest_is_held_by_counterparties(pay) -> None:
    answer = pay(venue_with(FundingRule(interest=0.0001, clamp=0.0005)), case_of(holds=(Holding("a", 3.0, START), Holding("b", -1.0, START))))
    assert answer.payments[0] == {"a": -3_000_000, "b": 1_000_000, "counterparties": 2_000_000}


@BOTH
def test_a_skipped_slot_is_paid_late_at_its_own_rate_and_none_twice(pay) -> None:
    """The clock reads 16:00 first, steps back, restarts: 08:00 and 16:00 are paid once each, 24:00 when the clock gets there."""
    rule = FundingRule(interest=0.0001, clamp=0.0005)
    at = [START + hours * HOUR for hours in (16, 7, 8, 16, 16, 9, 24)]
    answer = pay(venue_with(rule), case_of(holds=pair(), hours=24, ticks=tuple(at)))
    assert answer.slots == tuple(START + hours * HOUR for hours in (8, 16, 24))
    assert pay(venue_with(rule), case_of(holds=pair(), hours=24, ticks=tuple(at[:-1]))).slots == answer.slots[:2]


@BOTH
@pytest.mark.parametrize(("calm_rate", "calm_slots"), [(0.00025, 16), (0.00002, 36)])
def test_an_interval_goes_back_at_the_slot_after_so_many_calm_ones(pay, calm_rate: float, calm_slots: int) -> None:
    """Binance: hourly after the cap; 16 (in 2025: 36) calm slots in a row, and the next one ends an interval of 4 h.

    Source: https://www.binance.bh/en/square/post/34535883081385
    """
    rule = FundingRule(interval_us=4 * HOUR, cap=0.003, shorter_interval_us=HOUR, calm_slots=calm_slots, calm_rate=calm_rate, base_interval_us=HOUR)
    taken = (
        Sample(START + HOUR, 100.0, 101.0, 101.0),
        *(Sample(START + hour * HOUR, 100.0, 100.0 * (1 + calm_rate), 100.0 * (1 + calm_rate)) for hour in range(5, 60)),
    )
    end = START + 60 * HOUR
    answer = pay(venue_with(rule), FundingCase("LIN", START, end, taken, (), (), (end,)))
    hours = [(slot - START) // HOUR for slot in answer.slots]
    calm = list(range(5, 5 + calm_slots))
    last = calm[-1]
    assert hours[: calm_slots + 3] == [4, *calm, last + 4 - last % 4, last + 8 - last % 4]
    assert answer.capped[:2] == (True, False)


@BOTH
def test_a_slot_that_is_not_calm_starts_the_count_again(pay) -> None:
    rule = FundingRule(interval_us=4 * HOUR, cap=0.003, shorter_interval_us=HOUR, calm_slots=3, calm_rate=0.0002, base_interval_us=HOUR)
    rates = {4: 0.02, 5: 0.0, 6: 0.0002, 7: 0.00021, 8: 0.0, 9: 0.0, 10: 0.0}
    taken = tuple(Sample(START + hour * HOUR, 100.0, 100.0 * (1 + rate), 100.0 * (1 + rate)) for hour, rate in rates.items())
    end = START + 16 * HOUR
    answer = pay(venue_with(rule), FundingCase("LIN", START, end, taken, (), (), (end,)))
    assert [(slot - START) // HOUR for slot in answer.slots] == [4, 5, 6, 7, 8, 9, 10, 12, 16]


@BOTH
@pytest.mark.parametrize(
    ("averaging", "wanted"),
    [("plain", Fraction(1, 100)), ("linear", Fraction(4, 300)), ("trailing", Fraction(2, 100))],
)
def test_premiums_are_averaged_as_the_rule_says(pay, averaging: str, wanted: Fraction) -> None:
    """Two samples, 0 and 2 %: their mean, weighed 1 and 2, and the last hour's alone."""
    taken = (Sample(START + HOUR, 100.0, 100.0, 100.0), Sample(START + 8 * HOUR, 100.0, 102.0, 102.0))
    end = START + 8 * HOUR
    answer = pay(venue_with(FundingRule(averaging=averaging, window_us=HOUR)), FundingCase("LIN", START, end, taken, (), (), (end,)))
    assert answer.rates == (float(wanted),)


@BOTH
def test_the_whole_formula_is_scaled_to_the_interval(pay) -> None:
    """Binance 2025: [P + clamp(I - P)] / (8 / N): of a premium of 0.09 % and 4 h, (0.0009 - 0.0005) / 2."""
    rule = FundingRule(interval_us=4 * HOUR, interest=0.0001, clamp=0.0005, rounding="half-even")
    assert pay(venue_with(rule), case_of(premium=0.0009, hours=4)).rates == (0.0002,)


@BOTH
def test_without_funding_or_contract_there_is_a_reason(pay) -> None:
    with pytest.raises(InputError, match="has no funding"):
        pay(VenueRules(Venue("spot"), CONTRACTS), case_of())
    with pytest.raises(InputError, match="is no contract"):
        pay(venue_with(FundingRule()), case_of(contract="NONE"))


@BOTH
@pytest.mark.parametrize(
    ("changes", "wrong"),
    [
        ({"interval_us": 0}, "funding.interval must be longer than 0"),
        ({"averaging": "trailing"}, "funding.window must be given"),
        ({"rate_decimals": 19}, "funding.rate_decimals must be from 0 to 18"),
        ({"shorter_interval_us": 3 * HOUR, "cap": 0.1}, "funding.shorter_interval must divide the interval of 8h"),
        ({"shorter_interval_us": HOUR}, "funding.shorter_interval needs a cap"),
        ({"interval_us": 1}, "funding.end must hold at most 100000 slots"),
    ],
)
def test_a_rule_that_does_not_fit_together_is_refused(pay, changes, wrong) -> None:
    with pytest.raises(InputError, match=wrong):
        pay(venue_with(FundingRule(**changes)), case_of())


@BOTH
def test_a_size_that_is_no_number_is_refused(pay) -> None:
    with pytest.raises(InputError, match="must be a finite number"):
        pay(venue_with(FundingRule()), case_of(holds=pair(size=float("inf"))))
