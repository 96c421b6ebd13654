"""Defects in what comes of it: the outlier rule, re-inclusion, weights, medians, the quorum, state, the value published and what is said of it."""

from __future__ import annotations

from typing import Final

from indexlab.targets.planted.defect import (
    ALL,
    BANDED,
    CLAMPS,
    DEGRADING,
    DROPS,
    EVENT,
    GIVEN,
    HALTING,
    HOLDING,
    INDEPENDENT,
    MEDIANS,
    READMITTING,
    WEIGHTED_MEDIANS,
    Answered,
    Declared,
    Defect,
    Switched,
)

__all__ = ["OUTPUT_DEFECTS"]


def _switch(name: str, setting: float = 1.0) -> Switched:
    return Switched({name: setting})


_MEANS: Final = BANDED
_MIDDLES: Final = (*BANDED, *MEDIANS)
_SEEN: Final = tuple(name for name in BANDED if name != "volume-drop")
"""Those in which the stale ones in the reference do harm: volume-drop waives what stale sources do to its weights, and with several out it is a median."""
_EXPLAINED: Final = tuple(name for name in ALL if name != "median-step")
"""Those that promise to explain their values: where a step is cut, weights and prices do not make the value."""

_FILTER: Final = (
    Defect("no-filter", "filter", "there is no outlier rule", Declared({"outlier.rule": "none"}), BANDED, "umee #451"),
    Defect("plain-mean", "filter", "the mean of all live prices, with no rule at all",
        Declared({"outlier.rule": "none", "aggregation.rule": "weighted-mean", "guard.step": 0.0}), (*MEDIANS, "trimmed-mean", *WEIGHTED_MEDIANS), "umee #451"),
    Defect("filter-above-only", "filter", "only prices above the reference are looked at", _switch("only-above"), BANDED),
    Defect("filter-below-only", "filter", "only prices below the reference are looked at", _switch("only-below"), BANDED),
    Defect("band-times-100", "filter", "the band is read in percent and kept as a ratio: 100 times too wide", Declared(factors={"outlier.band": 100}), BANDED),
    Defect("band-times-10", "filter", "the band is ten times too wide", Declared(factors={"outlier.band": 10}), BANDED),
    Defect("band-by-100", "filter", "the band is 100 times too narrow", Declared(factors={"outlier.band": 0.01}), CLAMPS, "",
        "a narrower band is a right rule of another name: the index only lies nearer to the median"),
    Defect("band-by-1000-drops", "filter", "the band is 1,000 times too narrow, and nearly everybody is dropped",
        Declared({"outlier.several": "each"}, {"outlier.band": 0.001}), DROPS),
    Defect("band-absolute", "filter", "the band is 1,500 units of money, not a share", _switch("band-absolute", 1_500.0), BANDED),
    Defect("band-in-cents", "filter", "the band is a cent, not a share", Switched({"band-absolute": 0.01, "count-left": 1.0}), DROPS),
    Defect("band-inverted", "filter", "what is inside the band is moved to its ends, what is outside stays", _switch("band-inverted"), CLAMPS),
    Defect("clamp-to-width", "filter", "what is moved is moved to the width of the band, not to its end", _switch("clamp-to-width"), CLAMPS),
    # readmit-weighted promises for one faulty source: who is out there is not looked at again until it has been right for a while
    Defect("filter-confirmed", "filter", "an outlier that repeats itself three times is believed", _switch("confirmed", 3),
        tuple(name for name in BANDED if name != "readmit-weighted")),
    Defect("filter-new-only", "filter", "only prices that came since the last publication are looked at", _switch("new-filtered"), BANDED),
    Defect("filter-every-tenth", "filter", "outliers are looked for at one of ten publications", _switch("filter-every", 10), BANDED),
    Defect("filter-below-five", "filter", "the rule holds only with fewer than five live sources", _switch("filter-below", 5), BANDED),
    Defect("filter-from-nine", "filter", "the rule holds only from nine live sources on", Declared({"outlier.from_sources": 9}), BANDED),
    Defect("filter-not-the-last", "filter", "the last source of the list is not looked at", _switch("last-unfiltered"), BANDED),
    Defect("filter-exempts", "filter", "a source with more than a tenth of the weight is never out", Declared({"outlier.exempt_share": 0.1}), BANDED),
    Defect("first-unfiltered", "state", "the first value of a run is not filtered", _switch("first-unfiltered"), BANDED),
    Defect("gap-unfiltered", "state", "the first value after a publication without one is not filtered", _switch("gap-unfiltered"), BANDED),
    Defect("reference-last-index", "reference", "prices are compared with the index before", Declared({"outlier.reference": "last-index"}), BANDED),
    Defect("reference-mean", "reference", "prices are compared with the mean, which an outlier moves", Declared({"outlier.reference": "mean"}), BANDED),
    Defect("reference-first", "reference", "prices are compared with the first source of the list", _switch("reference-first"), BANDED),
    # a wrong one puts nearly all others out, and where several that are out make the median the index it is what it should be: what else tells these
    # defects from a right rule is there in some of the rules that drop, and not in all
    Defect("reference-newest", "reference", "prices are compared with whoever spoke last", _switch("reference-newest"),
        (*CLAMPS, "drop-mean", "readmit-mean", "readmit-weighted")),
    Defect("reference-lowest", "reference", "prices are compared with the lowest one", _switch("reference-lowest"), CLAMPS),
    Defect("reference-heaviest", "reference", "prices are compared with the source of the largest weight", _switch("reference-heaviest"),
        (*CLAMPS, "drop-receive", "readmit-mean", "volume-drop")),
    Defect("reference-stale", "reference", "the stale ones are in the median that prices are compared with", _switch("reference-stale"), _SEEN,
        "vegaprotocol/vega #10459"),
    Defect("reference-weight-0", "reference", "the stale ones weigh nothing and stay in the median", Declared({"staleness.action": "weight-0"}), _SEEN,
        "vegaprotocol/vega #10459"),
    Defect("reference-zeros", "reference", "who is stale is in the median with a price of 0", _switch("reference-zeros"), _SEEN),
    Defect("minority-agrees", "reference", "the first two that agree within 1 bp are the reference", _switch("reference-first-pair", 1e-4), BANDED),
    Defect("one-sigma", "filter", "who is further than a standard deviation from the mean is dropped, and three must be left",
        Switched({"sigmas": 1.0, "count-left": 1.0}), BANDED, "umee #977"),
    Defect("half-sigma", "filter", "who is further than half a standard deviation from the mean is dropped, and six must be left",
        Switched({"sigmas": 0.5, "count-left": 1.0}), BANDED, "umee #977"),
    Defect("sigma-wrong-count", "filter", "the variance is divided by the count twice, and three must be left",
        Switched({"sigmas": 1.0, "sigmas-wrong-count": 1.0, "count-left": 1.0}), BANDED, "umee #734"),
    Defect("outlier-stops-all", "isolation", "with an outlier there is no value", _switch("out-stops-all"), BANDED),
    Defect("outlier-takes-next", "filter", "with an outlier the next of the list is out too", Switched({"out-also-next": 1.0}), ("drop-receive",), "",
        "one right price fewer is still a right index"),
    Defect("several-held", "filter", "with two outliers the value is held", Declared({"outlier.several": "hold"}), ("drop-receive", "readmit-mean")),
)  # fmt: skip

