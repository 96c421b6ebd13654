"""Defects in what goes in: prices, times, staleness, late data, conversion, volumes. Rows: id, family, what is changed, how, methods, origin, equivalent."""

from __future__ import annotations

from typing import Final

from indexlab.targets.planted.defect import (
    ALL,
    BANDED,
    BOOKS,
    CLAMPS,
    EVENT,
    EXCLUDING,
    GIVEN,
    IGNORING,
    PRICES,
    RECEIVE,
    VOLUMES,
    Asked,
    Declared,
    Defect,
    Switched,
)

__all__ = ["INPUT_DEFECTS"]


def _switch(name: str, setting: float = 1.0) -> Switched:
    return Switched({name: setting})


_GARBAGE: Final = (
    Defect("null-as-zero", "garbage", "a null price counts as a price of 0", _switch("null-as-zero"), ALL, "skip-mev/connect #386"),
    Defect("null-as-last", "garbage", "a null price says the price before it anew, and keeps it fresh", _switch("null-as-last"), EVENT),
    Defect("negative-abs", "garbage", "a price below 0 loses its sign and counts", _switch("absolute-price"), PRICES),
    Defect("accepts-zero", "garbage", "a price of 0 counts", _switch("accept-zero"), PRICES, "irys #1544; starkware-libs/sequencer #14548"),
    Defect("accepts-negative", "garbage", "a price below 0 counts", _switch("accept-negative"), PRICES),
    Defect("crossed-wraps", "garbage", "the middle is the bid and half of an unsigned spread: of a crossed book that is huge",
        _switch("crossed-wraps", 92_233_720_368.5), BOOKS),
    Defect("one-sided-halved", "garbage", "a side that is missing is a price of 0: the middle is half the other side", _switch("empty-side-halves"), BOOKS),
    # in a mean of several books half a spread of one of them is below what counts as a difference
    Defect("one-side-alone", "garbage", "where a side is missing the other one is the price", _switch("empty-side-alone"), ("median-mid",)),
    Defect("last-for-mid", "garbage", "the price is taken, and the book is not looked at", Declared({"input.price": "last"}), BOOKS, "",
        "the price is a quotation as good as the book, and beside a bad book it may stand alone"),
    Defect("invalid-poisons", "garbage", "a source whose last message was no price makes the value not a number", _switch("invalid-poisons"), ALL),
    Defect("invalid-for-ever", "garbage", "a source that once said what is no price is out for the rest of the run", _switch("invalid-for-ever"), ALL),
    Defect("invalid-filled", "garbage", "what is no price is filled with the index before, as if it had been said", _switch("invalid-filled"), ALL),
    Defect("garbage-remembered", "state", "after a run with a price below 0 the next run loses its first source", _switch("leak-garbage"), ALL),
    Defect(
        "invalid-blanks-all", "isolation", "after a message that is no price there is no value at the next publication", _switch("invalid-stops-all"), ALL,
        "umee-network/umee #339, #356",
    ),
    Defect("crossed-stays", "garbage", "a bad book is passed over, and the book before it stays", Declared({"validity.invalid": "ignore"}), EXCLUDING, "",
        "both ways are allowed: as if it had not come, or as if its source were absent"),
    Defect("negative-dropped", "garbage", "prices below 0 are dropped without a word", Declared({"validity.accept": "positive"}), PRICES, "pyth-client #344",
        "every plan calls a price below 0 invalid: to drop it is the rule here"),
    Defect("any-confidence", "garbage", "any width of confidence is accepted", Declared({"input.max_uncertainty": 1.0}), PRICES, "pyth-client #166",
        "a source may say anything of itself: what it can do with it is bounded by single-source"),
)  # fmt: skip

_NUMBERS: Final = (
    Defect("whole-prices", "numbers", "prices lose what stands after the point", _switch("whole-price"), ALL),
    Defect("four-decimals", "numbers", "prices are kept to four decimals", _switch("decimals", 1e4), ALL),
    Defect("cents-of-32-bits", "numbers", "prices are a counter of cents of 32 bits", _switch("wrap-price", 42_949_672.96), ALL),
    Defect("nanos-of-64-bits", "numbers", "prices are a counter of billionths of 64 bits", _switch("wrap-price", 9_223_372_036.854775), ALL),
    Defect("lowest-price", "scale", "a price below 0.001 is taken for garbage", _switch("lowest-price", 0.001), ALL),
    Defect("highest-price", "scale", "a price above a million is taken for garbage", _switch("highest-price", 1e6), ALL),
    Defect("single-times", "numbers", "times are kept in single precision: whole multiples of 128 s", _switch("coarse-time", 128e6), EVENT),
    Defect("messages-of-8-bits", "numbers", "the counter of a source's messages ends at 255, and with it the source", _switch("source-limit", 255), ALL),
    Defect("messages-of-15-bits", "numbers", "the counter of messages ends at 32,767: what comes after it is not heard", _switch("message-limit", 32_767), ALL),
    Defect("messages-of-10-bits", "numbers", "the queue of a run holds 1,024 messages: what comes after them is not heard",
        _switch("message-limit", 1_024), ALL),
    Defect("single-prices", "numbers", "prices are kept in single precision", Asked("single_prices"), ALL, "",
        "the error of a single-precision price is below 0.001 bp, and two values within 0.1 bp are the same"),
    Defect("millisecond-times", "numbers", "times are cut to whole milliseconds", Asked("millisecond_times"), ALL, "",
        "no age is judged within 2 s of the limit, and nothing else here hangs on less than a publication"),
)  # fmt: skip

