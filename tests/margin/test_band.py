"""The liquidation band: its closed form against the exact textbook, and what a path does to a position."""

import math
from fractions import Fraction

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from indexlab.margin.account import Account, Position
from indexlab.margin.account_rules import FeeRules, StateRules
from indexlab.margin.answer import answer
from indexlab.margin.band import BORDERS, Border, liquidation_band, passage
from indexlab.margin.case import MarginCase
from indexlab.margin.contract import BTCUSDT, Contract, Tier
from indexlab.margin.exact import exact
from indexlab.margin.reference_account import states
from indexlab.margin.rules import Venue, VenueRules
from indexlab.margin.rules_file import venue, venue_names
from indexlab.market.errors import InputError

JUMPING = Contract(
    id="JUMP",
    underlying="BTC",
    tiers=(Tier(10_000.0, 0.02, 0.01, 0.0), Tier(30_000.0, 0.05, 0.025, 0.0), Tier(None, 0.2, 0.1, 0.0)),
    tier_rule="whole-position",
)
INVERSE = Contract(
    id="INV",
    underlying="BTC",
    kind="inverse",
    multiplier=10.0,
    quote="USD",
    settlement="BTC",
    tiers=(Tier(2.0, 0.01, 0.005, 0.0), Tier(5.0, 0.02, 0.01, 0.01), Tier(None, 0.1, 0.05, 0.21)),
)
COUNTED = Contract(
    id="COUNT",
    underlying="BTC",
    tier_rule="whole-position",
    tier_measure="contracts",
    tiers=(Tier(1.0, 0.01, 0.005, 0.0), Tier(5.0, 0.02, 0.01, 0.0), Tier(None, 0.1, 0.05, 0.0)),
)
QUANTO = Contract(id="QUANTO", underlying="ETH", kind="quanto", multiplier=1e-6, quote="USD", settlement="XBT", tiers=(Tier(None, 0.02, 0.01, 0.0),))
CONTRACTS = (BTCUSDT, JUMPING, INVERSE, COUNTED, QUANTO)
STATES = (
    StateRules(warning=0.8),
    StateRules(warning=0.8, at_border="better"),
    StateRules(measure="balance/maintenance", warning=1.5, reduce_only=1.2, liquidation=1.0),
    StateRules(measure="balance/maintenance", warning=1.8, liquidation=1.05, liquidation_fee=True),
    StateRules(),
)
ORDER = ("healthy", *BORDERS)
JUST = Fraction(1, 10**9)


def rules_of(contract, states=STATES[0]):
    return VenueRules(Venue("here"), (contract,), states, fees=FeeRules(liquidation=0.005))


def exact_state(account, rules, mark):
    """The textbook's, at a mark that may be a fraction."""
    found, _ = states(MarginCase(rules, (account,), (0,), {}, {account.contract: (exact(mark),)}))
    return found[0][0]


def notional_of(contract, size, price):
    return abs(size) * contract.multiplier * (1 / price if contract.is_inverse else price)


@st.composite
def accounts(draw, contracts=CONTRACTS):
    contract = draw(st.sampled_from(contracts))
    entry = draw(st.floats(0.5, 2e5))
    notional = draw(st.one_of(st.floats(1e-3, 1e6), st.sampled_from([2.0, 5.0, 10_000.0, 30_000.0, 50_000.0])))
    size = draw(st.sampled_from([1.0, -1.0])) * notional / notional_of(contract, 1.0, entry)
    leverage = draw(st.floats(1.0, 125.0))
    return Account("a", size, entry, notional / leverage, contract.id), rules_of(contract, draw(st.sampled_from(STATES)))


@given(accounts())
def test_before_a_border_the_state_is_better_and_just_beyond_it_is_that_one_or_worse(made):
    account, rules = made
    band = liquidation_band(account, rules)
    for state in BORDERS:
        border = band.border(state)
        if border is None:
            continue
        # what is left of a cancellation is as exact as the figures that went into it
        far = max(account.entry_price / border.price, border.price / account.entry_price)
        just = JUST * max(1, exact(far) / 1000)
        if just > Fraction(1, 100):
            continue
        beyond = exact(border.price) * (1 - band.side * just)
        before = exact(border.price) * (1 + band.side * just)
        assert ORDER.index(exact_state(account, rules, beyond)) >= ORDER.index(state)
        assert ORDER.index(exact_state(account, rules, before)) < ORDER.index(state)