_BACK: Final = (
    Defect("never-back", "re-inclusion", "who was out once is out for the rest of the run", _switch("never-back"), BANDED),
    Defect("back-after-1000", "re-inclusion", "who is out stays out for hours: milliseconds kept as seconds", _switch("out-held", 10_000_000_000), BANDED),
    Defect("back-at-once", "re-inclusion", "who is out comes back at once", Declared({"reinclusion": None}), READMITTING, "",
        "a rule without hysteresis is right wherever no bound on flapping is promised"),
    Defect("out-flaps", "re-inclusion", "who is out comes back at every other publication", _switch("out-flaps"), BANDED),
    Defect("third-strike", "re-inclusion", "who was out three times within a day is out for ever",
        Declared({"reinclusion.strikes": 3, "reinclusion.strikes_within_us": 86_400_000_000}), READMITTING),
)  # fmt: skip

_WEIGHTS: Final = (
    Defect("not-renormalised", "weights", "the sum is divided by the weights of the whole list", _switch("weights-not-renormalised"), _MEANS),
    Defect("weights-kept", "weights", "the weight of who is out stays in the divisor", _switch("weights-kept"), DROPS),
    Defect("weights-by-position", "weights", "the k-th live source has the weight of the k-th of the list", _switch("weights-by-position"), GIVEN[:4]),
    Defect("weights-whole-percent", "weights", "weights are cut to whole percents of 100", _switch("weights-whole-percent"), _MEANS),
    Defect("heaviest-is-all", "weights", "the source of the largest weight is the index", _switch("weights-heaviest"), _MEANS),
    Defect("first-counts-tenfold", "order", "the first of the list counts tenfold", _switch("first-twice", 10.0), _MEANS),
    Defect("last-arrival-wins", "order", "the price that came last is the index", _switch("last-arrival-wins"), ALL, "exchange-rate-canister #319, #318"),
    Defect("highest-wins", "weights", "the highest price is the index", _switch("highest-wins"), ALL),
    Defect("lowest-wins", "weights", "the lowest price is the index", _switch("lowest-wins"), ALL),
)  # fmt: skip

