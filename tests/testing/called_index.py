"""A right index with an interface of calls, and its planted mistakes: each a switch, where it sits says a comment.

Of each source the newest valid observation counts, for a minute by the venue's own clock. The index is the median of the live prices; fewer than three: halted.
"""

from __future__ import annotations

import math
import statistics

MAX_AGE = 60_000_000
MIN_SOURCES = 3
DEFECTS = (
    *("forgets-staleness", "receive-clock", "restart-loses-newest", "late-replaces", "quorum-ignored", "double-counts"),
    *("mean", "restart-forgets", "publish-counts", "held-for-ever"),
)


class MedianIndex:
    def __init__(self, sources, defect=""):
        self.defect = defect
        self.now = 0
        self.store = {}  # what a restart leaves: a database
        self.newest = {}
        self.published = 0
        self.last = None

    def observe(self, source, price, event_time, receive_time):
        if price is None or not math.isfinite(price) or price <= 0:
            return
        stamp = receive_time if self.defect == "receive-clock" else event_time  # defect: old news is fresh when it comes late
        before = self.newest.get(source)
        if before is not None and stamp < before[0] and self.defect != "late-replaces":  # defect: the last arrival wins
            return
        again = self.defect == "double-counts" and before is not None and before[:2] == (stamp, price)  # defect: said twice, counted twice
        self.newest[source] = (stamp, price, before[2] + 1 if again else 1)
        if self.defect != "restart-loses-newest" or before is None:  # defect: only the first observation of a source is stored
            self.store[source] = self.newest[source]

    def advance(self, time):
        assert time >= self.now
        self.now = time

    def publish(self):
        self.published += 1
        live = {source: told for source, told in self.newest.items() if self.now - told[0] <= MAX_AGE or self.defect == "forgets-staleness"}  # defect
        prices = sorted(price for _, price, count in live.values() for _ in range(count))
        if len(live) < (1 if self.defect == "quorum-ignored" else MIN_SOURCES):  # defect: the minimum is never asked
            if self.defect == "held-for-ever" and self.last is not None:
                return self.last, "ok"  # defect: an old value is sold as a new one
            return None, "halted"
        value = statistics.fmean(prices) if self.defect == "mean" else statistics.median(prices)  # defect: one source moves it
        if self.defect == "publish-counts":
            value += self.published % 3 // 2  # defect: it depends on how often it was asked
        self.last = value
        return value, "ok"

    def restart(self):
        kept = {} if self.defect == "restart-forgets" else dict(self.store)  # defect: nothing was stored
        now, last = self.now, self.last
        self.__init__((), self.defect)
        self.now, self.last, self.store, self.newest = now, last, kept, dict(kept)
