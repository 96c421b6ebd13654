"""Tables of tiers as venues publish them, read into contracts: strictly, and back from TOML as they were."""

import gzip
import json
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from indexlab.margin import tier_tables
from indexlab.margin.contract import Contract, OpenInterest, Tier, checked_contract
from indexlab.margin.rules_file import next_amount, parse_venue, venue, venue_names
from indexlab.margin.tier_tables import contracts_toml, parse_tier_table, read_tier_table
from indexlab.market.errors import InputError

REAL = Path(__file__).resolve().parents[3] / "shared/data/leverage_tiers/binance_usdm_leverage_tiers.json.gz"
needs_tiers = pytest.mark.skipif(not REAL.is_file(), reason="the folder ../shared/data/leverage_tiers is absent")
SYMBOL = "BTC/USDT:USDT"


def _row(low: float, high: float | None, leverage: float, rate: float, amount: object = None) -> dict:
    info = {} if amount is None else {"info": {"cum": amount, "bracket": "1"}}
    return {"tier": 1, "currency": "USDT", "minNotional": low, "maxNotional": high, "maxLeverage": leverage, "maintenanceMarginRate": rate, **info}


GOOD = [_row(0.0, 1000.0, 100.0, 0.004, "0.0"), _row(1000.0, 5000.0, 50.0, 0.01, "6.0"), _row(5000.0, 20000.0, 10.0, 0.05, 206.0)]


def _table(rows: object, symbol: str = SYMBOL) -> bytes:
    return json.dumps({symbol: rows}).encode()


@needs_tiers
def test_the_real_table_is_contiguous_and_continuous() -> None:
    """349 symbols, 2 805 tiers: each begins where the one below it ends, rates ascend, and every published amount is the computed one."""
    contracts = read_tier_table(REAL)
    published = json.loads(gzip.decompress(REAL.read_bytes()))
    assert (len(contracts), sum(len(contract.tiers) for contract in contracts)) == (349, 2805)
    for contract, (symbol, rows) in zip(contracts, published.items(), strict=True):
        assert checked_contract(contract) is contract
        assert symbol.startswith(f"{contract.underlying}/{contract.quote}:{contract.settlement}")
        assert rows[0]["minNotional"] == 0
        for tier, row in zip(contract.tiers, rows, strict=True):
            assert (tier.up_to_notional, tier.maintenance_rate) == (row["maxNotional"], row["maintenanceMarginRate"])
            assert tier.maintenance_amount == float(row["info"]["cum"])
        for (below, above), (low, high) in zip(pairwise(contract.tiers), pairwise(rows), strict=True):
            assert low["maxNotional"] == high["minNotional"]
            assert below.maintenance_rate <= above.maintenance_rate
            assert below.initial_rate <= above.initial_rate


@needs_tiers
def test_the_real_table_is_read_back_from_toml() -> None:
    contracts = read_tier_table(REAL)
    assert parse_venue(contracts_toml(contracts)).contracts == contracts


@needs_tiers
def test_the_bundled_contracts_of_binance_are_the_table_s() -> None:
    """But for the last tier, which has no end in a venue file."""
    listed = {contract.id: contract for contract in read_tier_table(REAL)}
    for ours in venue("binance-usdm").contracts:
        assert ours.tiers[:-1] == listed[ours.id].tiers[:-1]
        last, theirs = ours.tiers[-1], listed[ours.id].tiers[-1]
        assert (last.maintenance_rate, last.maintenance_amount, last.initial_rate) == (theirs.maintenance_rate, theirs.maintenance_amount, theirs.initial_rate)


def test_a_table_is_a_contract_for_each_symbol() -> None:
    rows = {SYMBOL: GOOD, "ETH/USD:ETH": GOOD[:1], "BTC/USDT:USDT-241227": GOOD[:2]}
    first, second, third = parse_tier_table(json.dumps(rows).encode())
    assert (first.id, first.underlying, first.kind, first.quote, first.settlement) == ("BTCUSDT", "BTC", "linear", "USDT", "USDT")
    assert (second.id, second.kind, second.quote, second.settlement) == ("ETHUSD", "inverse", "USD", "ETH")
    assert third.id == "BTCUSDT-241227"
    assert first.tiers == (Tier(1000.0, 0.01, 0.004, 0.0), Tier(5000.0, 0.02, 0.01, 6.0), Tier(20000.0, 0.1, 0.05, 206.0))