_MEDIAN: Final = (
    Defect("unsorted", "medians", "prices are not sorted before the middle one is taken", _switch("unsorted"), (*_MIDDLES, *WEIGHTED_MEDIANS)),
    Defect("middle-of-list", "medians", "the middle one of the whole list is taken, with 0 for who is not live", _switch("middle-of-list"), _MIDDLES),
    Defect("middle-of-ends", "medians", "of an even count: the mean of the lowest and the highest", _switch("middle-of-ends"), _MIDDLES),
    Defect("middle-floored", "medians", "of an even count: the mean of the two in whole numbers",
        Declared({"aggregation.even": "floor", "aggregation.unit": 1.0}), MEDIANS),
    Defect("middle-overflows", "medians", "of an even count: the sum of two prices in 64 bits, eight decimals", _switch("middle-wraps", 1e8), _MIDDLES,
        "exchange-rate-canister #357"),
    Defect("middle-came-first", "medians", "of an even count: whichever of the two is first in the list", _switch("middle-first"), MEDIANS,
        "exchange-rate-canister #319, #318"),
    Defect("half-of-list", "medians", "half of the weight is half of the whole list's: with few live it is never reached",
        _switch("half-of-list"), WEIGHTED_MEDIANS),
    Defect("weights-unsorted", "medians", "prices are sorted and their weights are not", _switch("weights-unsorted"), WEIGHTED_MEDIANS,
        "StatsBase.jl #121; weightedstats #2"),
    Defect("nine-tenths", "medians", "the weighted median is taken at nine tenths of the weight", _switch("half-is", 0.9), WEIGHTED_MEDIANS),
    Defect("equal-weights", "medians", "the weighted median takes equal weights", Declared({"weights.kind": "equal"}), WEIGHTED_MEDIANS, "StatsBase.jl #121",
        "an unweighted median is a right index of another name"),
    Defect("half-tie-missed", "medians", "a cumulative weight of exactly half is the upper price", Declared({"aggregation.tie": "upper"}), WEIGHTED_MEDIANS,
        "collapse #448", "where exactly half is reached, either price is a weighted median"),
    Defect("trim-top-only", "medians", "only the highest is cut", _switch("trim-top-only"), ("trimmed-mean",)),
    Defect("trim-by-place", "medians", "the first and the last of the list are cut", _switch("trim-by-place"), ("trimmed-mean",)),
    Defect("trim-too-much", "medians", "half is cut at each end, and nothing is left",
        _switch("trim-too-much", 0.5), ("trimmed-mean",), "XRPLF/rippled #4912, #4961"),
    # in a median one price more, which is its own one before, is overtaken within a few publications
    Defect("index-is-a-source", "state", "the index before counts as a source of its own", _switch("includes-last"), _MEANS),
)  # fmt: skip

