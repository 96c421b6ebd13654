"""What funding is tried on: rules that hit their edges, samples and holdings on the border of slots, clocks that step, repeat and leave slots out."""

from dataclasses import dataclass
from decimal import Decimal

from hypothesis import strategies as st

from indexlab.margin.case import FundingCase, Holding, Sample
from indexlab.margin.contract import Contract, Tier
from indexlab.margin.funding_rules import FundingRule
from indexlab.margin.rules import Venue, VenueRules

HOUR = 3_600_000_000
SECOND = 1_000_000
START = 471_000 * HOUR  # a multiple of 8 h since 1970
TIERS = (Tier(None, 0.01, 0.005, 0.0),)
LINEAR = Contract("LIN", "BTC", TIERS, unit=1e-8)
CENTS = Contract("CENTS", "BTC", TIERS, multiplier=0.001, unit=0.01)
INVERSE = Contract("INV", "BTC", TIERS, kind="inverse", multiplier=100.0, quote="USD", settlement="BTC")
QUANTO = Contract("QUANTO", "ETH", TIERS, kind="quanto", multiplier=1e-6, quote="USD", settlement="BTC")
CONTRACTS = (LINEAR, CENTS, INVERSE, QUANTO)


@dataclass(frozen=True)
class Setting:
    """Rules and a case of one of their contracts."""

    rules: VenueRules
    case: FundingCase


def venue_with(rule: FundingRule) -> VenueRules:
    return VenueRules(Venue("some"), CONTRACTS, funding=rule)


@st.composite
def funding_rules(draw: st.DrawFn) -> FundingRule:
    interval = draw(st.sampled_from([HOUR, 4 * HOUR, 8 * HOUR]))
    cap = draw(st.sampled_from([0.0, 0.0001, 0.003, 0.00375, 0.0125]))
    shortens = cap > 0 and interval > HOUR and draw(st.booleans())
    return FundingRule(
        interval_us=interval,
        offset_us=draw(st.sampled_from([0, 0, HOUR // 2, 4 * HOUR])),
        base_interval_us=draw(st.sampled_from([8 * HOUR, HOUR, interval])),
        averaging=draw(st.sampled_from(["plain", "linear", "trailing"])),
        window_us=draw(st.sampled_from([HOUR, 8 * HOUR])),
        interest=draw(st.sampled_from([0.0, 0.0001, -0.0003, 0.00005])),
        clamp=draw(st.sampled_from([0.0, 0.0005, 0.0001])),
        cap=cap,
        rounding=draw(st.sampled_from(["none", "half-even", "toward-zero"])),
        rate_decimals=draw(st.sampled_from([4, 6, 8])),
        remainder=draw(st.sampled_from(["fund", "largest"])),
        window_late_us=draw(st.sampled_from([0, 15 * SECOND])),
        shorter_interval_us=draw(st.sampled_from([HOUR, interval // 2])) if shortens else 0,
        calm_slots=draw(st.sampled_from([0, 1, 2, 3])),
        calm_rate=draw(st.sampled_from([0.0, 0.0001, 0.003])),
    )


# near a slot to the microsecond, to the window's second, or anywhere
near_slots = st.builds(
    lambda hours, off: START + hours * (HOUR // 2) + off,
    st.integers(-4, 56),
    st.sampled_from([0, 0, 0, 1, -1, SECOND, 15 * SECOND, 15 * SECOND - 1, 15 * SECOND + 1, 60 * SECOND]),
)
moments = near_slots | st.integers(START - 2 * HOUR, START + 28 * HOUR)
indices = st.sampled_from([100.0, 64_000.0, 63_933.7, 3.0]) | st.floats(0.01, 1e6)
# premiums on the grid where rates fall on a digit's half, and anywhere
premiums = st.sampled_from([0.0, 0.0001, -0.0001, 0.00005, 0.000005, 0.0006, -0.0006, 0.003, 0.02, -0.02]) | st.floats(-0.05, 0.05)


@st.composite
def samples(draw: st.DrawFn) -> Sample:
    index, premium = draw(indices), draw(premiums)
    middle = index * (1 + premium)
    half = draw(st.sampled_from([0.0, 0.0, 1e-5, 0.001])) * index
    return Sample(draw(moments), draw(st.sampled_from([index, index, index, index, 0.0, float("nan")])), middle - half, middle + half)


sizes = st.sampled_from([1.0, -1.0, 0.1, -0.3, 10.0, -10.0, 7.0, 0.0]) | st.floats(-1e5, 1e5)
holdings = st.builds(Holding, st.sampled_from(["ann", "bob", "cid", "dee"]), sizes, moments, st.none() | moments)
prices = st.tuples(moments, indices | st.sampled_from([float("nan"), 0.0]))


@st.composite
def settings_of_funding(draw: st.DrawFn) -> Setting:
    rule = draw(funding_rules())
    case = FundingCase(
        contract=draw(st.sampled_from([contract.id for contract in CONTRACTS])),
        start=START + draw(st.sampled_from([0, 0, 1, -1, HOUR, -HOUR // 3])),
        end=START + draw(st.sampled_from([24, 8, 25])) * HOUR,
        samples=tuple(draw(st.lists(samples(), max_size=12))),
        holdings=tuple(draw(st.lists(holdings, max_size=6))),
        price=tuple(draw(st.lists(prices, max_size=4))),
        ticks=tuple(draw(st.lists(moments, max_size=8))) + draw(st.sampled_from([(), (START + 30 * HOUR,)])),
    )
    return Setting(venue_with(rule), case)


@st.composite
def settings_on_an_edge(draw: st.DrawFn) -> Setting:
    """Premiums whose average lies exactly on half a digit, on a digit, at the cap or at the calm rate, in decimals: where floats cannot decide."""
    decimals = draw(st.sampled_from([4, 6, 8]))
    half = Decimal(5).scaleb(-decimals - 1)
    cap = draw(st.sampled_from([0, 3, 7])) * 2 * half
    steps = draw(st.integers(-20, 20)) * half
    count = draw(st.integers(1, 5))
    # samples that stray to both sides and average to the edge exactly
    strays = [draw(st.integers(-50, 50)) * half / 10 for _ in range(count - 1)]
    index = Decimal(draw(st.sampled_from(["100", "64000", "0.03", "12.5"])))
    middles = [float(index * (1 + steps + stray)) for stray in [*strays, -sum(strays)]]
    taken = tuple(Sample(START + (place + 1) * HOUR, float(index), middle, middle) for place, middle in enumerate(middles))
    rule = FundingRule(
        interval_us=8 * HOUR,
        cap=float(cap),
        clamp=draw(st.sampled_from([0.0, 0.0, float(2 * half)])),
        rounding=draw(st.sampled_from(["half-even", "half-even", "toward-zero", "none"])),
        rate_decimals=decimals,
        shorter_interval_us=HOUR if cap and draw(st.booleans()) else 0,
        calm_slots=draw(st.integers(1, 3)),
        calm_rate=float(draw(st.integers(0, 4)) * half),
        remainder=draw(st.sampled_from(["fund", "largest"])),
    )
    sizes = draw(st.lists(st.sampled_from([1.0, -1.0, 0.7, -0.7, 0.1, -3.3]), min_size=1, max_size=4))
    there = tuple(Holding("dcba"[place], size, START) for place, size in enumerate(sizes))
    end = START + 16 * HOUR
    contract = draw(st.sampled_from([contract.id for contract in CONTRACTS]))
    return Setting(venue_with(rule), FundingCase(contract, START, end, taken, there, ((START, float(index)),), (end,)))
