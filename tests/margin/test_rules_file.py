"""Venue files are read strictly: what is right is read as it is, and a wrong file gives one clear line with file, key, value and remedy."""

import re
import tomllib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from indexlab.margin.contract import OpenInterest, Tier
from indexlab.margin.rules_file import KEYS, load_venue, next_amount, parse_venue
from indexlab.market.errors import InputError

FULL = """
[venue]
id = "acme"
name = "Acme"
date = "2024-05"
url = "https://acme.example/margin"
grade = "P"
retrieved = 2026-11-22
summary = "How Acme judges."

[[contract]]
id = "XUSD"
underlying = "X"
kind = "quanto"
multiplier = 0.5
tick = 0.1
lot = 2.0
quote = "USD"
settlement = "Y"
unit = 1e-6
tier_rule = "marginal"
tier_measure = "notional"
vega = 3.0
open_interest = { lower = 10.0, upper = 20.0 }

[[contract.tiers]]
up_to_notional = 1000.0
initial_rate = "1%"
maintenance_rate = "0.5%"
maintenance_amount = 0.0

[[contract.tiers]]
initial_rate = "2%"
maintenance_rate = "1%"
maintenance_amount = 5.0

[states]
measure = "balance/maintenance"
warning = 1.5
reduce_only = 1.2
liquidation = 1.05
at_border = "better"
liquidation_fee = true
persistence = 2
currency = "Y"
idle_is_healthy = true

[[collateral]]
asset = "Y"
ratio = "95%"
index = "Y"
floor = 0.9

[matrix]
price_shocks = [-0.1, 0.1]
volatility_shocks = [-0.3, 0.3]
hedge_rate = "1%"
offset = "25%"
stress = [-0.5, 0.5]
stress_share = 0.5
initial_factor = 1.2

[fees]
taker = "5bp"
maker = "-2bp"
liquidation = "1%"

[mark]
rule = "median-of-three"
average = "decaying"
window = "30s"
band = "5%"
impact_notional = 200.0
strict = "worse-of-twap"
twap_window = "5m"
stable_growth = "1bp"
max_step = "1%"

[funding]
interval = "4h"
offset = "2h"
base_interval = "8h"
averaging = "trailing"
window = "4h"
interest = 0.0001
clamp = "5bp"
cap = 0.003
rounding = "toward-zero"
rate_decimals = 6
price = "index"
remainder = "largest"
window_late = "15s"
shorter_interval = "1h"
calm_slots = 16
calm_rate = "2.5bp"

[liquidation]
path = "incremental-fraction"
fraction = "20%"
least_notional = 1000.0
tiers_a_round = 2
cool_down = "30s"
auction_start = 1.0
auction_end = 0.9
auction = "10m"
backstop_below = "66%"
adl = "none"

[assumed]
"fees.taker" = "not on the page"
"""
LINES = FULL.splitlines()
STATED = [number for number, line in enumerate(LINES) if " = " in line]
FREE = {"interest", "maker", "vega", "volatility_shocks", "price_shocks", "stress"}
"""Keys that may be below zero."""


def _broken(number: int, line: str) -> str:
    return "\n".join([*LINES[:number], line, *LINES[number + 1 :]])


def _key(number: int) -> str:
    """The dotted key of a line, as errors name it."""
    heading = next(line for line in reversed(LINES[:number]) if line.startswith("[")).strip("[]")
    key = LINES[number].split(" = ")[0].strip('"')
    if key == "id" and heading == "contract":
        return "contract.id"
    if heading == "contract.tiers":
        tier = sum(line == "[[contract.tiers]]" for line in LINES[:number]) - 1
        return f"XUSD.tiers[{tier}].{key}"
    return f"{heading.replace('contract', 'XUSD')}.{key}"