_QUORUM: Final = (
    Defect("quorum-ignored", "quorum", "the minimum of sources is configured and never used", Declared({"quorum.ok_from": 1}), ALL, "celo-org/celo-oracle #75"),
    Defect("quorum-one-less", "quorum", "more than two is taken for at least two", Declared({"quorum.ok_from": 2}), ALL),
    Defect("quorum-one-more", "quorum", "at least three is taken for more than three", Declared({"quorum.ok_from": 4}), (*HALTING, *HOLDING)),
    Defect("quorum-of-list", "quorum", "the quorum counts the list", _switch("count-configured"), ALL),
    Defect("quorum-of-ever", "quorum", "the quorum counts who has ever had a price", _switch("count-ever"), ALL),
    Defect("quorum-of-messages", "quorum", "the quorum counts who said anything lately, a null too", _switch("count-messages"), EVENT),
    Defect("quorum-of-the-left", "quorum", "the quorum counts who is left after the outlier rule, and the band is a tenth of a percent",
        Switched({"count-left": 1.0, "sigmas": 0.2}), DROPS),
    Defect("quorum-latches", "quorum", "once lost the quorum is never found again", _switch("quorum-latches"), ALL),
    Defect("quorum-once", "quorum", "once reached the quorum is never asked for again", _switch("quorum-once"), ALL),
    Defect("third-loss", "quorum", "after the third loss the quorum is never found again", _switch("losses", 3), ALL),
    Defect("quorum-back-at-all", "quorum", "once lost the quorum is found when everybody is live", _switch("quorum-back-at-all"), ALL),
    Defect("quorum-skipped-cached", "quorum", "without a new message the value before is published as ok, whoever is live", _switch("cached"), ALL,
        "exchange-rate-canister #358"),
    Defect("silently-held", "quorum", "below the quorum the value before is published as ok", _switch("silently-held"), ALL),
    Defect("held-says-ok", "quorum", "a value that is held or degraded says ok", Answered("always_ok"),
        (*HOLDING, *DEGRADING)),
    Defect("legs-counted", "independence", "legs on one exchange count as several", Declared({"quorum.counts": "sources"}), INDEPENDENT, "XRPLF/rippled #6583"),
    Defect("upstreams-counted", "independence", "sources of one upstream count as several", Declared({"quorum.counts": "venues"}), INDEPENDENT,
        "XRPLF/rippled #6583"),
)  # fmt: skip

_STATE: Final = (
    Defect("prices-leak", "state", "a run begins with the prices of the run before", _switch("leak-prices"), ALL),
    Defect("index-leaks", "state", "a run begins with the index of the run before", Switched({"leak-last": 1.0, "silently-held": 1.0}), ALL),
    Defect("out-leaks", "state", "a run begins with who was out in the run before", _switch("leak-out"), READMITTING),
    Defect("out-for-good-leaks", "state", "a run begins with who was out in the run before, for a minute",
        Switched({"leak-out": 1.0, "out-held": 6e7}), BANDED),
    Defect("unrepeatable", "state", "every answer differs from the one before by a billionth", Answered("unrepeatable"), ALL),
)  # fmt: skip

