"""The rules of binance-2020 as a person writes them down in plain Python floats, row by row: what the compiled kernel is measured against."""

from __future__ import annotations

import math

from benchmarks.market import SILENCE_US

BAND, TIE, QUORUM = 0.05, 1e-12, 3
USED, OUTLIER, STALE, ABSENT = 0, 2, 3, 6
OK, HALTED = 0, 3


def determine(given, rows_of_prices, rows_of_ages, rows_of_whys):
    """Return value, status, weights, used prices and reasons as lists; everything comes as lists, one a row."""
    found = [_row(given, prices, ages, whys) for prices, ages, whys in zip(rows_of_prices, rows_of_ages, rows_of_whys, strict=True)]
    return tuple(map(list, zip(*found, strict=True)))


def _row(given, prices, ages, whys):
    reasons = [
        ABSENT if weight <= 0 else why if why != USED else STALE if age > SILENCE_US else USED for weight, age, why in zip(given, ages, whys, strict=True)
    ]
    live = [s for s, reason in enumerate(reasons) if reason == USED]
    if len(live) < QUORUM:
        return _nothing(reasons)
    ranked = sorted([prices[s] for s in live])
    low, high = ranked[(len(ranked) - 1) // 2], ranked[len(ranked) // 2]
    middle = (low + high) / 2
    out = [s for s in live if abs(prices[s] - middle) - BAND * abs(middle) > TIE * max(abs(prices[s]), abs(middle))]
    for s in out:
        reasons[s] = OUTLIER
    if len(out) > 1:
        value, weights = middle, _median_weights(given, prices, live, low, high)
        for s in live:
            if weights[s] > 0:
                reasons[s] = USED
    else:
        total = sum([weight for weight, reason in zip(given, reasons, strict=True) if reason == USED])
        value = sum([weight * price for weight, price, reason in zip(given, prices, reasons, strict=True) if reason == USED]) / total
        weights = [weight / total if reason == USED else 0.0 for weight, reason in zip(given, reasons, strict=True)]
    if not 0 < value < math.inf:
        return _nothing(reasons)
    return value, OK, weights, [price if reason == USED else math.nan for price, reason in zip(prices, reasons, strict=True)], reasons


def _nothing(reasons):
    return math.nan, HALTED, [0.0] * len(reasons), [math.nan] * len(reasons), reasons


def _median_weights(given, prices, live, low, high):
    """Half of the weight goes to those who said `low` and half to those who said `high`, each its part by weight."""
    weights = [0.0] * len(given)
    for target in (low, high):
        there = [s for s in live if abs(prices[s] - target) <= TIE * max(abs(prices[s]), abs(target))]
        total = sum([given[s] for s in there])
        for s in there:
            weights[s] += 0.5 * given[s] / total
    return weights