def test_a_table_may_be_packed(tmp_path: Path) -> None:
    (tmp_path / "plain.json").write_bytes(_table(GOOD))
    (tmp_path / "packed.json.gz").write_bytes(gzip.compress(_table(GOOD)))
    assert read_tier_table(tmp_path / "plain.json") == read_tier_table(tmp_path / "packed.json.gz")


def test_whole_position_tiers_by_contracts_have_no_amounts() -> None:
    rows = [{key: value for key, value in row.items() if key != "info"} for row in GOOD]
    (contract,) = parse_tier_table(_table(rows), tier_rule="whole-position", tier_measure="contracts")
    assert (contract.tier_rule, contract.tier_measure) == ("whole-position", "contracts")
    assert [tier.maintenance_amount for tier in contract.tiers] == [0.0, 0.0, 0.0]


def _changed(position: int, **fields: object) -> list[dict]:
    return [{**row, **fields} if number == position else row for number, row in enumerate(GOOD)]


@pytest.mark.parametrize(
    ("rows", "line"),
    [
        (_changed(1, minNotional=900.0), "tier 2 minNotional must be 1000, where the tier below it ends, was 900"),
        (_changed(0, minNotional=5.0), "tier 1 minNotional must be 0, where the tier below it ends, was 5"),
        (_changed(0, maxNotional=None), "tier 2 minNotional must be the last where the tier below it has no end"),
        (_changed(1, maxNotional=500.0), "tier 2 maxNotional must be above 1000, where the tier begins, was 500"),
        (_changed(1, maxLeverage=200.0), "tier 2 maxLeverage must be above 0 and at most the lower tier's 100, was 200"),
        (_changed(0, maxLeverage=0), "tier 1 maxLeverage must be above 0, was 0"),
        (_changed(2, maintenanceMarginRate=0.001), "tier 3 maintenanceMarginRate must be at least the lower tier's 0.01 and below 1, was 0.001"),
        (_changed(2, maintenanceMarginRate="5%"), "tier 3 cannot be read: Expected `float`, got `str` - at `$.maintenanceMarginRate`"),
        (_changed(1, info={"cum": "6.02"}), "tier 2 info.cum must be 6, so that the maintenance margin does not jump at 1000, was 6.02"),
        (_changed(1, info={"cum": "six"}), 'tier 2 info.cum must be a number, was "six"'),
        (_changed(1, info={"cum": "nan"}), "tier 2 info.cum must be 6, so that the maintenance margin does not jump at 1000, was nan"),
        (_changed(1, info={"cum": [6]}), "tier 2 cannot be read: Expected `float | str | null`, got `array` - at `$.cum`"),
        ([], "must have 1 to 1000 tiers, had 0"),
        ({}, "must be a list of tiers: Expected `array`, got `object`"),
        ([3], "tier 1 cannot be read: Expected `object`, got `int`"),
        ([{}], "tier 1 cannot be read: Object missing required field `maxLeverage`"),
    ],
)
def test_a_wrong_tier_is_named_with_file_and_symbol(rows: object, line: str) -> None:
    with pytest.raises(InputError) as caught:
        parse_tier_table(_table(rows), file="tiers.json")
    assert str(caught.value) == f"tiers.json: {SYMBOL} {line}"


def test_an_initial_rate_below_the_maintenance_rate_is_refused() -> None:
    with pytest.raises(InputError, match=r"tiers.json: BTCUSDT.tiers\[0\].initial_rate must be at least the maintenance rate 0.02, was 0.01"):
        parse_tier_table(_table([_row(0.0, 1000.0, 100.0, 0.02)]), file="tiers.json")


@pytest.mark.parametrize(
    ("symbol", "line"),
    [
        ("BTCUSDT", 'tiers.json: BTCUSDT is no symbol of a contract; a symbol is like "BTC/USDT:USDT"'),
        ("BTC/\x1b[31m:USDT", "tiers.json: 'BTC/\\x1b[31m:USDT' is no symbol of a contract; a symbol is like"),
        ("ETH/USD:BTC", "tiers.json: ETH/USD:BTC must be settled in ETH or USD, was in BTC; write such a contract by hand"),
    ],
)
def test_a_symbol_that_is_none_is_refused(symbol: str, line: str) -> None:
    with pytest.raises(InputError) as caught:
        parse_tier_table(_table(GOOD, symbol), file="tiers.json")
    assert line in str(caught.value)