_VALUE: Final = (
    Defect("frozen", "output", "the first value is published for ever", _switch("frozen-after", 1), ALL),
    Defect("frozen-after-30", "output", "the value stays after 30 publications", _switch("frozen-after", 30), ALL),
    Defect("too-slow", "output", "the value is an exponential mean of 200 publications", Declared({"guard.smoothing": 200}), ALL),
    Defect("rounded", "output", "the value is rounded to 10", Declared({"rounding.tick": 10.0}), ALL),
    Defect("rounded-to-unit", "output", "the value is rounded to whole units", Declared({"rounding.tick": 1.0}), ALL),
    Defect("zero-for-none", "output", "where there is no value, 0 is published as ok", Answered("zero_for_none"), HALTING, "skip-mev/connect #386"),
    Defect("nan-is-ok", "output", "where there is no value, the status is ok all the same", Answered("nan_is_ok"), HALTING),
    Defect("last-for-ever", "output", "where there is no value, the last one is published as ok", Answered("last_for_ever"), HALTING),
    Defect("step-latches", "output", "a step of 5 % halts the index for good",
        Declared({"guard.step": 0.05, "guard.action": "halt", "guard.latching": True}), ALL),
    Defect("step-halts", "output", "a step of 5 % leaves no value, and the next is compared with the same one",
        Declared({"guard.step": 0.05, "guard.action": "halt"}), ALL),
    Defect("step-small", "output", "a step is bound to a tenth of a percent", Declared({"guard.step": 0.001, "guard.action": "clamp"}), ALL),
    Defect("falls-slowly", "output", "a fall is followed by a tenth of a percent a publication", _switch("falls-slowly", 0.001), ALL),
    Defect("rises-slowly", "output", "a rise is followed by a tenth of a percent a publication", _switch("rises-slowly", 0.001), ALL),
    Defect("never-falls", "output", "the value never falls", _switch("never-falls"), ALL),
    Defect("dead-band", "output", "a value within half a percent of the one before is not published", _switch("dead-band", 0.005), ALL),
    Defect("late-by-30", "output", "values are published 30 publications late", Answered("late_by_30"), ALL),
    Defect("late-by-one", "output", "values are published one publication late", Answered("late_by_one"), ALL),
    Defect("doubled", "output", "the value is that of two units", Answered("doubled"), ALL),
    Defect("ends-after-128", "output", "a ring of 128 publications is full, and no value follows", _switch("publications-limit", 128), ALL),
    Defect("ends-after-50", "output", "a buffer of 50 publications is full, and no value follows", _switch("publications-limit", 50), ALL),
    Defect("midnight-forgets", "time", "at midnight all prices are forgotten", _switch("midnight-forgets"), ALL),
    Defect("midnight-halts", "time", "in the first minute of a day there is no value", _switch("midnight-halts", 60e6), ALL),
    Defect("day-ends", "time", "on another day than the first no new value is made", _switch("changed-day-holds"), ALL),
    Defect("hour-divides", "time", "at a whole hour something is divided by 0: the value is not a number", _switch("whole-hour-fails"), ALL),
    Defect("same-second", "time", "a price within 20 ms of the publication divides by 0: the value is not a number",
        _switch("same-second-fails", 20_000), EVENT,
        "sei-protocol/sei-chain #1066"),
    Defect("month-ends", "time", "from the 29th of a month on there is no value", Answered("month_ends"), ALL),
    Defect("leap-day", "time", "on the 29th of February there is an error", Answered("leap_day"), ALL),
)  # fmt: skip

_SAID: Final = (
    Defect("crash-without-price", "failure", "where no source has a price the program ends with an error", Answered("crash_without_price"), ALL,
        "umee #1261, #1268; vega #10436, #10407"),
    Defect("crash-at-null", "failure", "a null price ends the program with an error", Answered("crash_at_null"), ALL, "skip-mev/connect #386"),
    Defect("crash-at-ten", "failure", "a list of tolerances is one short: with ten sources and more there is an error", Answered("crash_at_ten"), ALL,
        "vega #10436, #10407"),
    Defect("explained-raw", "explanation", "the price shown of a source is the one before it was moved", Answered("explained_by_the_first"), BANDED,
        "pyth-observer #51"),
    Defect("explained-configured", "explanation", "the weights shown are those of the list, not the effective ones", Answered("explained_equal"), _EXPLAINED),
    Defect("explained-all-used", "explanation", "every source is shown as used", Answered("explained_all_used"), _EXPLAINED),
    Defect("explained-shifted", "explanation", "reasons are shown for the next source of the list", Answered("explained_shifted"), _EXPLAINED),
)  # fmt: skip

OUTPUT_DEFECTS: Final = (*_FILTER, *_BACK, *_WEIGHTS, *_MEDIAN, *_QUORUM, *_STATE, *_VALUE, *_SAID)
