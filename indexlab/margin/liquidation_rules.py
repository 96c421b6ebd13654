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

    Rounds. The first is at the case's start. A round takes the newest mark at or before it (without one it is passed over) and the newest book (without one,
    an empty one), as the rounds before left it. The next one is `cool_down_us` later. Where that is 0 it follows at once after a round that traded, else at the
    next time of a mark or a book. It ends after the case's end. A round whose account is safe trades nothing and ends all; so does one after which it is safe.
    An account is safe where it is neither in liquidation nor bankrupt by StateRules, at the round's mark, with its booked collateral (exactly, without
    persistence). A collateral below 0 is first paid up by the fund.

    Amounts. Sizes and prices are the decimals that were written, no size is rounded. A reduction is a whole number of lots, rounded up; it is the whole
    position where it would leave less than a lot. A lot or tick of 0 stands for 1e-8. A book may fill part of a lot. A
    level, like a mark, whose figures are not finite and above 0 is not there.

    The bankruptcy price is where the collateral and the profit of what is left, less the taker fee of closing it, are 0; rounded to the tick in the account's
    favour (up for a long). An order *not beyond* it takes no level of the book that is worse for the account; without a positive bankruptcy price every level
    will do. The liquidation fee of a fill is at most what the fill brings, after the taker fee, above the bankruptcy price at the beginning of the round (dYdX;
    Binance takes it from what is left): it makes no debt. At a takeover it is 0, unless there is no bankruptcy price.

    The fillable price (dYdX; where `fillable_spread` is above 0) is where what is left has lost, since the mark and before fees, `fillable_spread` times its
    maintenance margin times what min(max(`fillable_adjustment` times (1 - balance / maintenance margin), 0), 1) is at the round's mark; rounded to the tick in
    the account's favour. The orders of `incremental-fraction` and of `backstop` (but for those as `market`) are not beyond it either; where it is not positive
    it limits nothing.

    The needed reduction is the smallest number of lots, traded at the book's prices that the order is not beyond, after which the account is safe;
    the whole position where no smaller one does it. It is judged with what whole levels book, and for a level that is traded in part with exact figures less
    three smallest units, the most that rounding costs.

    - `market`: one order for the whole position at any price. Where the account would owe more than the fund has, it is not beyond the bankruptcy price. The
      rest is taken over.
    - `ioc-takeover` (Binance): one order for the needed reduction, not beyond the bankruptcy price. The rest is taken over, unless the account is safe.
    - `incremental-tier` (OKX, BitMEX): to the upper border of the tier `tiers_a_round` below (the first at least), each round, not beyond the bankruptcy price,
      and not more than the needed reduction. In the first tier, or with a balance of 0 or less: as `market`.
    - `incremental-fraction` (dYdX, Deribit): `fraction` of the position's notional at the mark each round, at least `least_notional` and at most
      `most_notional` (0: no limit); the whole of it in a round whose notional is at or below `fraction_above`, or from round `fraction_rounds` on (0: never),
      counted from 0 over the rounds that were not passed over. Not beyond the bankruptcy price, not more than the needed reduction. With a balance
      of 0 or less: as `market`.
    - `dutch-auction`: the price falls from `auction_start` to `auction_end` times the mark over `auction_us` from the case's start (for a long; for a short it
      rises by as much: 2 less that), rounded to the tick in the taker's favour, a tick at least. In each round takers take, at the auction's price, what the
      book has at that price or better for them, up to the needed reduction at that price. The rest is taken over once the price is beyond the bankruptcy
      price or `auction_us` have passed. With a balance of 0 or less: as `market`.
    - `backstop` (Hyperliquid): as `incremental-fraction`; but where the balance is below `backstop_below` times the maintenance margin (and above 0), a vault
      takes the position at the price at which nothing of the collateral is left, without fees, and whatever rounding leaves of it. What it has is booked at
      the mark.

    Takeover. The fund takes what is left at its bankruptcy price (at the mark where there is none) and closes it in the same book at once, without fees; what
    the book does not hold is booked at the mark; each piece is rounded down. Where the fund has less than that costs, and `adl` is not "none", the position
    goes instead at the same price to rivals of the other side, by rank, the largest first, ties as they are listed; what they cannot take goes to the fund all
    the same, which then owes.
    Rank (BitMEX) at the mark: profit ratio times effective leverage, for losses over it. Profit ratio: profit over notional at entry. Effective leverage:
    notional over margin balance. A rival whose balance is 0 or less is not taken from.

    Money. Each fill is booked in smallest units: profit rounded down (against the account), fees up, what limits the liquidation fee down. Taker fees go to the
    fees, liquidation fees to the fund, profit and loss come from and go to the counterparties. A collateral that ends below 0 without a position is paid up by
    the fund. What parties have at the start is rounded down to units. `cost` is the sum over fills of profit at the round's mark less profit at the price,
    plus fees, plus what the vault took of the collateral, less what the fund paid up.
    """

    path: Path = "market"
    fraction: float = 1.0
    least_notional: float = 0.0
    most_notional: float = 0.0
    fraction_above: float = 0.0
    fraction_rounds: int = 0
    tiers_a_round: int = 1
    cool_down_us: int = 0
    auction_start: float = 1.0
    auction_end: float = 1.0
    auction_us: int = 0
    backstop_below: float = 0.0
    fillable_spread: float = 0.0
    fillable_adjustment: float = 1.0
    adl: AdlOrder = "profit-times-leverage"


def read_liquidation(table: Table) -> LiquidationRule:
    """Read [liquidation]. Raises InputError."""
    return LiquidationRule(
        path=cast("Path", table.word("path")),
        fraction=table.ratio("fraction", 1.0),
        least_notional=table.number("least_notional", 0.0, low=0.0),
        most_notional=table.number("most_notional", 0.0, low=0.0),
        fraction_above=table.number("fraction_above", 0.0, low=0.0),
        fraction_rounds=table.count("fraction_rounds", 0, low=0),
        tiers_a_round=table.count("tiers_a_round", 1),
        cool_down_us=table.duration("cool_down", 0) or 0,
        auction_start=table.number("auction_start", 1.0, above=0.0),
        auction_end=table.number("auction_end", 1.0, above=0.0),
        auction_us=table.duration("auction", 0) or 0,
        backstop_below=table.ratio("backstop_below"),
        fillable_spread=table.number("fillable_spread", 0.0, low=0.0),
        fillable_adjustment=table.number("fillable_adjustment", 1.0, low=0.0),
        adl=cast("AdlOrder", table.word("adl")),
    )
