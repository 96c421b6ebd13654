"""The rule of the mark price. Each key has one meaning, written here; `mark` (engine) and `reference_mark` (exact) both follow these sentences."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Literal, TypeAlias, cast

import msgspec

from indexlab.market.errors import InputError
from indexlab.market.units import SECOND

if TYPE_CHECKING:
    from indexlab.market.toml_table import Table

__all__ = ["CHOICES", "Average", "MarkKind", "MarkRule", "Strict", "checked_mark", "read_mark"]

MarkKind: TypeAlias = Literal["index", "funding-basis", "average-basis", "median-of-three", "hyperliquid"]
Average: TypeAlias = Literal["plain", "decaying"]
Strict: TypeAlias = Literal["none", "worse-of-twap", "stable-price"]
CHOICES: Final[dict[str, tuple[str, ...]]] = {
    "mark.rule": ("index", "funding-basis", "average-basis", "median-of-three", "hyperliquid"),
    "mark.average": ("plain", "decaying"),
    "mark.strict": ("none", "worse-of-twap", "stable-price"),
}


class MarkRule(msgspec.Struct, frozen=True, omit_defaults=True, forbid_unknown_fields=True):
    """How a contract's mark price comes from its index, its own book and its last trade, at each publication (their times never descend; two may be equal).

    What counts: a price that is no finite number above 0 is none. The index is missing where it is none, or where its status is not trusted (held, halted):
    then so is the mark, whatever else is there, and what needs it is frozen. The book is missing where bid or ask is, or where the bid is above the ask; its
    mid is (bid + ask) / 2. A funding rate that is no finite number above -1 is 0. The time to the next funding is kept within 0 and the funding interval.
    Index + average basis is missing where there is no average, and where the sum is not above 0.

    `rule`, by the first step:

    - `index`: the mark is the index.
    - `funding-basis` (BitMEX): index * (1 + rate * time to the next funding / interval).
    - `average-basis` (OKX, Deribit): index + average basis; the index where that is missing.
    - `median-of-three` (Binance): the median of index * (1 + rate * time to funding / interval), index + average basis, and the last trade. The index stands in
      for each of them that is missing.
    - `hyperliquid`: the median of (1) index + average basis; (2) the median of bid, ask and last, where all three are there; (3) the median of other venues'
      perpetual mids by weight: the lowest price up to which at least half of the weight lies, or, where that is half of it to the bit, the mean of that price
      and the next. Where exactly two of the three exist, a decaying average of (2) over `two_inputs_window_us` is the third. The median of two is their mean;
      of one, itself; where none exists, the index.

    Averages: a sample is a publication at which the value is there: mid - index for the basis, the second input of `hyperliquid` for its own average. Where
    `sample_us` is above 0, only the first sample in each step of that length (since the Unix epoch) counts. `average` over `window_us`:

    - "plain": the mean of the samples in (t - window, t]; missing where there is none.
    - "decaying": the sum over all samples up to t of value * d * exp(-age / window), over the sum of d * exp(-age / window), d being the time since the sample
      before. The first sample has no d; as long as no sample has, the newest is the average. Once there was a sample it is never missing.

    After that, in this order:

    - `band`: the mark is kept within index * (1 - band) and index * (1 + band), 0: no band. Where that cut, it is `saturated`: a number without information.
    - `max_step`: it may differ from the mark before (of the newest publication that had one) by at most this ratio of it for each second between them, 0: no
      limit. Where that cut, it is `limited`. It comes last, so that a wrong index is slowed as well; so a limited mark may lie outside the band.
    - `strict`: what margin takes besides, a price for longs, which is at most the mark, and one for shorts, at least the mark. "worse-of-twap" (Drift): the
      worse of the mark and its average over time: each mark counts from its publication to the next one, as far as that lies in (t - `twap_window_us`, t];
      times without a mark do not count; where nothing counts, the mark itself. "stable-price" (Mango): the worse of the mark and a price that follows it,
      by at most `stable_growth` of itself for each second: it begins as the first mark, moves at publications with a mark that are at least `stable_every_us`
      after its last move (or its beginning), and counts at most `stable_longest_us` of the time since (0: all of it). Mango's delay price, which slows it
      further where the price of a day ago differs, is not expressed: this one moves at least as fast.

    `impact_notional`: bid and ask are the average prices at which this notional can be sold and bought (mark_impact), 0: the best ones.
    """

    rule: MarkKind = "index"
    average: Average = "plain"
    window_us: int = 0
    sample_us: int = 0
    two_inputs_window_us: int = 30 * SECOND
    band: float = 0.0
    impact_notional: float = 0.0
    max_step: float = 0.0
    strict: Strict = "none"
    twap_window_us: int = 0
    stable_growth: float = 0.0
    stable_every_us: int = 0
    stable_longest_us: int = 0


_AVERAGED: Final = ("average-basis", "median-of-three", "hyperliquid")


def checked_mark(rule: MarkRule, *, file: object = None) -> MarkRule:
    """Return the rule where it has the windows and rates that it needs, and none below 0. Raises InputError."""
    needs = (
        ("window", rule.window_us, rule.rule in _AVERAGED, f'for rule "{rule.rule}"'),
        ("two_inputs_window", rule.two_inputs_window_us, rule.rule == "hyperliquid", 'for rule "hyperliquid"'),
        ("twap_window", rule.twap_window_us, rule.strict == "worse-of-twap", 'for strict "worse-of-twap"'),
        ("stable_growth", rule.stable_growth, rule.strict == "stable-price", 'for strict "stable-price"'),
    )
    for key, value, needed, why in needs:
        if needed and not value > 0:
            problem = f"must be above 0 {why}, was {value:g}"
            raise InputError(problem, file=file, key=f"mark.{key}")
    for key in ("window_us", "sample_us", "two_inputs_window_us", "twap_window_us", "stable_every_us", "stable_longest_us"):
        if getattr(rule, key) < 0:
            problem = f"must be at least 0, was {getattr(rule, key)}"
            raise InputError(problem, file=file, key=f"mark.{key.removesuffix('_us')}")
    return rule


def read_mark(table: Table) -> MarkRule:
    """Read [mark]. Raises InputError."""
    rule = MarkRule(
        rule=cast("MarkKind", table.word("rule")),
        average=cast("Average", table.word("average")),
        window_us=table.duration("window", 0) or 0,
        sample_us=table.duration("sample", 0) or 0,
        two_inputs_window_us=table.duration("two_inputs_window", 30 * SECOND) or 0,
        band=table.ratio("band"),
        impact_notional=table.number("impact_notional", 0.0, low=0.0),
        max_step=table.ratio("max_step"),
        strict=cast("Strict", table.word("strict")),
        twap_window_us=table.duration("twap_window", 0) or 0,
        stable_growth=table.ratio("stable_growth"),
        stable_every_us=table.duration("stable_every", 0) or 0,
        stable_longest_us=table.duration("stable_longest", 0) or 0,
    )
    return checked_mark(rule, file=table.file)
