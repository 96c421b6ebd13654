"""A margin case: everything that a margin engine is asked at once, and what it answers.

The engine, the textbook and other people's targets get the same. No numpy.
"""

from __future__ import annotations

from typing import Literal, TypeAlias

import msgspec

from indexlab.margin.account import Account
from indexlab.margin.rules import VenueRules

__all__ = [
    "Book",
    "Fill",
    "FundingAnswer",
    "FundingCase",
    "Holding",
    "LiquidationAnswer",
    "LiquidationCase",
    "MarginAnswer",
    "MarginCase",
    "Rival",
    "Sample",
    "Series",
    "Status",
]

Series: TypeAlias = tuple[float | None, ...]
"""A number at each of the case's times; None where there is none."""
Status: TypeAlias = Literal["ok", "degraded", "held", "halted"]


class Sample(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a premium is computed from: at `time` the index, and the prices at which the impact notional can be sold (`bid`) and bought (`ask`)."""

    time: int
    index: float
    bid: float
    ask: float


class Holding(msgspec.Struct, frozen=True, omit_defaults=True, forbid_unknown_fields=True):
    """A position as funding sees it: held from `opened` (inclusive) to `closed` (exclusive; None: to the end)."""

    account: str
    size: float
    opened: int
    closed: int | None = None


class FundingCase(msgspec.Struct, frozen=True, omit_defaults=True, forbid_unknown_fields=True):
    """Funding of one contract, over the slots in (start, end].

    `ticks` are the times at which the venue's clock is read, in the order in which that happens: they may step back, repeat (a restart) and leave slots out.
    `price` is the price that payments are computed at: (time, price); a slot takes the newest one at or before it.
    """

    contract: str
    start: int
    end: int
    samples: tuple[Sample, ...]
    holdings: tuple[Holding, ...]
    price: tuple[tuple[int, float], ...]
    ticks: tuple[int, ...]


class FundingAnswer(msgspec.Struct, frozen=True, omit_defaults=True, forbid_unknown_fields=True):
    """Slots that were paid in their order, the rate of each, and by slot what each party receives (below 0: pays), in the contract's smallest units.

    Everybody who holds at a slot is listed, also with 0. The insurance fund's share of a remainder is under the party "insurance fund", and what sizes that do
    not add up to nothing leave over under "counterparties". `capped`: whether the cap cut the rate.
    """

    slots: tuple[int, ...]
    rates: tuple[float, ...]
    payments: tuple[dict[str, int], ...]
    capped: tuple[bool, ...] = ()


class Book(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """An order book of a contract: (price, size in contracts) a level, the best first."""

    bids: tuple[tuple[float, float], ...]
    asks: tuple[tuple[float, float], ...]


class Rival(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A position that auto-deleveraging may take from: `size` signed, `collateral` in the settlement currency."""

    account: str
    size: float
    entry_price: float
    collateral: float


class LiquidationCase(msgspec.Struct, frozen=True, omit_defaults=True, forbid_unknown_fields=True):
    """A forced reduction of one isolated account (`account` names it among the case's), against books.

    `books` are (time, book): each round trades against the newest one at or before its time, as left by the rounds before it where it is the same one. `marks`
    are (time, mark). `fund` is what the insurance fund has, in the settlement currency. It ends when the account is safe, the position closed, or at `end`.
    """

    account: str
    start: int
    end: int
    books: tuple[tuple[int, Book], ...]
    marks: tuple[tuple[int, float], ...]
    fund: float = 0.0
    rivals: tuple[Rival, ...] = ()


class Fill(msgspec.Struct, frozen=True, omit_defaults=True, forbid_unknown_fields=True):
    """A trade of the account: `size` contracts, below 0 sold; `to` is who took the other side: "book", "insurance fund", "vault", or a rival's id."""

    time: int
    size: float
    price: float
    fee: int = 0
    to: str = "book"


class LiquidationAnswer(msgspec.Struct, frozen=True, omit_defaults=True, forbid_unknown_fields=True):
    """What a forced reduction did; money in the contract's smallest units.

    `remaining` is the position left. `cost` is what the account lost against closing what was closed at the mark of its round without any fee, fees included;
    `fees` what of that were fees. `from_fund` is what the fund paid (above 0) or took (below 0). `balances` are what each party has at the end: the account,
    "insurance fund", "fees", "counterparties", "vault", each rival; their sum is what it was before. `deleveraged` are the rivals in the order in which they
    were taken from; `ended` is when it was over, None where it was not.
    """

    fills: tuple[Fill, ...]
    remaining: float
    cost: int
    fees: int
    from_fund: int
    balances: dict[str, int]
    bankruptcy_price: float | None = None
    deleveraged: tuple[str, ...] = ()
    ended: int | None = None


class MarginCase(msgspec.Struct, frozen=True, omit_defaults=True, forbid_unknown_fields=True):
    """Accounts under a venue's rules over publication times (microseconds).

    `index` and `status` are by underlying (and by whatever prices collateral), `mark` and `last` by contract. Where an account needs an index or mark that is
    missing, or whose status is held or halted, it is `frozen`. A mark or index that is not finite and above 0 is missing; an underlying that is absent from
    `index` altogether freezes nobody. `short_mark` is what shorts are marked at where margin takes the worse of two prices (`mark` is
    then for longs alone); a contract that is not in it has one mark for both. `last` is the last trade, which no state may hang on. `open_interest` is in the
    quote currency, by contract.
    """

    rules: VenueRules
    accounts: tuple[Account, ...]
    times: tuple[int, ...]
    index: dict[str, Series]
    mark: dict[str, Series]
    status: dict[str, tuple[Status, ...]] = {}
    last: dict[str, Series] = {}
    short_mark: dict[str, Series] = {}
    open_interest: dict[str, float] = {}
    funding: FundingCase | None = None
    liquidation: LiquidationCase | None = None


class MarginAnswer(msgspec.Struct, frozen=True, omit_defaults=True, forbid_unknown_fields=True):
    """What a margin engine says: a row a time, an entry an account.

    `margin_ratio` is maintenance margin over balance, None where the balance is 0 or less, or the account frozen. `liquidation_price` (optional; an entry an
    account) is the mark of the account's first position that is not empty at which `liquidation` begins with everything else as at the first time; all marks of
    its contract move by the same ratio. Of several prices it is the nearest; for an account already in liquidation the nearest at which that ends; None where
    no positive price does it. `initial_margin` (optional; an entry an account) is what the positions need at the first time, in the venue's currency; that of
    an isolated account in its settlement currency.
    """

    state: tuple[tuple[str, ...], ...]
    margin_ratio: tuple[tuple[float | None, ...], ...]
    liquidation_price: tuple[float | None, ...] | None = None
    initial_margin: tuple[float | None, ...] | None = None
    funding: FundingAnswer | None = None
    liquidation: LiquidationAnswer | None = None
