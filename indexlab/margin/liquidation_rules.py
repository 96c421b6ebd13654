"""The rule of forced reductions. Each key has one meaning, written here; the engine and the textbook of liquidation both follow these sentences."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Literal, TypeAlias, cast

import msgspec

if TYPE_CHECKING:
    from indexlab.market.toml_table import Table

__all__ = ["CHOICES", "AdlOrder", "LiquidationRule", "Path", "read_liquidation"]

Path: TypeAlias = Literal["market", "ioc-takeover", "incremental-tier", "incremental-fraction", "dutch-auction", "backstop"]
AdlOrder: TypeAlias = Literal["profit-times-leverage", "none"]
CHOICES: Final[dict[str, tuple[str, ...]]] = {
    "liquidation.path": ("market", "ioc-takeover", "incremental-tier", "incremental-fraction", "dutch-auction", "backstop"),
    "liquidation.adl": ("profit-times-leverage", "none"),
}


class LiquidationRule(msgspec.Struct, frozen=True, omit_defaults=True, forbid_unknown_fields=True):
    """How a position is reduced by force. The account behaves like a taker: it pays slippage, the taker fee and the liquidation fee on what is traded.

    - `market`: one market order for the whole position; what the book cannot fill is taken over by the fund at the bankruptcy price.
    - `ioc-takeover` (Binance): one immediate-or-cancel order not beyond the bankruptcy price, until the account is above its maintenance margin again; what
      is left where it is not is taken over by the fund at the bankruptcy price.
    - `incremental-tier` (OKX, BitMEX): down to the border of the tier `tiers_a_round` below, a round each `cool_down_us`, until the account is safe or in
      the first tier:
      then as `market`.
    - `incremental-fraction` (dYdX, Hyperliquid): `fraction` of the position a round, at least `least_notional`, a round each `cool_down_us`.
    - `dutch-auction`: the price falls from `auction_start` to `auction_end` times the mark over `auction_us` (for a long; mirrored for a short), until a
      taker with
      the book's price takes it.
    - `backstop` (Hyperliquid): market orders while equity is at least `backstop_below` times the maintenance margin; below that a vault takes position and
      collateral.
    - The bankruptcy price is where equity, after the fees of the closing trade, is 0. What a trade beyond it costs is the fund's; what the fund lacks,
      auto-deleveraging takes
      from positions of the other side, in the order of `adl`: profit ratio times effective leverage, the largest first.
    """

    path: Path = "market"
    fraction: float = 1.0
    least_notional: float = 0.0
    tiers_a_round: int = 1
    cool_down_us: int = 0
    auction_start: float = 1.0
    auction_end: float = 1.0
    auction_us: int = 0
    backstop_below: float = 0.0
    adl: AdlOrder = "profit-times-leverage"


def read_liquidation(table: Table) -> LiquidationRule:
    """Read [liquidation]. Raises InputError."""
    return LiquidationRule(
        path=cast("Path", table.word("path")),
        fraction=table.ratio("fraction", 1.0),
        least_notional=table.number("least_notional", 0.0, low=0.0),
        tiers_a_round=table.count("tiers_a_round", 1),
        cool_down_us=table.duration("cool_down", 0) or 0,
        auction_start=table.number("auction_start", 1.0, above=0.0),
        auction_end=table.number("auction_end", 1.0, above=0.0),
        auction_us=table.duration("auction", 0) or 0,
        backstop_below=table.ratio("backstop_below"),
        adl=cast("AdlOrder", table.word("adl")),
    )
