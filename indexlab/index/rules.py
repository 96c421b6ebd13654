"""The rules a methodology declares, section by section: each key has one meaning, and it is written here.

Both implementations (`reference`, exact, and `kernel`, compiled) follow these sentences. Ratios are plain floats (0.05), times microseconds. "The same
price" means within a relative 1e-12 of the larger one (`TIE`), so that what is equal in decimals does not come apart in binary.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Literal, TypeAlias

import msgspec

from indexlab.market.errors import InputError, did_you_mean
from indexlab.market.units import SECOND

if TYPE_CHECKING:
    from indexlab.market.source import Basket

__all__ = [
    "BORDER",
    "BORDER_RELATIVE",
    "CHOICES",
    "LARGEST_COUNT",
    "NO_BOOK_NOTE",
    "TIE",
    "Aggregation",
    "Declaration",
    "Input",
    "Methodology",
    "Outlier",
    "Quorum",
    "Rounding",
    "Staleness",
    "Validity",
    "Weights",
]

TIE: Final = 1e-12
"""Two numbers whose difference is at most this share of the larger one are the same: prices at a threshold or tied, a cumulative weight at the half."""
BORDER: Final = 1e-6
BORDER_RELATIVE: Final = 1e-14
"""A value of q ticks within max(BORDER, BORDER_RELATIVE * |q|) ticks of a rounding border counts as at the border."""
LARGEST_COUNT: Final = 2.0**53
"""A value of so many ticks and more is left as it is: a double holds nothing finer."""
NO_BOOK_NOTE: Final = 'input.price = "mid": observations without a book came, and their price was used instead'

Price: TypeAlias = Literal["last", "mid"]
Clock: TypeAlias = Literal["event", "receive"]
AtLimit: TypeAlias = Literal["live", "stale"]
Accept: TypeAlias = Literal["positive", "finite"]
Invalid: TypeAlias = Literal["ignore", "exclude"]
OutlierRule: TypeAlias = Literal["none", "drop", "clamp"]
Reference: TypeAlias = Literal["median"]
Comparison: TypeAlias = Literal[">", ">="]
Several: TypeAlias = Literal["each", "median"]
WeightKind: TypeAlias = Literal["equal", "fixed"]
AggregationRule: TypeAlias = Literal["weighted-mean", "median", "weighted-median", "drop-highest-and-lowest"]
Even: TypeAlias = Literal["mean", "floor", "away-from-zero", "lower", "upper"]
Tie: TypeAlias = Literal["lower", "upper", "mean"]
Below: TypeAlias = Literal["halt", "hold", "degrade"]
RoundingMode: TypeAlias = Literal["half-even", "half-up", "down", "up"]
Grade: TypeAlias = Literal["O", "M", "C", "T", "D"]


class Methodology(msgspec.Struct, frozen=True, omit_defaults=True):
    """Where the rules come from.

    `id` and `name` default to the file's name. `date` is the rule's ("2020-10-29", "2018-06" or "2018"), `url` where it was published, `retrieved` when it
    was read there. `grade` says how good the evidence is: O official page, M official text through a mirror, C source code, T third party, D derived.
    """

    id: str
    name: str
    venue: str = ""
    date: str = ""
    url: str = ""
    grade: Grade | None = None
    summary: str = ""
    retrieved: str = ""


class Input(msgspec.Struct, frozen=True, omit_defaults=True):
    """What each source brings.

    `price`: "last", the price column, whatever the book says; or "mid", (bid + ask) / 2 where an observation carries both sides, whatever the price column
    says. An observation without any book then brings its price (and that is noted once); with one side alone, or crossed (bid > ask), it is invalid.
    """

    price: Price = "last"


class Staleness(msgspec.Struct, frozen=True, omit_defaults=True):
    """When a source counts no more because it fell silent.

    `silence_us`, key `silence` ("10s"; "none" or not given: never): the largest age of a source's newest valid observation.
    `clock`: "event": newest is the largest event time, the later arrival among equals (what arrives late never replaces it), and its age is the time of
    publication minus its event time; "receive": newest is the last received, and its age is counted from its receive time. An age below 0 counts as 0.
    `at_limit`: what an age of exactly the limit is, "live" or "stale".
    """

    silence_us: int | None = None
    clock: Clock = "event"
    at_limit: AtLimit = "live"


class Validity(msgspec.Struct, frozen=True, omit_defaults=True):
    """Which observations count at all.

    `accept`: "positive", a finite price above 0 (with "mid": both sides); or "finite", any finite number, zero and negative too. Null never counts.
    `invalid`: what an invalid observation does: "ignore", as if it had not come; "exclude", its source is out until its next valid observation (an invalid
    one that is older than the newest valid one is ignored by the event clock, as any late one is).
    `max_ahead_us`, key `max_ahead` ("1s"): an observation whose event time is further ahead of its receive time is invalid.
    """

    accept: Accept = "positive"
    invalid: Invalid = "ignore"
    max_ahead_us: int = SECOND


class Outlier(msgspec.Struct, frozen=True, omit_defaults=True):
    """What is done with a source far from the others; one pass, before weights.

    `rule`: "none"; "drop", it takes no part; "clamp", its price is moved to the nearest end of the band.
    `reference`: "median": of all live sources, the suspect among them, unweighted, of an even count the mean of the middle two.
    `band` (a ratio, "5%" or "50bp"): m is the reference and p the price; |p - m| is compared with band times |m|.
    `comparison`: ">", out beyond the band only; ">=", out at its end too. A difference of at most 1e-12 times the larger of |p| and |m| is "at its end".
    `several`: more than one source out: "each", the rule for each; "median", the index is the median of all live sources, none dropped, none moved.
    `from_sources`: the rule applies from so many live sources on; with fewer, none is out.
    """

    rule: OutlierRule = "none"
    reference: Reference = "median"
    band: float = 0.0
    comparison: Comparison = ">"
    several: Several = "each"
    from_sources: int = 1


class Weights(msgspec.Struct, frozen=True, omit_defaults=True):
    """How much each source counts; always divided by the sum over those that take part.

    `kind`: "equal"; or "fixed", the weights of the basket, some or all replaced by `fixed` (the table [weights.fixed], source id = weight). A fixed
    weight of 0 is absence: the source is in no median and no count.
    """

    kind: WeightKind = "equal"
    fixed: dict[str, float] = {}


class Aggregation(msgspec.Struct, frozen=True, omit_defaults=True):
    """How one value is made of what is left after the outlier rule.

    `rule`: "weighted-mean"; "median", unweighted; "weighted-median", the lowest price at which the cumulative weight reaches half;
    "drop-highest-and-lowest", the weighted mean without one highest and one lowest price (fewer than three: without dropping any; where several sources
    are the highest together, each loses an equal share of its weight, one source's worth in all).
    `even`: the median of an even count: "mean" of the middle two; that mean rounded down ("floor") or away from zero ("away-from-zero") to whole
    multiples of `unit`; the "lower" or the "upper" of the two.
    `unit`: default 1 (whole numbers).
    `tie`: the weighted median where the cumulative weight is exactly half: "lower", that price; "upper", the next one; "mean" of both.
    """

    rule: AggregationRule = "weighted-mean"
    even: Even = "mean"
    unit: float = 1.0
    tie: Tie = "lower"


class Quorum(msgspec.Struct, frozen=True, omit_defaults=True):
    """What is published when too few sources are live (valid, not stale, not absent; before the outlier rule).

    `ok_from`: with so many live sources the status is `ok`; with fewer it never is.
    `below`: with fewer, "halt": no value; "hold": the last value that was `ok` or `degraded`, again, as `held` (none yet: halted); "degrade": the same rules
    with those that are left, as `degraded` (none left: halted).
    Where the rules give no finite number above 0 (all dropped, a mean of 0), there is no value: held with "hold", otherwise halted.
    """

    ok_from: int = 3
    below: Below = "halt"


class Rounding(msgspec.Struct, frozen=True, omit_defaults=True):
    """How the value is rounded, last of all, to whole multiples of `tick`: to the nearest ("half-even", "half-up"), "down" or "up".

    A value within a millionth of a tick of a border counts as at the border.
    """

    tick: float
    mode: RoundingMode = "half-even"


CHOICES: Final[dict[str, tuple[str, ...]]] = {
    "methodology.grade": ("O", "M", "C", "T", "D"),
    "input.price": ("last", "mid"),
    "staleness.clock": ("event", "receive"),
    "staleness.at_limit": ("live", "stale"),
    "validity.accept": ("positive", "finite"),
    "validity.invalid": ("ignore", "exclude"),
    "outlier.rule": ("none", "drop", "clamp"),
    "outlier.reference": ("median",),
    "outlier.comparison": (">", ">="),
    "outlier.several": ("each", "median"),
    "weights.kind": ("equal", "fixed"),
    "aggregation.rule": ("weighted-mean", "median", "weighted-median", "drop-highest-and-lowest"),
    "aggregation.even": ("mean", "floor", "away-from-zero", "lower", "upper"),
    "aggregation.tie": ("lower", "upper", "mean"),
    "quorum.below": ("halt", "hold", "degrade"),
    "rounding.mode": ("half-even", "half-up", "down", "up"),
}
"""The words that a key may take, by dotted key; the first is the default where there is one."""


class Declaration(msgspec.Struct, frozen=True):
    """One methodology; `rules.py` says what each section means.

    `assumed` maps a dotted key to the reason why its value is assumed. `expect` is the promise as it stands in the file. `stated` are the dotted keys that the
    file states, `file` its name: neither bears on any determination.
    """

    methodology: Methodology
    input: Input = Input()
    staleness: Staleness = Staleness()
    validity: Validity = Validity()
    outlier: Outlier = Outlier()
    weights: Weights = Weights()
    aggregation: Aggregation = Aggregation()
    quorum: Quorum = Quorum()
    rounding: Rounding | None = None
    assumed: dict[str, str] = {}
    expect: dict[str, object] = {}
    stated: tuple[str, ...] = ()
    file: str | None = None

    @property
    def uses(self) -> tuple[str, ...]:
        """The columns it prices from."""
        return ("bid", "ask") if self.input.price == "mid" else ("price",)

    def weights_for(self, basket: Basket) -> tuple[float, ...]:
        """Return the weight of each source of a basket before anything is thrown out.

        Raises InputError where `weights.fixed` names a source that the basket has not, or the sum is 0.
        """
        if self.weights.kind == "equal":
            return (1.0,) * len(basket)
        ids = [source.id for source in basket]
        for name in self.weights.fixed:
            if name not in ids:
                problem = "names a source that is not in the basket"
                raise InputError(problem, file=self.file, key=f"weights.fixed.{name}", remedy=did_you_mean(name, ids))
        given = tuple(self.weights.fixed.get(source.id, source.weight) for source in basket)
        if not any(weight > 0 for weight in given):
            problem = "must have a sum above 0 over the basket, was 0"
            raise InputError(problem, file=self.file, key="weights.fixed", remedy="give at least one source a weight")
        return given
