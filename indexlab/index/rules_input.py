"""The rules for what goes in: what each source brings, which observations count, and when a source counts no more. The other sections are in `rules`."""

from __future__ import annotations

from typing import Literal, TypeAlias

import msgspec

from indexlab.market.units import SECOND

__all__ = [
    "Accept",
    "Action",
    "AtLimit",
    "Clock",
    "Conversion",
    "Input",
    "Invalid",
    "Latency",
    "Missing",
    "Outside",
    "Price",
    "Rates",
    "Staleness",
    "Unchanged",
    "Validity",
]

Price: TypeAlias = Literal["last", "mid", "median", "cross", "book", "confidence", "vwap", "tvwap", "trades"]
Action: TypeAlias = Literal["drop", "hold", "weight-0"]
Rates: TypeAlias = Literal["none", "same-round", "previous-round", "peg"]
Missing: TypeAlias = Literal["exclude", "peg"]
Outside: TypeAlias = Literal["clamp", "exclude"]
Clock: TypeAlias = Literal["event", "receive"]
AtLimit: TypeAlias = Literal["live", "stale"]
Accept: TypeAlias = Literal["positive", "finite"]
Invalid: TypeAlias = Literal["ignore", "exclude"]


class Input(msgspec.Struct, frozen=True, omit_defaults=True):
    """What each source brings.

    `price`: "last", the price column, whatever the book says; "mid", (bid + ask) / 2 where an observation carries both sides, whatever the price column
    says (without any book it brings its price, noted once; with one side alone, or crossed (bid > ask), it is invalid); "median" of bid, ask and price, of
    those that are there and valid (of two their mean; a crossed book is invalid).
    From the book's levels: "cross", the two best levels a side, cross-weighted: (b1 * qa1 + a1 * qb1 + b2 * qa2 + a2 * qb2) / (sum of the four sizes), of one
    level a side the same with two; "book", all levels, for aggregation.rule = "order-book" (the mid of the best levels stands for the source elsewhere).
    Without levels: the bid and ask as one level a side of size 1 ("book": of book.spacing); without those either, "cross" brings the price, and "book"
    the price with half a basis point to each side. Levels are taken best first; a level without a finite size above 0 and a finite price above 0 is
    passed over; a side without levels, or a crossed book (best bid > best ask; for "book" also bid = ask), makes the observation invalid.
    "confidence": the price with its confidence column, for aggregation.rule = "votes"; a confidence that is null is half the spread (ask - bid) / 2 where
    there is a book with ask > bid, else a basis point of the price's size (noted once); one that is not above 0 makes the observation invalid.
    Over `window` (duration; by event time, the window (T - window, T] at publication T; of received and valid observations only): "vwap", sum(price * size) /
    sum(size); "tvwap", the same with size * (least_time_weight + (1 - least_time_weight) * (window - (T - event time)) / window); the size is
    `trade_size`, where that is null `volume`, where that is null too 1 (noted once); sizes below `least_size` or not above 0 are passed over. A source
    with nothing in its window is stale (absent or invalid where it never said anything valid). "trades": the observations themselves, for
    aggregation.rule = "partitions" (elsewhere the last price stands for the source).
    `max_uncertainty`: an observation whose confidence is larger than this share of its price's size is invalid (1 or not given: no limit; a null
    confidence passes).
    """

    price: Price = "last"
    window_us: int | None = None
    least_time_weight: float = 0.0
    least_size: float = 0.0
    max_uncertainty: float = 1.0


class Conversion(msgspec.Struct, frozen=True, omit_defaults=True):
    """How a price in another currency becomes one in the index's; after staleness, before everything else.

    `rate`: "none", prices are taken as they are; "same-round", times the newest rate of the source's quote currency (the request's `rates`: price of one
    unit) received at or before the publication; "previous-round", the same as of the publication before (none at the first); "peg", times `peg` (the
    table [conversion.peg], currency = value). A currency that has neither a series nor a peg is the index's own: factor 1. A rate that is no finite
    number above 0 is as if it had not come; the newest is the last received.
    `inverted`: ids of sources whose price p becomes 1 / p first, whatever `rate` is; a price that is not above 0 is then invalid.
    `silence_us`: the largest age of a rate, by receive time ("none": any); older, or none yet, is missing. `missing`: "exclude", the source is invalid;
    "peg", the peg (without one it is invalid). `band` around the peg (0: none, and then only with a peg): `outside`: "clamp", the rate is moved to its
    end; "exclude", the source is invalid.
    """

    rate: Rates = "none"
    peg: dict[str, float] = {}
    inverted: tuple[str, ...] = ()
    silence_us: int | None = None
    missing: Missing = "exclude"
    band: float = 0.0
    outside: Outside = "clamp"


class Staleness(msgspec.Struct, frozen=True, omit_defaults=True):
    """Silence: now minus the last valid message.

    `silence_us`, key `silence` ("10s"; "none" or not given: never): the largest age of a source's newest valid observation.
    `clock`: "event": newest is the largest event time, the later arrival among equals (what arrives late never replaces it), and its age is the time of
    publication minus its event time; "receive": newest is the last received, and its age is counted from its receive time. An age below 0 counts as 0.
    `at_limit`: what an age of exactly the limit is, "live" or "stale".
    `action`: "drop", the source takes no part (stale); "hold", it counts as before with its last price; "weight-0", its last price stays in the outlier
    rule's reference, but it has no weight and does not count as live (stale). `remove_after`: an age beyond this is dropped whatever the action is
    ("none": never; at exactly this, `at_limit`).
    """

    silence_us: int | None = None
    clock: Clock = "event"
    at_limit: AtLimit = "live"
    action: Action = "drop"
    remove_after_us: int | None = None


class Latency(msgspec.Struct, frozen=True, omit_defaults=True):
    """Delay: receive time minus event time, of each observation.

    `limit_us`, key `limit` ("none": no limit), `at_limit` as for silence. `action`: "drop", a delayed observation puts its source out (stale) until the
    next that is not delayed;
    "hold", it is ignored, and the price before it stays; "weight-0", its price is taken, and stays in the reference without weight (stale) until the next
    that is not delayed. Only a valid observation is asked; what the event clock passes over as late is passed over here too.
    """

    limit_us: int | None = None
    at_limit: AtLimit = "live"
    action: Action = "drop"


class Unchanged(msgspec.Struct, frozen=True, omit_defaults=True):
    """A price that does not change: now minus the time (by staleness.clock) at which the source's price last became another one, bit for bit.

    `limit_us`, key `limit` ("none": no limit), `at_limit`: as for silence. `action`: "drop" or "weight-0" ("hold" would change nothing, and is refused).
    """

    limit_us: int | None = None
    at_limit: AtLimit = "live"
    action: Action = "drop"


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