@given(accounts(), st.floats(0.01, 30.0))
def test_on_the_safe_side_of_its_border_no_mark_gives_the_state(made, factor):
    account, rules = made
    mark = account.entry_price * factor
    band = liquidation_band(account, rules)
    state = exact_state(account, rules, mark)
    for name in BORDERS:
        border = band.border(name)
        if border is None or band.side * (mark - border.price) > 1e-9 * mark:
            assert ORDER.index(state) < ORDER.index(name) or (border is None and threshold_of(rules, name) is None)


def threshold_of(rules, name):
    return {"warning": rules.states.warning, "reduce-only": rules.states.reduce_only, "liquidation": rules.states.liquidation, "bankrupt": 0.0}[name]


@given(accounts((BTCUSDT, INVERSE, COUNTED, QUANTO)), st.floats(0.01, 30.0))
def test_where_tiers_do_not_jump_with_the_price_the_borders_say_every_state(made, factor):
    account, rules = made
    mark = account.entry_price * factor
    band = liquidation_band(account, rules)
    borders = [(name, band.border(name)) for name in BORDERS]
    assume(all(border is None or abs(border.price / mark - 1) > 1e-9 for _, border in borders))
    passed = [name for name, border in borders if border is not None and band.side * (mark - border.price) < 0]
    assert exact_state(account, rules, mark) == (passed[-1] if passed else "healthy")


def test_a_jump_is_said_where_the_next_tier_alone_liquidates():
    """A short of 1 at 9,900 with 200: at 10,000 it has 100 left, what 1 % asks for; just above that the whole position needs 2.5 %."""
    account = Account("short", -1.0, 9_900.0, 210.0, "JUMP")
    band = liquidation_band(account, rules_of(JUMPING, StateRules()))
    assert band.liquidation == Border(10_000.0, jump=True)
    assert exact_state(account, rules_of(JUMPING, StateRules()), 10_000.0) == "healthy"
    assert exact_state(account, rules_of(JUMPING, StateRules()), 10_000.01) == "liquidation"
    assert band.bankruptcy == Border(10_110.0)


def test_the_published_form_of_one_tier():
    """(collateral + amount - side * size * entry) / (size * rate - side * size)."""
    long = liquidation_band(Account("l", 2.0, 10_000.0, 2_000.0), rules_of(BTCUSDT))
    assert long.liquidation.price == pytest.approx((2_000 - 20_000) / (2 * 0.004 - 2), rel=1e-12)
    assert long.warning.price == pytest.approx((0.8 * (20_000 - 2_000)) / (2 * (0.8 - 0.004)), rel=1e-12)
    assert long.bankruptcy.price == 9_000.0
    assert long.begins == long.warning
    assert long.width(10_000.0) == pytest.approx((long.warning.price - long.liquidation.price) / 10_000)
    assert long.move("bankrupt", 10_000.0) == pytest.approx(-0.1)


def test_a_tier_beyond_the_threshold_is_no_safe_side():
    """Three times 50 % is above 1: in the last tier a long is in warning at any price; below it the border is that of a tier that can be safe."""
    account, states = Account("l", 1.0, 100_000.0, 10_000.0), StateRules(measure="balance/maintenance", warning=3.0)
    band = liquidation_band(account, rules_of(BTCUSDT, states))
    assert band.warning.price == pytest.approx((100_000 - 10_000 - 3 * 50) / (1 - 3 * 0.005))


def test_a_short_with_twice_its_worth_in_an_inverse_contract_has_no_border():
    account = Account("s", -100.0, 1_000.0, 1.0, "INV")
    band = liquidation_band(account, rules_of(INVERSE, StateRules()))
    assert (band.liquidation, band.bankruptcy, band.begins, band.width(1_000.0), band.move("bankrupt", 1_000.0)) == (None, None, None, None, None)


def test_a_band_is_of_one_position():
    with pytest.raises(InputError, match="must be an isolated account"):
        liquidation_band(Account("c", mode="cross", positions=(Position("BTCUSDT", 1.0, 1.0),)), rules_of(BTCUSDT))
    with pytest.raises(InputError, match="must be an isolated account"):
        liquidation_band(Account("e"), rules_of(BTCUSDT))


@pytest.mark.parametrize("name", venue_names())
def test_every_bundled_venue_has_a_band_for_both_sides(name):
    rules = venue(name)
    for contract in rules.contracts:
        price = 2_000.0
        for side in (1.0, -1.0):
            band = liquidation_band(Account("a", side * 0.5 / notional_of(contract, 1.0, price), price, 0.3, contract.id), rules)
            assert band.liquidation is not None
            assert 0 < band.side * (price - band.liquidation.price) / price < 1.5
            assert band.side * (band.liquidation.price - band.bankruptcy.price) > 0


