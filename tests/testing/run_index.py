"""Indexes as users have them: a function of params, and an object with the protocol's methods. Not careful ones."""

from __future__ import annotations

import statistics

MAX_AGE = 60_000_000


def determined(params, value, *, max_age=MAX_AGE):
    """Of each source the newest price above 0 that is at most so old counts; fewer than three: halted."""
    seen, newest, row, values = params["observations"], {}, 0, []
    for now in params["times"]:
        while row < len(seen["price"]) and seen["receive_time"][row] <= now:
            source, price, event = seen["source"][row], seen["price"][row], seen["event_time"][row]
            if price is not None and price > 0 and event >= newest.get(source, (0, 0))[0]:
                newest[source] = event, price
            row += 1
        live = [price for event, price in newest.values() if now - event <= max_age]
        values.append(value(live) if len(live) >= 3 else None)
    return {"index": values, "status": ["halted" if each is None else "ok" for each in values]}


def mean_index(params):
    return determined(params, statistics.fmean)


def median_index(params):
    return determined(params, statistics.median)


def forgetful_index(params):
    """No limit of age: who fell silent counts for ever."""
    return determined(params, lambda live: sorted(live)[len(live) // 2], max_age=10**18)


def empty_index(params):
    return {"index": [], "status": []}


class DescribedMedian:
    """An object: it describes itself, with a promise of its own."""

    def describe(self):
        return {"protocol": 1, "name": "described", "version": "1", "provides": ["index"], "expect": {"max_age": "20s", "max_recovery": "10s"}}

    def index(self, params):
        return determined(params, statistics.median, max_age=20_000_000)