def test_two_symbols_of_one_id_are_refused() -> None:
    with pytest.raises(InputError, match=r'tiers.json: AB/C:C must give an id of its own, gave "ABC" as another symbol did'):
        parse_tier_table(json.dumps({"A/BC:BC": GOOD, "AB/C:C": GOOD}).encode(), file="tiers.json")


@pytest.mark.parametrize("content", [b"", b"[]", b"nonsense", b'{"a": NaN}', b"[" * 100_000, b"\xff\xfe", b'{"BTC/USDT:USDT": [' + b"[" * 100_000])
def test_what_is_no_table_is_refused(content: bytes) -> None:
    with pytest.raises(InputError, match=r"tiers.json: is no table of tiers"):
        parse_tier_table(content, file="tiers.json")


def test_a_table_that_is_too_large_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """Also one that is small packed and large unpacked."""
    monkeypatch.setattr(tier_tables, "MOST_BYTES", 10_000)
    for content in (b" " * 10_001, gzip.compress(b" " * 10_000_000)):
        with pytest.raises(InputError, match=r"tiers.json: must be at most 10000 bytes \(unpacked\), was larger"):
            parse_tier_table(content, file="tiers.json")


def test_a_table_that_is_not_there_or_torn_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"gone.json: does not exist"):
        read_tier_table(tmp_path / "gone.json")
    with pytest.raises(InputError, match=r"cannot be read: Is a directory"):
        read_tier_table(tmp_path)
    (tmp_path / "torn.json.gz").write_bytes(gzip.compress(_table(GOOD))[:-9])
    with pytest.raises(InputError, match=r"torn.json.gz: cannot be unpacked"):
        read_tier_table(tmp_path / "torn.json.gz")


@given(st.binary(max_size=60), st.integers(0, 400), st.integers(0, 400))
def test_a_damaged_table_is_read_or_refused_by_name(put: bytes, first: int, last: int) -> None:
    content = _table(GOOD)
    assert _said(content[: min(first, last)] + put + content[max(first, last) :]).startswith("tiers.json: ")


def _said(content: bytes) -> str:
    try:
        return f"tiers.json: {len(parse_tier_table(content, file='tiers.json'))} contracts"
    except InputError as error:
        return str(error)


names = st.text(st.characters(codec="utf-8", exclude_categories=("Cs", "Cc", "Zl", "Zp")), min_size=1, max_size=8).filter(lambda name: name == name.strip())


@st.composite
def contracts(draw: st.DrawFn) -> Contract:
    whole = draw(st.booleans())
    count = draw(st.integers(1, 6))
    ends = sorted(draw(st.lists(st.floats(1e-3, 1e12), min_size=count, max_size=count, unique=True)))
    rates = sorted(draw(st.lists(st.floats(0.0, 0.99), min_size=count, max_size=count)))
    tiers: list[Tier] = []
    for number, (end, rate) in enumerate(zip(ends, rates, strict=True)):
        amount = 0.0 if whole or not tiers else next_amount(tiers[-1], rate)
        last = number == count - 1 and draw(st.booleans())
        tiers.append(Tier(None if last else end, draw(st.floats(rate, 1.0)), rate, amount))
    return Contract(
        id=draw(names),
        underlying=draw(names),
        tiers=tuple(tiers),
        kind=draw(st.sampled_from(["inverse", "quanto"])),
        multiplier=draw(st.floats(1e-9, 1e9)),
        tick=draw(st.just(0.0) | st.floats(1e-100, 1e3)),
        lot=draw(st.just(0.0) | st.floats(1e-100, 1e3)),
        quote=draw(names),
        settlement=draw(names),
        unit=draw(st.floats(1e-12, 1.0)),
        tier_rule="whole-position" if whole else "marginal",
        tier_measure=draw(st.sampled_from(["notional", "contracts"])) if whole else "notional",
        open_interest=draw(st.none() | st.builds(OpenInterest, st.floats(0, 1e6), st.floats(1e7, 1e9))),
        vega=draw(st.floats(-1e3, 1e3)),
    )


@given(made=st.lists(contracts(), min_size=1, max_size=3, unique_by=lambda contract: contract.id))
def test_what_is_written_as_toml_is_read_back_as_it_was(made: list[Contract]) -> None:
    assert parse_venue(contracts_toml(made)).contracts == tuple(made)


@pytest.mark.parametrize("name", venue_names())
def test_the_contracts_of_every_venue_are_written_as_they_were_read(name: str) -> None:
    assert parse_venue(contracts_toml(venue(name).contracts)).contracts == venue(name).contracts
