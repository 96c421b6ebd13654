"""The rules a methodology declares, section by section: each key has one meaning, and it is written here.

Both implementations (`reference`, exact, and `kernel`, compiled) follow these sentences. Ratios are plain floats (0.05), times microseconds. "The same
price" means within a relative 1e-12 of the larger one (`TIE`), so that what is equal in decimals does not come apart in binary.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Literal, TypeAlias

import msgspec

from indexlab.index.choices import CHOICES
from indexlab.index.rules_input import (
    Accept,
    Action,
    AtLimit,
    Clock,
    Conversion,
    Input,
    Invalid,
    Latency,
    Missing,
    Outside,
    Price,
    Rates,
    Staleness,
    Unchanged,
    Validity,
)
from indexlab.market.errors import InputError, did_you_mean

if TYPE_CHECKING:
    from indexlab.market.source import Basket, Source

__all__ = [
    "BORDER",
    "BORDER_RELATIVE",
    "CHOICES",
    "LARGEST_COUNT",
    "NO_BOOK_NOTE",
    "NO_CONFIDENCE_NOTE",
    "NO_SIZE_NOTE",
    "TIE",
    "Accept",
    "Action",
    "Aggregation",
    "AtLimit",
    "Blend",
    "Book",
    "Clock",
    "Conversion",
    "Declaration",
    "FewRule",
    "Guard",
    "Input",
    "Invalid",
    "Latency",
    "Methodology",
    "Missing",
    "Outlier",
    "Outside",
    "Own",
    "Price",
    "Quorum",
    "Rates",
    "Reinclusion",
    "Rounding",
    "Staleness",
    "Unchanged",
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
NO_BOOK_NOTE: Final = "input.price from the book: observations without a book came, and their price was used instead"
NO_CONFIDENCE_NOTE: Final = 'input.price = "confidence": observations without a confidence came, and half their spread, or a basis point, was used instead'
NO_SIZE_NOTE: Final = "input.price over a window: observations without a size came, and counted with a size of 1"

OutlierRule: TypeAlias = Literal["none", "drop", "clamp", "weight-0", "median", "hold", "halt", "own"]
Reference: TypeAlias = Literal[
    "median", "mean", "median-of-others", "mean-of-others", "weighted-median", "last-index", "median-with-last-index", "neighbour", "own"
]
Comparison: TypeAlias = Literal[">", ">="]
Several: TypeAlias = Literal["each", "median", "keep", "hold", "halt"]
Deviation: TypeAlias = Literal["population", "sample"]
AllOut: TypeAlias = Literal["no-value", "keep"]
Readmitted: TypeAlias = Literal["outlier", "stale", "both"]
ReadmittedBy: TypeAlias = Literal["others", "all"]
Within: TypeAlias = Literal["<=", "<"]
AtEnd: TypeAlias = Literal["back", "out"]
WeightKind: TypeAlias = Literal["equal", "fixed", "volume", "traded"]
AggregationRule: TypeAlias = Literal[
    "weighted-mean", "median", "weighted-median", "drop-highest-and-lowest", "trimmed-mean", "votes", "order-book", "partitions"
]
Even: TypeAlias = Literal["mean", "floor", "away-from-zero", "lower", "upper"]
Tie: TypeAlias = Literal["lower", "upper", "mean"]
Below: TypeAlias = Literal["halt", "hold", "degrade", "mean", "own"]
Then: TypeAlias = Literal["halt", "hold"]
Counts: TypeAlias = Literal["sources", "venues", "upstreams"]
StepAction: TypeAlias = Literal["clamp", "halt"]
RoundingMode: TypeAlias = Literal["half-even", "half-up", "half-down", "down", "up"]
Grade: TypeAlias = Literal["O", "M", "C", "T", "D"]


class Methodology(msgspec.Struct, frozen=True, omit_defaults=True):
    """Where the rules come from.

    `id` and `name` default to the file's name. `date` is the rule's ("2020-10-29", "2018-06" or "2018"), `url` where it was published, `retrieved` when it
    was read there, `asset` what the index is of ("BTC"), for outlier.by_asset. `grade` says how good the evidence is: O official page, M official text
    through a mirror, C source code, T third party, D derived.
    """

    id: str
    name: str
    venue: str = ""
    date: str = ""
    url: str = ""
    grade: Grade | None = None
    summary: str = ""
    retrieved: str = ""
    asset: str = ""


class FewRule(msgspec.Struct, frozen=True, omit_defaults=True):
    """The outlier rule for exactly two live sources ([outlier.two]) or one ([outlier.one]), in place of the main one; words as in [outlier]."""

    rule: OutlierRule
    reference: Reference = "median"
    band: float = 0.0
    comparison: Comparison = ">"


class Outlier(msgspec.Struct, frozen=True, omit_defaults=True):
    """What is done with a source far from the others; one pass, after re-inclusion, before weights.

    `rule`: "none"; "drop", it takes no part; "clamp", its price is moved to the nearest end of the band; "weight-0", it has no weight (in one pass the
    same as "drop");
    "median", the index is the median of all live sources instead, none dropped, none moved; "hold", the last value is published again (held; none yet:
    halted); "halt", no value;
    "own", the venue's own last price is the index (degraded; no own price: halted).
    `reference`: "median" of all live sources, the suspect among them, unweighted, of an even count the mean of the middle two; "mean" of all, unweighted;
    "median-of-others",
    "mean-of-others", without the suspect (alone: there is no reference); "weighted-median" of all by given weight, the lower at a tie; "last-index", the
    last value that was ok or degraded (none yet: no reference); "median-with-last-index", the median of all live prices and the last index together (none
    yet: of the prices); "neighbour": only the lowest and the highest price are asked, and compared with the next one (of one source: none); "own", the
    venue's own last price ([own]). Without a reference nobody is out. In the reference are all live sources and those that are stale with weight 0.
    `band` (a ratio, "5%" or "50bp"): m is the reference and p the price; |p - m| is compared with band times |m|. `by_quote` and `by_asset` (tables
    [outlier.by_quote], [outlier.by_asset]): other bands for sources with that quote currency, or where methodology.asset is that; by_quote comes first.
    `sigmas`, instead of a band (with reference "mean" and rule "drop" or "weight-0"): |p - m| is compared with so many standard deviations of the prices
    in the reference, `deviation` "population" (divided by n) or "sample" (n - 1; of one price: 0).
    `comparison`: ">", out beyond the band only; ">=", out at its end too. A difference of at most 1e-12 times the larger of |p| and |m| is "at its end".
    `several`: at least `several_from` sources out (2): "each", the rule for each; "median", the index is the median of all live sources, none dropped,
    none moved; "keep", none is out;
    "hold" and "halt" as above.
    `from_sources`: the rule applies from so many live sources on; with fewer, none is out. [outlier.two] and [outlier.one], where given, come first at
    exactly two and one.
    `drop_beyond` (with "clamp"; 0: none): what is beyond this wider band is dropped, not clamped (same comparison).
    `exempt_share` (1: none): a source with more than this share of the given weights of the live ones is never out.
    `all_out`: everyone dropped: "no-value"; "keep", then none is.
    """

    rule: OutlierRule = "none"
    reference: Reference = "median"
    band: float = 0.0
    comparison: Comparison = ">"
    several: Several = "each"
    from_sources: int = 1
    sigmas: float = 0.0
    deviation: Deviation = "population"
    several_from: int = 2
    drop_beyond: float = 0.0
    exempt_share: float = 1.0
    all_out: AllOut = "no-value"
    by_quote: dict[str, float] = {}
    by_asset: dict[str, float] = {}
    two: FewRule | None = None
    one: FewRule | None = None


class Reinclusion(msgspec.Struct, frozen=True, omit_defaults=True):
    """When a source that was thrown out comes back; without this table, at once. While it is out it is not live: no part, no reference, no count (cooling).

    `applies_to`: who goes out: what the outlier rule dropped ("outlier"), what went stale and was dropped ("stale"), or "both". A source that has never
    been live is not out. A source that is out is looked at at each publication, before the outlier rule, in the order of the basket, and against those
    who were in before any of them came back: it is *right* where it has a valid price that is not stale (stale only counts for itself: it stays out as
    stale), and its distance from the reference is within `band` (None, not given: the outlier rule's; 1: any), `comparison` "<=" or "<" (what is "at its
    end" as for outliers).
    `reference`: "others", the median of the live sources that are in; "all", of those and the source itself. Where no other is in, or exactly one is and
    the last publication was held: the last index, with the band
    `alone` (None: the same band); there is none: it is right.
    It comes back at the publication at which it has been right without a break for `held_for` since the first publication at which it was right; at
    exactly that: `at_limit` "back" or "out" (until the next).
    `out_for`: first of all it stays out so long since it went out, whatever it says (at exactly that it is looked at). Then, where it is not right: that
    is another strike, and it stays out for `out_for` again (0: no timer).
    `strikes` (0: none; at most 8) within `strikes_within` (at exactly that: within), each going out as an outlier being one too: it stays out for the
    rest of the run.
    """

    band: float | None = None
    comparison: Within = "<="
    reference: ReadmittedBy = "others"
    held_for_us: int = 0
    at_limit: AtEnd = "back"
    alone: float | None = None
    out_for_us: int = 0
    strikes: int = 0
    strikes_within_us: int = 0
    applies_to: Readmitted = "outlier"


class Weights(msgspec.Struct, frozen=True, omit_defaults=True):
    """How much each source counts; always divided by the sum over those that take part.

    `kind`: "equal"; "fixed", the weights of the basket, some or all replaced by `fixed` (the table [weights.fixed], source id = weight); "volume", the
    sum of the `volume` column (null and negative pass) of the source's valid observations received in (R - window, R], where R is the publication or,
    with `refresh`, the last multiple of `refresh` since 1970 at or before it; "traded", the size behind the input's price (with input.price = "vwap":
    sum(size), "tvwap": the time-weighted sum, "cross": the sizes of its levels). Where no source has any, the weights of the basket stand in.
    `cap` (1: none): no source has more than this share of the given weights; what is above is spread over the others in proportion, again and again
    (where cap times the number of sources with a weight is at most 1: all equal). A given weight of 0 is absence: the source is in no median and no count.
    """

    kind: WeightKind = "equal"
    fixed: dict[str, float] = {}
    window_us: int | None = None
    refresh_us: int = 0
    cap: float = 1.0


class Aggregation(msgspec.Struct, frozen=True, omit_defaults=True):
    """How one value is made of what is left after the outlier rule.

    `rule`: "weighted-mean"; "median", unweighted; "weighted-median", the lowest price at which the cumulative weight reaches half;
    "drop-highest-and-lowest", the weighted mean without one highest and one lowest price (fewer than `trim_from`, three: without dropping any; where
    several sources are the highest together, each loses an equal share of its weight, one source's worth in all); "trimmed-mean", the same without
    floor(trim * n) of each end (`trim`, a share below a half; which of equal prices go: each an equal share); "votes", "order-book" and "partitions", see
    below.
    `even`: the median of an even count: "mean" of the middle two; that mean rounded down ("floor") or away from zero ("away-from-zero") to whole
    multiples of `unit`; the "lower" or the "upper" of the two.
    `unit`: default 1 (whole numbers).
    `tie`: the weighted median where the cumulative weight is exactly half: "lower", that price; "upper", the next one; "mean" of both.
    "votes": three votes a source, price - confidence, price and price + confidence; of the 3n sorted votes the value is the median by `even`; the
    determination's confidence is the larger of p50 - p25 and p75 - p50, where p25 is at position (3n) // 4 and p75 at 3n - 1 - (3n) // 4; not above 0: no
    value. A source's share is one n-th.
    "partitions": the observations with a price and a size whose event time is in [T - window, T), pooled over the sources that take part, in `partitions`
    equal parts of the window; of each part the weighted median price by size, by `tie`; the value is the plain mean over the parts that have any (none:
    no value). Shares are by size in the window.
    "order-book": see `Book`.
    """

    rule: AggregationRule = "weighted-mean"
    even: Even = "mean"
    unit: float = 1.0
    tie: Tie = "lower"
    trim: float = 0.0
    trim_from: int = 3
    partitions: int = 12


class Book(msgspec.Struct, frozen=True, omit_defaults=True):
    """The consolidated order book of CME CF real-time indices, over the newest books of the sources that take part.

    Cap: of each side the sizes of levels within `depth` of the best price (consolidated over sources; at least `at_least` levels a side, the next ones
    where there are fewer), both sides together, sorted; k = floor(trim * n); the mean of the sizes without the k at each end, plus `sigmas` sample
    standard deviations (n - 1; of one: 0) of the sizes with the k at each end set to their neighbours. No level counts with more than that. Curve: at
    volume v, ask(v) and bid(v) are the prices of the level at which the cumulative capped size first reaches v (within a relative 1e-12); mid = (ask +
    bid) / 2, spread = ask / mid - 1. The utilised depth is the largest multiple of
    `spacing`, contiguous from the first, reached on both sides with spread at most `max_spread` (a relative 1e-12 more counts); none: one spacing. Where
    one side does not reach one spacing: the mid of the best levels. At most `steps` multiples are looked at.
    Value: the mean of mid(v) over the multiples v up to the utilised depth V, weighted by exp(-v / (decay * V)). Shares are equal.
    """

    spacing: float = 1.0
    depth: float = 0.05
    at_least: int = 50
    trim: float = 0.01
    sigmas: float = 5.0
    max_spread: float = 0.005
    decay: float = 0.3
    steps: int = 1_000


class Guard(msgspec.Struct, frozen=True, omit_defaults=True):
    """What is done with the value that the rules give, before it is rounded and published, in this order.

    `smoothing` (0: none): an exponential mean over so many publications: s = s + 2 / (smoothing + 1) * (value - s), from the first value on; publications
    without a value leave it.
    `step` (0: none): how far a value may be from the last one published (ok or degraded), as a ratio of it; beyond (by the tie rule): `action` "clamp",
    it is moved to the end; "halt", there is no value. `latching`: after a halt by step none is published for the rest of the run.
    `own_band` (0: none): the value is moved into this band around the venue's own last price ([own]), where there is one.
    """

    smoothing: int = 0
    step: float = 0.0
    action: StepAction = "clamp"
    latching: bool = False
    own_band: float = 0.0


class Blend(msgspec.Struct, frozen=True, omit_defaults=True):
    """From an old methodology to this one: until `at` the old one's value and status, after `at` + `over` this one's, between them the linear mean of the two.

    `old`: key `from`, a preset's name (another file's rules cannot be named). `at` is a date and time in the file (UTC). With `every`, the share changes
    at whole multiples of it since `at` ("0s": at every publication). The share of the new one is (T - at) / over. Where one of the two has no value, the
    other's stands; weights and prices are this methodology's from `at` on, the old one's before.
    """

    old: str
    at_us: int
    over_us: int
    every_us: int = 0


class Quorum(msgspec.Struct, frozen=True, omit_defaults=True):
    """What is published when too few sources are live (valid, not stale, not absent, not cooling; before the outlier rule).

    `counts`: what is counted wherever a rule counts sources: "sources"; "venues", all of one venue as one; "upstreams", all that share a venue or an
    upstream as one.
    `ok_from`: with so many live sources the status is `ok`; with fewer it never is. `weight_share` (0: none): nor with less than this share of the
    basket's given weights (within 1e-12).
    `below`: otherwise, "halt": no value; "hold": the last value that was `ok` or `degraded`, again, as `held` (none yet: halted); "degrade": the same rules
    with those that are left, as `degraded`; "mean": the unweighted mean of those that are left, without any outlier rule, as `degraded`; "own": the
    venue's own last price, as `degraded` (none: halted).
    `least`: "degrade" and "mean" want so many; with fewer `then`, "halt" or "hold".
    Where the rules give no finite number above 0 (all dropped, a mean of 0), there is no value: held with below or then "hold", otherwise halted.
    """

    ok_from: int = 3
    below: Below = "halt"
    least: int = 1
    then: Then = "halt"
    counts: Counts = "sources"
    weight_share: float = 0.0


class Own(msgspec.Struct, frozen=True, omit_defaults=True):
    """The venue's own contract: a source that takes no part in anything (absent) but where a rule asks for the venue's own last price.

    `source`: its id ("": none). Its price is its newest valid one, at most staleness.silence old, whatever else is said of staleness.
    """

    source: str = ""


class Rounding(msgspec.Struct, frozen=True, omit_defaults=True):
    """How the value is rounded, last of all, to whole multiples of `tick`: to the nearest ("half-even", "half-up", "half-down"), "down" or "up".

    A value within a millionth of a tick of a border counts as at the border.
    """

    tick: float
    mode: RoundingMode = "half-even"


class Declaration(msgspec.Struct, frozen=True):
    """One methodology; `rules.py` says what each section means.

    `assumed` maps a dotted key to the reason why its value is assumed. `expect` is the promise as it stands in the file. `stated` are the dotted keys
    that the file states, `file` its name: neither bears on any determination.
    """

    methodology: Methodology
    input: Input = Input()
    conversion: Conversion = Conversion()
    staleness: Staleness = Staleness()
    latency: Latency = Latency()
    unchanged: Unchanged = Unchanged()
    validity: Validity = Validity()
    outlier: Outlier = Outlier()
    reinclusion: Reinclusion | None = None
    weights: Weights = Weights()
    aggregation: Aggregation = Aggregation()
    book: Book = Book()
    guard: Guard = Guard()
    blend: Blend | None = None
    quorum: Quorum = Quorum()
    own: Own = Own()
    rounding: Rounding | None = None
    assumed: dict[str, str] = {}
    expect: dict[str, object] = {}
    stated: tuple[str, ...] = ()
    file: str | None = None

    @property
    def uses(self) -> tuple[str, ...]:
        """The columns it prices from."""
        return ("bid", "ask") if self.input.price in ("mid", "median", "cross", "book") else ("price",)

    def weights_for(self, basket: Basket) -> tuple[float, ...]:
        """Return the weight of each source of a basket before anything is thrown out or capped; the venue's own source has none.

        Raises InputError where `weights.fixed` names a source that the basket has not, or the sum is 0.
        """
        ids = [source.id for source in basket]
        for name in self.weights.fixed:
            if name not in ids:
                problem = "names a source that is not in the basket"
                raise InputError(problem, file=self.file, key=f"weights.fixed.{name}", remedy=did_you_mean(name, ids))
        equal = self.weights.kind == "equal"
        given = tuple(0.0 if source.id == self.own.source else 1.0 if equal else self.weights.fixed.get(source.id, source.weight) for source in basket)
        if not equal and not any(weight > 0 for weight in given):
            problem = "must have a sum above 0 over the basket, was 0"
            raise InputError(problem, file=self.file, key="weights.fixed", remedy="give at least one source a weight")
        return given

    def check_fit(self, basket: Basket) -> None:
        """Raise InputError where these rules can never give a value that is ok for a basket, or weigh sources that it has not."""
        self.weights_for(basket)
        counted = len({group for group, source in zip(self.groups_for(basket), basket, strict=True) if source.id != self.own.source})
        if self.quorum.ok_from > counted:
            problem = f"must not be above the number of sources in target.sources, {counted}, was {self.quorum.ok_from}"
            raise InputError(problem, file=self.file, key="quorum.ok_from", remedy="name more sources, or ask for fewer")

    def band_for(self, source: Source) -> float:
        """Return the outlier rule's band for a source: by its quote currency, by the index's asset, else the band."""
        outlier = self.outlier
        return outlier.by_quote.get(source.quote, outlier.by_asset.get(self.methodology.asset, outlier.band))

    def groups_for(self, basket: Basket) -> tuple[int, ...]:
        """Return for each source the number of the group that it counts with, by `quorum.counts`; groups are numbered by their first source."""
        names = [_counted_as(self.quorum.counts, source) for source in basket]
        found: list[int] = []
        for s, mine in enumerate(names):
            joined = {found[other] for other in range(s) if names[other] & mine}
            number = min(joined, default=s)
            found = [number if group in joined else group for group in found]
            found.append(number)
        return tuple(found)


def _counted_as(counts: Counts, source: Source) -> set[tuple[str, str]]:
    if counts == "sources":
        return {("id", source.id)}
    venue = {("venue", source.venue)}
    return venue if counts == "venues" or source.upstream is None else venue | {("upstream", source.upstream)}
