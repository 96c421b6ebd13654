"""The rule of funding. Each key has one meaning, written here; `funding` (engine) and `reference_funding` (exact) both follow these sentences."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Literal, TypeAlias, cast

import msgspec

from indexlab.market.units import MINUTE

if TYPE_CHECKING:
    from indexlab.market.toml_table import Table

__all__ = ["CHOICES", "Averaging", "FundingRule", "Remainder", "Rounding", "read_funding"]

_HOUR: Final = 60 * MINUTE
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
    """What longs pay to shorts at each slot (a multiple of `interval_us` since the Unix epoch, shifted by `offset_us`).

    - Premium at a sample: (max(0, impact bid - index) - max(0, index - impact ask)) / index.
    - `averaging` of the interval's samples: "plain" mean; "linear" (Bybit): the i-th sample weighs i; "trailing" (OKX): the mean of the samples in the last
      `window_us`, whatever the interval.
    - Rate = average + clamp(interest - average, -`clamp`, clamp); `interest` is per `base_interval_us` (8 h), and so is the rate, which is scaled to the
      interval; then kept within -`cap` to `cap` (per interval, 0: no cap); then rounded to `rate_decimals` digits by `rounding`.
    - Payment of a position: notional at the slot, by the contract's kind, at `price`, times the rate; a long pays where it is above 0. Booked in the contract's
      smallest unit, rounded toward zero. Payments net to zero: what rounding leaves over goes to the insurance fund, or to (from) the
      `largest` position, the first by id among equals.
    - Who pays: who holds the position at the slot; one opened up to `window_late_us` after the slot pays too (Binance's seconds of deviation).
    - One payment a slot: a slot that was paid is never paid again, whatever the clock or a restart does; one that was skipped is paid once, late, at its own
      rate.
    - `shorter_interval_us`: the interval that takes its place from the slot on at which the rate stood at its cap, 0: never; back after `calm_slots` slots
      with a rate of
      at most `calm_rate`.
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
        interest=table.number("interest", 0.0, above=-1.0),
        clamp=table.ratio("clamp"),
        cap=table.number("cap", 0.0, low=0.0),
        rounding=cast("Rounding", table.word("rounding")),
        rate_decimals=table.count("rate_decimals", 8, low=0),
        price=cast("Price", table.word("price")),
        remainder=cast("Remainder", table.word("remainder")),
        window_late_us=table.duration("window_late", 0) or 0,
        shorter_interval_us=table.duration("shorter_interval", 0) or 0,
        calm_slots=table.count("calm_slots", 0, low=0),
        calm_rate=table.ratio("calm_rate"),
    )
    for key, value in (("interval", rule.interval_us), ("base_interval", rule.base_interval_us)):
        if value <= 0:
            raise table.problem(key, "must be longer than 0")
    return rule