def test_a_path_through_the_band_is_timed():
    """10x long, entered at 10,000: warning at 9,045.2, liquidation at 9,036.1, bankrupt at 9,000."""
    account = Account("l", 1.0, 10_000.0, 1_000.0)
    marks = (10_000.0, 9_044.0, 9_045.0, 9_036.0, 9_040.0, 8_999.0, None, 9_500.0)
    seen = passage(account, rules_of(BTCUSDT), tuple(range(0, 80, 10)), marks)
    assert seen.states == ("healthy", "warning", "warning", "liquidation", "warning", "bankrupt", "frozen", "healthy")
    assert seen.first == {"healthy": 0, "warning": 10, "liquidation": 30, "bankrupt": 50, "frozen": 60}
    assert seen.time_in == {"healthy": 10, "warning": 30, "liquidation": 10, "bankrupt": 10, "frozen": 10}
    assert (seen.liquidated, seen.warned_for) == (30, 20)


def test_a_jump_over_the_whole_band_leaves_no_time():
    account = Account("l", 1.0, 10_000.0, 1_000.0)
    seen = passage(account, rules_of(BTCUSDT), (0, 10), (10_000.0, 5_000.0))
    assert (seen.liquidated, seen.warned_for) == (10, 0)
    calm = passage(account, rules_of(BTCUSDT), (0, 10), (10_000.0, 9_044.0))
    assert (calm.liquidated, calm.warned_for) == (None, None)


@given(accounts((BTCUSDT, INVERSE, COUNTED, QUANTO)))
def test_forced_reduction_begins_where_the_engine_says_that_it_does(made):
    account, rules = made
    case = MarginCase(rules, (account,), (0,), {}, {account.contract: (account.entry_price,)})
    told = answer(case).liquidation_price[0]
    border = liquidation_band(account, rules).liquidation
    if border is None or told is None:
        assert (border is None and told is None) or (border or Border(told)).price / account.entry_price < 1e-9 or (border or Border(told)).price > 1e9
    else:
        far = max(account.entry_price / border.price, border.price / account.entry_price)
        assert told == pytest.approx(border.price, rel=1e-12 * max(far, 1))


@pytest.mark.parametrize(
    ("account", "contract", "price"),
    [
        (Account("s", -1.0, 10_000.0, -10_001.0), BTCUSDT, 0.0),  # it owes more than it sold
        (Account("l", 1_000.0, 1_000.0, -11.0, "INV"), INVERSE, math.inf),  # the same in one over the price
    ],
)
def test_what_every_mark_liquidates_is_not_what_none_does(account, contract, price):
    rules = rules_of(contract, StateRules())
    band = liquidation_band(account, rules)
    assert band.liquidation == Border(price)
    assert band.liquidation.always
    assert band.bankruptcy.always
    assert band.width(10_000.0) is None
    for mark in (1e-9, 1.0, 1e9):
        assert exact_state(account, rules, mark) == "bankrupt"


def test_a_long_whose_rate_is_beyond_the_threshold_everywhere_is_always_in_the_state():
    """Three times 50 % is above 1, and there is no other tier: with nothing of its own it is in warning at every mark, and with enough it is not near 0."""
    contract = Contract(id="BTCUSDT", underlying="BTC", tiers=(Tier(None, 1.0, 0.5, 0.0),))
    rules = rules_of(contract, StateRules(measure="balance/maintenance", warning=3.0))
    full = Account("l", 1.0, 100.0, 100.0)
    assert liquidation_band(full, rules).warning.always
    assert {exact_state(full, rules, mark) for mark in (1e-6, 1.0, 1e6)} == {"warning"}
    more = Account("l", 1.0, 100.0, 110.0)
    assert liquidation_band(more, rules).warning is None
    assert exact_state(more, rules, 1.0) == "healthy"


def test_a_position_that_its_margin_pays_for_is_not_liquidated_at_what_rounding_leaves():
    """At 1x a long has put down all that it is worth: no mark above 0 is bad, whatever the last digit of the margin."""
    for notional in (1e300, 12_345.67, 0.1):
        account = Account("l", notional / 63_850.37, 63_850.37, math.nextafter(notional, 0.0))
        band = liquidation_band(account, rules_of(BTCUSDT, StateRules()))
        assert band.bankruptcy is None
