"""The rule of funding. Each key has one meaning, written here; `funding` (engine) and `reference_funding` (exact) both follow these sentences."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Literal, TypeAlias, cast

import msgspec

from indexlab.market.units import MINUTE, format_duration

if TYPE_CHECKING:
    from indexlab.market.toml_table import Table

__all__ = ["CHOICES", "Averaging", "FundingRule", "Price", "Remainder", "Rounding", "problem_of", "read_funding"]

_HOUR: Final = 60 * MINUTE
_MOST_DECIMALS: Final = 18
Averaging: TypeAlias = Literal["plain", "linear", "trailing"]
Rounding: TypeAlias = Literal["half-even", "toward-zero", "none"]
Remainder: TypeAlias = Literal["fund", "largest"]
Price: TypeAlias = Literal["mark", "index"]
CHOICES: Final[dict[str, tuple[str, ...]]] = {
    "funding.averaging": ("plain", "linear", "trailing"),
    "funding.rounding": ("half-even", "toward-zero", "none"),
    "funding.remainder": ("fund", "largest"),
    "funding.price": ("mark", "index"),
}


class FundingRule(msgspec.Struct, frozen=True, omit_defaults=True, forbid_unknown_fields=True):
    """What longs pay to shorts at each slot. Every number is the decimal that was written; nothing is rounded but where it says so.

    Slots
    - A slot is a multiple of the interval in force since the Unix epoch, shifted by `offset_us`; after one comes the next such multiple. Those of a case are
      in (start, end], and `interval_us` is in force at its start.
    - `shorter_interval_us` (0: never; it divides `interval_us`) is in force from the slot on whose rate stands at its cap (-`cap` or `cap`), so that the next
      slot is the next multiple of it. It goes back after `calm_slots` slots in a row (0: never) of the shorter interval whose rate is from -`calm_rate` to
      `calm_rate`, both included, and not at the cap: the one after them is the next multiple of `interval_us`.

    Rate of a slot
    - Premium at a sample: (max(0, impact bid - index) - max(0, index - impact ask)) / index. A sample whose figures are not all finite, or whose index is not
      above 0, counts as not taken. Samples are in the order of their times, those of one time in the order given.
    - `averaging` of the samples after the slot before it (for the first slot: after one interval before it) up to the slot, which is included: "plain" mean;
      "linear" (Bybit): the i-th sample, from 1, weighs i; "trailing" (OKX): the mean of the samples after (slot - `window_us`) up to the slot, whatever the
      interval. Without a sample the average is 0.
    - Rate per `base_interval_us` = average + clamp(`interest` - average, -`clamp`, `clamp`), `interest` being per `base_interval_us` too. It is multiplied by
      (interval in force / `base_interval_us`), also where the slot came sooner because the interval had changed; then rounded to `rate_decimals` digits by
      `rounding`; then kept within -`cap` to `cap` (per interval whatever its length; 0: no cap), so that no rate is ever beyond the cap. `capped` says that
      this cut it.

    Payments of a slot
    - Price: the newest of the case at or before the slot, the last given among those of one time; one that is no finite number above 0 counts as not given.
      Without a price every payment is 0. `price` says which one it is: the mark (most) or the index (Hyperliquid, dYdX).
    - Who pays: a holding is there at a slot where it was opened at or before it and closes after it (a holding that closes no later than it opens never is);
      one opened after the slot, but less than `window_late_us` after it, pays too (Binance's seconds of deviation).
    - Each holding pays notional * rate: linear and quanto |size| * multiplier * price, inverse |size| * multiplier / price; a long pays where the rate is
      above 0 and receives where it is below, a short the other way. It is booked in the contract's smallest unit, rounded toward zero; an account's holdings
      are added up. Everybody who holds is in the answer, also with 0.
    - The rest of the open interest: where the sizes that are there do not add up to 0, "counterparties" hold minus the sum, and pay and receive like a holding.
    - Payments net to zero. What rounding leaves over (less than a unit a holding) goes to, or comes from, the "insurance fund" (`fund`; in the answer where
      it is not 0), or the account of the `largest` holding by absolute size (the first by id among equals; never the counterparties).

    When
    - The clock is read at the case's ticks, in their order. Each reading pays every slot at or before it that was not paid yet, in the order of the slots, each
      at its own rate, price and holdings, however late. A slot that was paid is never paid again, whatever the clock or a restart does; slots that no reading
      has reached are not paid.
    """

    interval_us: int = 8 * _HOUR
    offset_us: int = 0
    base_interval_us: int = 8 * _HOUR
    averaging: Averaging = "plain"
    window_us: int = 0
    interest: float = 0.0
    clamp: float = 0.0
    cap: float = 0.0
    rounding: Rounding = "none"
    rate_decimals: int = 8
    price: Price = "mark"
    remainder: Remainder = "fund"
    window_late_us: int = 0
    shorter_interval_us: int = 0
    calm_slots: int = 0
    calm_rate: float = 0.0


def read_funding(table: Table) -> FundingRule:
    """Read [funding]. Raises InputError."""
    rule = FundingRule(
        interval_us=table.duration("interval", 8 * _HOUR) or 0,
        offset_us=table.duration("offset", 0) or 0,
        base_interval_us=table.duration("base_interval", 8 * _HOUR) or 0,
        averaging=cast("Averaging", table.word("averaging")),
        window_us=table.duration("window", 0) or 0,
        interest=table.ratio("interest", 0.0, low=-1.0),
        clamp=table.ratio("clamp"),
        cap=table.ratio("cap"),
        rounding=cast("Rounding", table.word("rounding")),
        rate_decimals=table.count("rate_decimals", 8, low=0),
        price=cast("Price", table.word("price")),
        remainder=cast("Remainder", table.word("remainder")),
        window_late_us=table.duration("window_late", 0) or 0,
        shorter_interval_us=table.duration("shorter_interval", 0) or 0,
        calm_slots=table.count("calm_slots", 0, low=0),
        calm_rate=table.ratio("calm_rate"),
    )
    wrong = problem_of(rule)
    if wrong is not None:
        raise table.problem(*wrong)
    return rule


def problem_of(rule: FundingRule) -> tuple[str, str, str | None] | None:
    """Return what is wrong with a rule: its key, the problem, a remedy; None where it fits together."""
    for key, value in (("interval", rule.interval_us), ("base_interval", rule.base_interval_us)):
        if value <= 0:
            return key, "must be longer than 0", None
    if rule.averaging == "trailing" and not rule.window_us:
        return "window", 'must be given where averaging is "trailing"', 'write window = "8h"'
    if not 0 <= rule.rate_decimals <= _MOST_DECIMALS:
        return "rate_decimals", f"must be from 0 to {_MOST_DECIMALS}, was {rule.rate_decimals}", None
    shorter = rule.shorter_interval_us
    if shorter and (not 0 < shorter < rule.interval_us or rule.interval_us % shorter):
        return "shorter_interval", f"must divide the interval of {format_duration(rule.interval_us)}, was {format_duration(shorter)}", None
    if shorter and not rule.cap:
        return "shorter_interval", "needs a cap: the interval is shortened where a rate stands at it", 'write cap = "0.3%"'
    return None