def test_every_key_is_read() -> None:
    """Each key of these sections stands in the full one, and what it says is what is read."""
    rules = parse_venue(FULL, file="folder/acme.toml")
    content = tomllib.loads(FULL)
    stated = {f"{section}.{key}" for section, tables in content.items() for table in (tables if isinstance(tables, list) else [tables]) for key in table}
    sections = ("venue", "contract", "states", "collateral", "matrix", "fees")
    assert stated >= {key for key in KEYS if key.split(".")[0] in sections}
    (contract,) = rules.contracts
    assert (contract.kind, contract.multiplier, contract.settlement, contract.unit, contract.vega) == ("quanto", 0.5, "Y", 1e-6, 3.0)
    assert contract.tiers == (Tier(1000.0, 0.01, 0.005, 0.0), Tier(None, 0.02, 0.01, 5.0))
    assert contract.open_interest == OpenInterest(10.0, 20.0)
    assert (rules.states.warning, rules.states.reduce_only, rules.states.liquidation, rules.states.persistence) == (1.5, 1.2, 1.05, 2)
    assert (rules.states.at_border, rules.states.liquidation_fee, rules.states.idle_is_healthy) == ("better", True, True)
    assert (rules.collateral[0].ratio, rules.collateral[0].floor) == (0.95, 0.9)
    assert rules.matrix is not None
    assert (rules.matrix.hedge_rate, rules.matrix.offset, rules.matrix.stress, rules.matrix.initial_factor) == (0.01, 0.25, (-0.5, 0.5), 1.2)
    assert (rules.fees.taker, rules.fees.maker, rules.fees.liquidation) == (0.0005, -0.0002, 0.01)
    assert (rules.mark.window_us, rules.mark.twap_window_us, rules.mark.strict) == (30_000_000, 300_000_000, "worse-of-twap")
    assert rules.funding is not None
    assert (rules.funding.interval_us, rules.funding.window_late_us, rules.funding.calm_rate) == (4 * 3600 * 10**6, 15 * 10**6, 0.00025)
    assert (rules.liquidation.path, rules.liquidation.fraction, rules.liquidation.adl) == ("incremental-fraction", 0.2, "none")
    assert rules.assumed == {"fees.taker": "not on the page"}
    assert (rules.venue.id, rules.venue.date, rules.venue.retrieved) == ("acme", "2024-05", "2026-11-22")


def test_a_venue_without_an_id_is_called_like_its_file() -> None:
    tiers = 'tiers = [{ initial_rate = "5%", maintenance_rate = "3%" }]'
    assert parse_venue(f'[[contract]]\nid = "A"\n{tiers}', file="folder/mine.toml").venue.id == "mine"


@given(number=st.sampled_from(STATED))
def test_a_value_of_the_wrong_kind_is_named_with_file_key_and_value(number: int) -> None:
    """A text where a number, a list or a table belongs, and a number where a text does."""
    key, given_value = LINES[number].split(" = ", 1)
    plain = given_value[0].isdigit() or given_value[0] in "-[{t"
    wrong, shown = ('"nonsense"', '"nonsense"') if plain else ("7", "7")
    with pytest.raises(InputError, match=re.escape(f"acme.toml: {_key(number)} ")) as caught:
        parse_venue(_broken(number, f"{key} = {wrong}"), file="acme.toml")
    assert shown in str(caught.value)
    assert "\n" not in str(caught.value)


@given(number=st.sampled_from(STATED))
def test_a_key_that_is_misspelt_is_named_with_the_nearest(number: int) -> None:
    key, given_value = LINES[number].split(" = ", 1)
    misspelt = f'"{key.strip(chr(34))}x"'
    with pytest.raises(InputError) as caught:
        parse_venue(_broken(number, f"{misspelt} = {given_value}"), file="acme.toml")
    said = str(caught.value)
    assert said.startswith("acme.toml: ")
    if key == "id" and number > 10:
        assert said == "acme.toml: contract.id must be given"
    elif key.startswith('"'):
        assert said == 'acme.toml: assumed.fees.takerx names no key of a venue file; did you mean "fees.taker"?'
    elif f"{_key(number)}x" in said:
        assert f'did you mean "{key}"?' in said
    else:
        # the file lacks the key now, and that is noticed first
        assert _key(number).split(".")[0] in said


@given(number=st.sampled_from([number for number in STATED if LINES[number].split(" = ")[0] not in FREE]), size=st.floats(1e-6, 1e12))
def test_a_number_below_zero_is_refused_where_none_can_be(number: int, size: float) -> None:
    key, given_value = LINES[number].split(" = ", 1)
    is_number = re.fullmatch(r"-?[0-9.e-]+", given_value) is not None
    if not is_number:
        return
    with pytest.raises(InputError, match=re.escape("acme.toml: ")) as caught:
        parse_venue(_broken(number, f"{key} = -{size!r}"), file="acme.toml")
    assert "was -" in str(caught.value) or "must be" in str(caught.value)


