"""Tables of tiers as venues publish them (ccxt's `fetch_leverage_tiers` form, plain or gzipped JSON), read into contracts, and contracts written as TOML.

A table is somebody else's file: its size is bounded, every figure is checked, and an error names the file, the symbol and the tier. No numpy.
"""

from __future__ import annotations

import gzip
import io
import json
import re
import zlib
from pathlib import Path
from typing import TYPE_CHECKING, Final

import msgspec

from indexlab.margin.contract import MAX_JUMP, Contract, Tier, checked_contract
from indexlab.margin.rules_file import next_amount
from indexlab.market.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from indexlab.margin.contract import Kind, TierMeasure, TierRule

__all__ = ["MOST_BYTES", "MOST_TIERS", "contracts_toml", "parse_tier_table", "read_tier_table"]

MOST_BYTES: Final = 64 * 2**20
"""So large a table may be, as it is and unpacked: twenty times the largest that is known."""
MOST_TIERS: Final = 1000
"""So many tiers a symbol may have."""
_SYMBOL: Final = re.compile(r"(?P<base>[^\s/:]{1,40})/(?P<quote>[^\s/:-]{1,20}):(?P<settlement>[^\s/:-]{1,20})(?P<expiry>-[0-9A-Za-z-]{1,20})?")
_GZIP: Final = b"\x1f\x8b"


class _Row(msgspec.Struct, frozen=True, rename="camel"):
    """One tier as ccxt gives it; what else is in it is not read."""

    max_leverage: float
    maintenance_margin_rate: float
    max_notional: float | None = None
    min_notional: float | None = None
    info: msgspec.Raw = msgspec.Raw()


class _Info(msgspec.Struct, frozen=True):
    """What Binance says of a tier besides: `cum`, the maintenance amount."""

    cum: float | str | None = None


def read_tier_table(path: str | Path, *, tier_rule: TierRule = "marginal", tier_measure: TierMeasure = "notional") -> tuple[Contract, ...]:
    """Read a table of tiers, plain or gzipped; see `parse_tier_table`. Raises InputError with file, symbol, tier and key."""
    path = Path(path)
    try:
        with path.open("rb") as stream:
            content = stream.read(MOST_BYTES + 1)
    except FileNotFoundError:
        problem = "does not exist"
        raise InputError(problem, file=path) from None
    except OSError as error:
        problem = f"cannot be read: {error.strerror}"
        raise InputError(problem, file=path) from None
    return parse_tier_table(content, file=path, tier_rule=tier_rule, tier_measure=tier_measure)


def parse_tier_table(
    content: bytes, *, file: str | Path | None = None, tier_rule: TierRule = "marginal", tier_measure: TierMeasure = "notional"
) -> tuple[Contract, ...]:
    """Return a contract for each symbol of a table, in its order: BTC/USDT:USDT becomes BTCUSDT.

    A tier's initial rate is 1 over its largest leverage. Maintenance amounts are computed from borders and rates, and are at most a cent (MAX_JUMP) off `cum`
    where that is given. `tier_rule` and `tier_measure` are the venue's; the table does not say. Nor does it say tick, lot and the size of a contract: 0, 0
    and 1. Raises InputError with file, symbol, tier and key for what is no such table.
    """
    try:
        # texts inside are decoded when they are read; whether all of them can be is known here
        table = msgspec.json.decode(_unpacked(content, file).decode(), type=dict[str, msgspec.Raw])
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError) as error:
        problem = f"is no table of tiers: {error}"
        raise InputError(problem, file=file, remedy="give what ccxt's fetch_leverage_tiers returns, as JSON") from None
    made = tuple(_contract(symbol, rows, file, tier_rule, tier_measure) for symbol, rows in table.items())
    ids: set[str] = set()
    for contract, symbol in zip(made, table, strict=True):
        if contract.id in ids:
            problem = f'must give an id of its own, gave "{contract.id}" as another symbol did'
            raise InputError(problem, file=file, key=symbol)
        ids.add(contract.id)
    return made


def _unpacked(content: bytes, file: str | Path | None) -> bytes:
    if content.startswith(_GZIP):
        try:
            with gzip.GzipFile(fileobj=io.BytesIO(content)) as stream:
                content = stream.read(MOST_BYTES + 1)
        except (OSError, EOFError, zlib.error) as error:
            problem = f"cannot be unpacked: {error}"
            raise InputError(problem, file=file) from None
    if len(content) > MOST_BYTES:
        problem = f"must be at most {MOST_BYTES} bytes (unpacked), was larger"
        raise InputError(problem, file=file)
    return content


def _contract(symbol: str, rows: msgspec.Raw, file: str | Path | None, tier_rule: TierRule, tier_measure: TierMeasure) -> Contract:
    shown = symbol if symbol.isprintable() else ascii(symbol)
    parts = _SYMBOL.fullmatch(symbol) if symbol.isprintable() else None
    if parts is None:
        problem = "is no symbol of a contract"
        raise InputError(problem, file=file, key=shown, remedy='a symbol is like "BTC/USDT:USDT"')
    base, quote, settlement = parts["base"], parts["quote"], parts["settlement"]
    kind: Kind = "linear" if settlement == quote else "inverse"
    if settlement not in (quote, base):
        problem = f"must be settled in {base} or {quote}, was in {settlement}"
        raise InputError(problem, file=file, key=shown, remedy="write such a contract by hand: what a contract moves is not in a table of tiers")
    try:
        tiers = tuple(_tiers(rows, marginal=tier_rule == "marginal"))
    except InputError as error:
        raise InputError(error.problem, file=file, key=f"{shown} {error.key}".strip(), remedy=error.remedy) from None
    made = Contract(
        id=f"{base}{quote}{parts['expiry'] or ''}",
        underlying=base,
        tiers=tiers,
        kind=kind,
        quote=quote,
        settlement=settlement,
        tier_rule=tier_rule,
        tier_measure=tier_measure,
    )
    return checked_contract(made, file=file)


