"""The mark price by a venue's rule, over a whole feed at once: columns here, what remembers publications in kernel_mark. MarkRule says what each key means."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from indexlab.margin import kernel_mark
from indexlab.margin.mark_feed import MarkFeed, MarkPath
from indexlab.margin.mark_rules import MarkRule, checked_mark

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

__all__ = ["marks"]


def marks(rule: MarkRule, feed: MarkFeed) -> MarkPath:
    """Return the mark at each publication of the feed, and what longs and shorts are marked at. Raises InputError for a rule without what it needs."""
    checked_mark(rule)
    index = np.where(feed.trusted, _prices(feed.index), np.nan)
    mark = _RULES[rule.rule](rule, feed, index)
    saturated = np.zeros(mark.shape, dtype=np.bool_)
    if rule.band > 0:
        kept = np.minimum(np.maximum(mark, index * (1.0 - rule.band)), index * (1.0 + rule.band))
        saturated = ~np.isnan(mark) & (kept != mark)
        mark = kept
    limited = np.zeros(mark.shape, dtype=np.bool_)
    if rule.max_step > 0:
        slowed = np.empty_like(mark)
        kernel_mark.limit_steps(feed.times, mark, rule.max_step, slowed, limited)
        mark = slowed
    beside = _beside(rule, feed.times, mark)
    return MarkPath(mark, saturated, limited, np.minimum(mark, beside), np.maximum(mark, beside))


def _index(_rule: MarkRule, _feed: MarkFeed, index: NDArray[np.float64]) -> NDArray[np.float64]:
    return index


def _funding_basis(_rule: MarkRule, feed: MarkFeed, index: NDArray[np.float64]) -> NDArray[np.float64]:
    rate = np.where(np.isfinite(feed.funding_rate) & (feed.funding_rate > -1.0), feed.funding_rate, 0.0)
    left = np.minimum(np.maximum(feed.next_funding - feed.times, 0), feed.funding_interval)
    factor: NDArray[np.float64] = 1.0 + rate * (left / feed.funding_interval)
    return index * factor


def _average_basis(rule: MarkRule, feed: MarkFeed, index: NDArray[np.float64]) -> NDArray[np.float64]:
    based = _index_and_average(rule, feed, index)
    return np.where(np.isnan(based), index, based)


def _median_of_three(rule: MarkRule, feed: MarkFeed, index: NDArray[np.float64]) -> NDArray[np.float64]:
    funded = _funding_basis(rule, feed, index)
    based = _average_basis(rule, feed, index)
    last = _prices(feed.last)
    return _median(funded, based, np.where(np.isnan(last), index, last))


def _hyperliquid(rule: MarkRule, feed: MarkFeed, index: NDArray[np.float64]) -> NDArray[np.float64]:
    based = _index_and_average(rule, feed, index)
    bid, ask = _book(feed)
    own = _median(bid, ask, _prices(feed.last))
    abroad = np.empty(index.shape)
    kernel_mark.weighted_medians(_prices(feed.others), feed.weights, abroad)
    inputs = np.stack([based, own, abroad])
    exist = np.sum(~np.isnan(inputs), axis=0)
    slow = np.empty(index.shape)
    kernel_mark.decaying_average(feed.times, _sampled(rule, feed.times, own), rule.two_inputs_window_us, slow)
    inputs = np.sort(np.where(np.isnan(inputs) & (exist == 2), slow, inputs), axis=0)
    exist = np.sum(~np.isnan(inputs), axis=0)
    lower, upper = np.maximum((exist - 1) // 2, 0), exist // 2
    at = np.arange(index.shape[0])
    median = 0.5 * (inputs[lower, at] + inputs[np.minimum(upper, 2), at])
    median = np.where(lower == upper, inputs[lower, at], median)
    return np.where(np.isnan(index), np.nan, np.where(exist == 0, index, median))


_RULES: Final[dict[str, Callable[[MarkRule, MarkFeed, NDArray[np.float64]], NDArray[np.float64]]]] = {
    "index": _index,
    "funding-basis": _funding_basis,
    "average-basis": _average_basis,
    "median-of-three": _median_of_three,
    "hyperliquid": _hyperliquid,
}


def _index_and_average(rule: MarkRule, feed: MarkFeed, index: NDArray[np.float64]) -> NDArray[np.float64]:
    bid, ask = _book(feed)
    basis = _sampled(rule, feed.times, 0.5 * (bid + ask) - index)
    average = np.empty(index.shape)
    if rule.average == "decaying":
        kernel_mark.decaying_average(feed.times, basis, rule.window_us, average)
    else:
        kernel_mark.plain_average(feed.times, basis, rule.window_us, average)
    return _prices(index + average)


def _sampled(rule: MarkRule, times: NDArray[np.int64], value: NDArray[np.float64]) -> NDArray[np.float64]:
    if rule.sample_us == 0:
        return value
    kept = np.empty(value.shape)
    kernel_mark.keep_samples(times, value, rule.sample_us, kept)
    return kept


def _beside(rule: MarkRule, times: NDArray[np.int64], mark: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the price that margin takes beside the mark; the mark itself where the rule is not strict."""
    if rule.strict == "none":
        return mark
    beside = np.empty(mark.shape)
    if rule.strict == "worse-of-twap":
        kernel_mark.time_average(times, mark, rule.twap_window_us, beside)
    else:
        pauses = np.array([rule.stable_every_us, rule.stable_longest_us], dtype=np.int64)
        kernel_mark.follow(times, mark, rule.stable_growth, pauses, beside)
    return beside


def _prices(column: NDArray[np.float64]) -> NDArray[np.float64]:
    """Blank what is no price."""
    return np.where(np.isfinite(column) & (column > 0), column, np.nan)


def _book(feed: MarkFeed) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return bid and ask, both blank where either is missing or they are crossed."""
    bid, ask = _prices(feed.bid), _prices(feed.ask)
    whole = bid <= ask
    return np.where(whole, bid, np.nan), np.where(whole, ask, np.nan)


def _median(one: NDArray[np.float64], two: NDArray[np.float64], three: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the median of three columns; NaN where any is (minimum and maximum hand NaN on)."""
    return np.maximum(np.minimum(one, two), np.minimum(np.maximum(one, two), three))