_TIMES: Final = (
    Defect("future-accepted", "future", "any event time ahead is accepted, and the source is fresh until then", _switch("ahead-limit", 1e18), EVENT,
        "pyth-client #374"),
    Defect("future-a-minute", "future", "an event time up to an hour ahead is accepted", _switch("ahead-limit", 3.6e9), EVENT, "pyth-client #374"),
    Defect("future-averaged", "future", "a price from the future is accepted and averaged with the one before",
        Switched({"ahead-limit": 1e18, "ahead-averaged": 1.0}), EVENT, "ojo-network/price-feeder #91, #96"),
    Defect("ahead-refused", "future", "an event time ahead of its receipt by anything is refused",
        _switch("ahead-refused"), ALL, "pyth-network/pyth-client #73"),
    Defect("age-below-0-stale", "future", "an age below 0 is a huge one in unsigned numbers",
        _switch("age-below-0-stale"), EVENT, "pyth-network/pyth-client #73"),
    Defect("negative-age-fresh", "future", "an age below 0 is fresh, whatever it is", Declared({"validity.max_ahead_us": 10**15}), EVENT,
        "pancake-smart-contracts #55; archimedes #987"),
    Defect("future-refused-by-receipt", "future", "with ages by receipt an event time ahead refuses the price", _switch("ahead-refused"), RECEIVE),
    Defect("no-delay-refused", "time", "a message received in the microsecond of its event is refused", _switch("no-delay-refused"), ALL),
    Defect("late-replaces", "late data", "what is older by its event time replaces what is newer", _switch("late-replaces"), EVENT),
    Defect("late-refreshes", "late data", "what is older by its event time leaves the price, but makes it fresh", _switch("late-refreshes"),
        tuple(name for name in EVENT if name not in VOLUMES)),
    Defect("jump-refused", "filter", "a price 5 % from the source's own one before is no price", _switch("jump-limit", 0.05), ALL),
    Defect("highest-stays", "output", "a source's price never falls", _switch("highest-stays"), ALL),
    Defect("source-smoothed", "output", "a source's price is an exponential mean with 1 % of the new one", _switch("smooth-source", 0.01), ALL),
)  # fmt: skip

_STALENESS: Final = (
    Defect("never-stale", "staleness", "no source is ever stale", Declared({"staleness.silence_us": None}), ALL),
    Defect("age-limit-times-1000", "staleness", "the age limit is read in milliseconds and kept in seconds: 1,000 times too long",
        Declared(factors={"staleness.silence_us": 1_000}), ALL),
    Defect("age-limit-times-10", "staleness", "the age limit is ten times too long", Declared(factors={"staleness.silence_us": 10}), ALL),
    Defect("age-limit-doubled", "staleness", "the age limit holds once for the source and once for the index: twice as long",
        Declared(factors={"staleness.silence_us": 2}), ALL),
    Defect("age-limit-by-1000", "staleness", "the age limit is 1,000 times too short", Declared(factors={"staleness.silence_us": 0.001}), ALL),
    Defect("refresh-is-limit", "staleness", "the refresh interval is the age limit, and a price said again is not said",
        Switched({"repeat-stays-old": 1.0}), ALL, "skip-mev/connect #167"),
    Defect("three-minutes-for-all", "staleness", "one age limit for all: three minutes", Declared({"staleness.silence_us": 180_000_000}), ALL,
        "sentiment-v2 2024-08 #126"),
    Defect("limit-too-short", "staleness", "a window of 100 ms for sources that speak every second", Declared({"staleness.silence_us": 100_000}), ALL,
        "umee #792"),
    Defect("unchanged-dropped", "staleness", "a price that does not change for five seconds is dropped", Declared({"unchanged.limit_us": 5_000_000}), ALL,
        "skip-mev/connect #167"),
    Defect("age-by-anybody", "staleness", "a message of anybody's makes everybody fresh", _switch("age-by-anybody"), ALL),
    Defect("age-by-message", "staleness", "any message of its own makes a source fresh, a null too", _switch("age-by-message"), EVENT),
    Defect("age-by-receipt", "staleness", "the age is taken from the time of receipt", _switch("age-by-other-clock"), EVENT,
        "dfinity/exchange-rate-canister #317, #342"),
    Defect("age-by-event", "staleness", "the age is taken from the event time where receipt was promised", _switch("age-by-other-clock"), RECEIVE),
    Defect("repeats-are-fresh", "staleness", "ages and order by receipt: a dead source that repeats its last answer is alive",
        Declared({"staleness.clock": "receive"}), EVENT, "dfinity/exchange-rate-canister #317, #342"),
    Defect("age-from-newest", "staleness", "the age is taken from the newest of the surviving samples", _switch("age-from-newest"), ALL, "XRPLF/rippled #7167"),
    Defect("age-at-arrival", "staleness", "the age is looked at on arrival, and never again", _switch("age-at-arrival"), ALL),
    Defect("age-reversed", "staleness", "what is older than the limit is live, what is younger is not", _switch("age-reversed"), ALL,
        "pancake-smart-contracts #55"),
    Defect("age-of-neighbour", "staleness", "a source has the age of the next one in the list", _switch("age-of-neighbour"), ALL),
    Defect("first-stale-only", "staleness", "only the first stale source of the list is left out", _switch("stale-first-only"), ALL),
    Defect("stale-fill", "staleness", "where too few are live the stale ones count again", _switch("stale-fill"), ALL),
    Defect("stale-is-zero", "staleness", "a stale source stays in, with a price of 0", _switch("stale-zero"), ALL, "umee #1261, #1268"),
    Defect("stale-never-back", "re-inclusion", "a source that went stale is out for the rest of the run", _switch("stale-never-back"), ALL),
    Defect("stale-held", "staleness", "a stale source keeps its last price and its weight", Declared({"staleness.action": "hold"}), ALL),
    Defect("invalid-refreshes", "staleness", "what is no price makes the price before it fresh", _switch("invalid-refreshes"), IGNORING),
    Defect("minute-arithmetic", "time", "ages are taken from the field of seconds alone", _switch("age-in-minute"), ALL),
    Defect("day-arithmetic", "time", "ages are differences of times of day", _switch("age-in-day"), ALL),
)  # fmt: skip

