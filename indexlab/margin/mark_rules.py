"""The rule of the mark price. Each key has one meaning, written here; `mark` (compiled) and `reference_mark` (exact) both follow these sentences."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Literal, TypeAlias, cast

import msgspec

if TYPE_CHECKING:
    from indexlab.market.toml_table import Table

__all__ = ["CHOICES", "Average", "MarkKind", "MarkRule", "Strict", "read_mark"]

MarkKind: TypeAlias = Literal["index", "funding-basis", "median-of-three", "hyperliquid"]
Average: TypeAlias = Literal["plain", "decaying"]
Strict: TypeAlias = Literal["none", "worse-of-twap", "stable-price"]
CHOICES: Final[dict[str, tuple[str, ...]]] = {
    "mark.rule": ("index", "funding-basis", "median-of-three", "hyperliquid"),
    "mark.average": ("plain", "decaying"),
    "mark.strict": ("none", "worse-of-twap", "stable-price"),
}


class MarkRule(msgspec.Struct, frozen=True, omit_defaults=True, forbid_unknown_fields=True):
    """How a contract's mark price comes from its index, its own book and its last trade.

    - `index`: the mark is the index. `funding-basis` (BitMEX): index * (1 + rate * time to the next funding / interval).
    - `median-of-three` (Binance): the median of index * (1 + rate * time to funding / interval), index + average of (mid - index), and the last trade.
    - `hyperliquid`: the median of index + average of (mid - index); the median of bid, ask, last; the median of other venues' perpetual mids. Where exactly
      two of these exist, index + a 30 s average of the same is the third.
    - `average` over `window_us`: "plain" of the samples in (t - window, t]; "decaying": an exponential average with that time constant.
    - `band`: the mark is clamped to index * (1 - band, 1 + band), 0: no band; where it is, it is flagged as saturated.
    - `impact_notional`: mids are of the prices at which this notional can be sold and bought, 0: best bid and ask.
    - `strict`, what margin takes besides: "worse-of-twap" (Drift): the worse of the mark and its average over `twap_window_us`, for the position's side;
      "stable-price" (Mango): the worse of the mark and a price that moves at most `stable_growth` a second.
    - `max_step`: the mark moves at most by this ratio a second, 0: no limit.
    """

    rule: MarkKind = "index"
    average: Average = "plain"
    window_us: int = 0
    band: float = 0.0
    impact_notional: float = 0.0
    strict: Strict = "none"
    twap_window_us: int = 0
    stable_growth: float = 0.0
    max_step: float = 0.0


def read_mark(table: Table) -> MarkRule:
    """Read [mark]. Raises InputError."""
    return MarkRule(
        rule=cast("MarkKind", table.word("rule")),
        average=cast("Average", table.word("average")),
        window_us=table.duration("window", 0) or 0,
        band=table.ratio("band"),
        impact_notional=table.number("impact_notional", 0.0, low=0.0),
        strict=cast("Strict", table.word("strict")),
        twap_window_us=table.duration("twap_window", 0) or 0,
        stable_growth=table.ratio("stable_growth"),
        max_step=table.ratio("max_step"),
    )