def _tiers(content: msgspec.Raw, *, marginal: bool) -> list[Tier]:
    try:
        rows = msgspec.json.decode(content, type=list[msgspec.Raw])
    except (msgspec.DecodeError, RecursionError) as error:
        problem = f"must be a list of tiers: {error}"
        raise InputError(problem, key="") from None
    if not 0 < len(rows) <= MOST_TIERS:
        problem = f"must have 1 to {MOST_TIERS} tiers, had {len(rows)}"
        raise InputError(problem, key="")
    tiers: list[Tier] = []
    leverage = float("inf")
    for number, given in enumerate(rows, 1):
        try:
            row = msgspec.json.decode(given, type=_Row)
            below = tiers[-1] if tiers else Tier(0.0, 0.0, 0.0, 0.0)
            _check(row, below, leverage)
            amount = next_amount(below, row.maintenance_margin_rate) if marginal else 0.0
            _check_amount(row, amount)
        except InputError as error:
            raise InputError(error.problem, key=f"tier {number} {error.key}", remedy=error.remedy) from None
        except (msgspec.DecodeError, RecursionError) as error:
            problem = f"cannot be read: {error}"
            raise InputError(problem, key=f"tier {number}") from None
        leverage = row.max_leverage
        tiers.append(Tier(row.max_notional, 1 / row.max_leverage, row.maintenance_margin_rate, amount))
    return tiers


def _check(row: _Row, below: Tier, leverage: float) -> None:
    """Refuse a tier that does not go on from the one below it; the contract's own check says the rest."""
    if below.up_to_notional is None:
        problem = "must be the last where the tier below it has no end"
        raise InputError(problem, key="minNotional")
    if row.min_notional is not None and row.min_notional != below.up_to_notional:
        problem = f"must be {below.up_to_notional:g}, where the tier below it ends, was {row.min_notional:g}"
        raise InputError(problem, key="minNotional")
    if not 0 < row.max_leverage <= leverage:
        rule = "above 0" if leverage == float("inf") else f"above 0 and at most the lower tier's {leverage:g}"
        problem = f"must be {rule}, was {row.max_leverage:g}"
        raise InputError(problem, key="maxLeverage")
    if row.max_notional is not None and not row.max_notional > below.up_to_notional:
        problem = f"must be above {below.up_to_notional:g}, where the tier begins, was {row.max_notional:g}"
        raise InputError(problem, key="maxNotional")
    if not below.maintenance_rate <= row.maintenance_margin_rate < 1:
        problem = f"must be at least the lower tier's {below.maintenance_rate:g} and below 1, was {row.maintenance_margin_rate:g}"
        raise InputError(problem, key="maintenanceMarginRate")


def _check_amount(row: _Row, amount: float) -> None:
    given = _cum(row.info)
    if given is not None and not abs(given - amount) <= MAX_JUMP:
        problem = f"must be {amount:g}, so that the maintenance margin does not jump at {row.min_notional or 0:g}, was {given:g}"
        raise InputError(problem, key="info.cum")


def _cum(info: msgspec.Raw) -> float | None:
    if not bytes(info).lstrip().startswith(b"{"):
        return None
    given = msgspec.json.decode(info, type=_Info).cum
    try:
        return None if given is None else float(given)
    except ValueError:
        problem = f"must be a number, was {json.dumps(given)}"
        raise InputError(problem, key="info.cum") from None


def contracts_toml(contracts: Iterable[Contract]) -> str:
    """Return contracts as the `[[contract]]` tables of a venue file, which reads them back as they are (initial rates up to 1)."""
    return "\n".join(_toml(contract) for contract in contracts)


def _toml(contract: Contract) -> str:
    plain = {field.name: field.default for field in msgspec.structs.fields(Contract)}
    lines = ["[[contract]]"]
    for name in Contract.__struct_fields__:
        value = getattr(contract, name)
        if name == "tiers":
            lines += ["tiers = [", *(f"    {_tier_toml(tier, contract)}," for tier in value), "]"]
        elif name == "open_interest":
            lines += [] if value is None else [f"open_interest = {{ lower = {value.lower!r}, upper = {value.upper!r} }}"]
        elif name == "settlement":
            lines += [] if value == contract.quote else [f"settlement = {_text(value)}"]
        elif value != plain[name] or name in ("id", "underlying"):
            lines.append(f"{name} = {_text(value) if isinstance(value, str) else repr(value)}")
    return "\n".join(lines) + "\n"


def _tier_toml(tier: Tier, contract: Contract) -> str:
    parts = [] if tier.up_to_notional is None else [f"up_to_notional = {tier.up_to_notional!r}"]
    parts += [f"initial_rate = {tier.initial_rate!r}", f"maintenance_rate = {tier.maintenance_rate!r}"]
    parts += [f"maintenance_amount = {tier.maintenance_amount!r}"] if contract.tier_rule == "marginal" else []
    return f"{{ {', '.join(parts)} }}"


def _text(text: str) -> str:
    # JSON's escapes are TOML's, but for one character that TOML does not take as it is
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")