@pytest.mark.parametrize(
    ("before", "after", "line"),
    [
        ('grade = "P"', 'grade = "X"', 'acme.toml: venue.grade must be one of "P", "M", "S", "D", was "X"'),
        ('date = "2024-05"', 'date = "May"', 'acme.toml: venue.date must be a date, was "May"; write "2020-10-29", "2018-06" or "2018"'),
        ("warning = 1.5", "warning = 1.1", "acme.toml: states.reduce_only must be at most 1.1, where the state before it begins, was 1.2"),
        ("lower = 10.0", "lower = 30.0", "acme.toml: XUSD.open_interest must be from 0 up to a larger upper limit, was 30.0 to 20.0"),
        ("lower = 10.0", "lowr = 10.0", 'acme.toml: XUSD.open_interest.lowr is not a known key; did you mean "lower"?'),
        ("up_to_notional = 1000.0\n", "", "acme.toml: XUSD.tiers[0].up_to_notional must be a number in every tier but the last, was null"),
        ('maintenance_rate = "1%"', "maintenance_rate = 50", "did you mean"),
        ("maintenance_amount = 5.0", "maintenance_amount = 9.0", "acme.toml: XUSD.tiers[1].maintenance_amount must be 5, so that the maintenance margin does"),
        ('tier_rule = "marginal"', 'tier_rule = "whole-position"', "acme.toml: XUSD.tiers[1].maintenance_amount must be 0 where a tier's rate counts for the"),
        ('kind = "quanto"', 'kind = "linear"', 'acme.toml: XUSD.settlement must be the quote currency "USD" for a linear contract, was "Y"; where profit'),
        ('id = "XUSD"', 'id = ""', "acme.toml: contract.id must be given"),
        ('id = "XUSD"', 'id = "X\\nUSD"', "acme.toml: contract.id must be a name on one line"),
        ('"fees.taker" = "not on the page"', '"fees.taker" = ""', "acme.toml: assumed.fees.taker must be the reason, was empty; say what is not published"),
        ("[assumed]", "[assumned]", 'acme.toml: assumned is not a known key; did you mean "assumed"?'),
        ('maker = "-2bp"', 'maker = "-9bp"', "acme.toml: fees.maker must not give back more than the taker pays (0.0005), was -0.0009"),
        ('asset = "Y"', 'asset = ""', 'acme.toml: collateral.asset must be a unique name, was ""'),
    ],
)
def test_a_wrong_file_says_what_to_do(before: str, after: str, line: str) -> None:
    assert before in FULL
    with pytest.raises(InputError) as caught:
        parse_venue(FULL.replace(before, after), file="acme.toml")
    assert line in str(caught.value)


def test_two_contracts_of_one_name_are_refused() -> None:
    tiers = 'tiers = [{ initial_rate = "5%", maintenance_rate = "3%" }]'
    with pytest.raises(InputError, match=r"acme.toml: contract.id must have unique ids, were A, A"):
        parse_venue(f'[[contract]]\nid = "A"\n{tiers}\n[[contract]]\nid = "A"\n{tiers}', file="acme.toml")


def test_a_file_that_is_not_there_or_no_toml_is_named(tmp_path) -> None:
    with pytest.raises(InputError, match=r"gone.toml: does not exist"):
        load_venue(tmp_path / "gone.toml")
    (tmp_path / "torn.toml").write_text("[venue")
    with pytest.raises(InputError, match=r"torn.toml: is no valid TOML"):
        load_venue(tmp_path / "torn.toml")
    (tmp_path / "bytes.toml").write_bytes(b"\xff\xfe")
    with pytest.raises(InputError, match=r"bytes.toml: is not a text in UTF-8"):
        load_venue(tmp_path / "bytes.toml")


@given(cuts=st.tuples(st.integers(0, len(FULL)), st.integers(0, len(FULL))), put=st.text(alphabet='[]{}="\n.,-0 azn%', max_size=12))
def test_a_damaged_file_is_read_or_refused_by_name(cuts: tuple[int, int], put: str) -> None:
    """Whatever happens to a file, it is rules or one line that names the file."""
    first, last = sorted(cuts)
    assert _said(FULL[:first] + put + FULL[last:]).startswith("acme.toml: ")


def _said(text: str) -> str:
    try:
        return f"acme.toml: {len(parse_venue(text, file='acme.toml').contracts)} contracts"
    except InputError as error:
        return str(error)


@given(
    borders=st.lists(st.integers(1, 10**9), min_size=1, max_size=12, unique=True).map(sorted),
    rates=st.lists(st.integers(1, 4999), min_size=13, max_size=13).map(sorted),
)
def test_amounts_that_are_not_written_make_the_margin_continuous(borders: list[int], rates: list[int]) -> None:
    """To the last digit of the recurrence: amount = border * (rate - rate below) + amount below."""
    ends = [f"up_to_notional = {border}.0, " for border in borders] + [""]
    rows = [f"{{ {end}initial_rate = 1.0, maintenance_rate = {rate / 1e4!r} }}" for end, rate in zip(ends, rates, strict=False)]
    (contract,) = parse_venue(f'[[contract]]\nid = "A"\ntiers = [{", ".join(rows)}]').contracts
    amount = 0
    for number, tier in enumerate(contract.tiers):
        if number:
            amount += borders[number - 1] * (rates[number] - rates[number - 1])
        assert tier.maintenance_amount == pytest.approx(amount / 1e4, rel=1e-12)
        if number:
            assert next_amount(contract.tiers[number - 1], tier.maintenance_rate) == tier.maintenance_amount