_OTHER_INPUT: Final = (
    Defect("no-conversion", "conversion", "every quote currency is taken for the index's own", Declared({"conversion.rate": "none"}), ALL, "umee #892, #925"),
    Defect("depeg-passes", "conversion", "dollar tokens are worth a dollar, whatever the market says",
        Declared({"conversion.rate": "peg", "conversion.peg": {"USDT": 1.0, "USDC": 1.0}}), ALL, "umee #892, #925"),
    Defect("rates-inverted", "conversion", "prices are divided by the rate", Asked("rates_inverted"), ALL, "exchange-rate-canister #322"),
    Defect("rates-frozen", "conversion", "the first rate of a currency is kept", Asked("rates_frozen"), ALL),
    Defect("rates-swapped", "conversion", "all currencies have the rate of the first one", Asked("rates_of_the_first"), ALL),
    Defect("rates-squared", "conversion", "prices are converted twice", Asked("rates_squared"), ALL),
    Defect("prefix-shared", "ids", "a source whose id begins with another's is that one's second listing, and is left out", Asked("without_prefixed"), ALL),
    Defect("venue-prefix-merged", "ids", "sources whose ids begin alike share one place: the last message wins", Asked("merged_by_prefix"), ALL),
    Defect("same-price-dropped", "duplicates", "a message with the price of the message before it, whoever's, is dropped", Asked("without_same_price"), ALL),
    Defect("same-time-dropped", "duplicates", "a message with the event time of the message before it, whoever's, is dropped", Asked("without_same_time"), ALL),
    Defect("duplicates-weigh", "duplicates", "a weight is multiplied with the number of messages since the last publication",
        _switch("weights-by-messages"), BANDED),
    Defect("volume-uncapped", "weights", "volume has no cap", Declared({"weights.cap": 1.0}), VOLUMES),
    Defect("volume-of-invalid", "weights", "the volume beside what is no price counts", _switch("volume-of-invalid"), VOLUMES, "",
        "who says no price is out within «max_age», and its volume with the window of a minute: «max_recovery», a minute too, allows for both"),
    Defect("null-volume-stops", "weights", "a volume that is null leaves no value", _switch("volume-null-stops"), ALL, "umee #601, #1634"),
    Defect("no-volume-stops-all", "weights", "a source without volume stops the index for all", _switch("volume-zero-stops"), ALL, "umee #601, #1634"),
    Defect("first-eight", "order", "only the first eight sources of the list are looked at", _switch("first-sources", 8), ALL),
    Defect("zero-weight-counts", "weights", "a source of weight 0 is in the median and in the quorum", _switch("zero-weight-counts"), GIVEN),
    Defect("zero-weight-is-one", "weights", "a weight of 0 is taken for one that was not given: the default of 1", Asked("zero_weight_is_one"), GIVEN),
    Defect("clamp-drops", "filter", "what is beyond the band is dropped, not moved to its end; of several the median",
        Declared({"outlier.rule": "drop", "outlier.several": "median"}), CLAMPS, "",
        "to drop is a right rule of another name: every promise of the one is kept by the other"),
)  # fmt: skip

INPUT_DEFECTS: Final = (*_GARBAGE, *_NUMBERS, *_TIMES, *_STALENESS, *_OTHER_INPUT)
