"""A right index in plain Python, as a target: one JSON object a line on standard input, one a line on standard output.

The rules: of each source the newest valid observation counts; it is stale once it is older than 60 s by the venue's own clock. The median of the live
sources is the reference; each price is clamped to within 1 % of it, and the index is the mean of the clamped prices. Fewer than three live: halted.

`--defect NAME` plants one mistake; where it sits, a comment names it.
"""

import argparse
import json
import math
import sys

MAX_AGE = 60_000_000  # microseconds
MAX_AHEAD = 1_000_000
CLAMP = 0.01
MIN_SOURCES = 3
DEFECTS = ["no-filter", "no-staleness", "receive-clock", "late-replaces", "zero-accepted"]
DEFECTS += ["quorum-ignored", "order-dependent", "state-leak", "frozen", "duplicate-counts"]


def valid(price, event, receive):
    if price is None:
        return False
    positive = price >= 0 if defect == "zero-accepted" else price > 0  # defect: an empty book counts as a price
    return positive and math.isfinite(price) and event <= receive + MAX_AHEAD


def publish(entries, last):
    """Return the index of what the live sources say, (price, weight) each, or None where they are too few."""
    if len(entries) < (1 if defect == "quorum-ignored" else MIN_SOURCES):  # defect: the minimum is configured and never used
        return None
    prices = sorted(price for price, _ in entries)
    middle = len(prices) // 2
    median = prices[middle] if len(prices) % 2 else (prices[middle - 1] + prices[middle]) / 2
    clamp = math.inf if defect == "no-filter" else CLAMP  # defect: one venue moves the average
    low, high = median * (1 - clamp), median * (1 + clamp)
    clamped = sorted((min(max(price, low), high), weight) for price, weight in entries)  # sorted: the sum is the same in every order of the sources
    value = sum(price * weight for price, weight in clamped) / sum(weight for _, weight in clamped)
    if defect == "frozen" and last and abs(value / last - 1) > 0.1:
        return last  # defect: a step guard that never lets go
    return value


def index(params, newest):
    seen, n = params["observations"], len(params["sources"])
    clock = seen["receive_time" if defect == "receive-clock" else "event_time"]  # defect: old news is fresh when it arrives late
    values, row, last = [], 0, None
    for now in params["times"]:
        while row < len(clock) and seen["receive_time"][row] <= now:  # each observation is looked at once
            source, price, stamp = seen["source"][row], seen["price"][row], clock[row]
            if valid(price, seen["event_time"][row], seen["receive_time"][row]):
                before = newest.get(source)
                if before is None or stamp >= before[0] or defect == "late-replaces":  # defect: the last arrival wins, however old
                    again = defect == "duplicate-counts" and before is not None and before[:2] == (stamp, price)  # defect: said twice, counted twice
                    newest[source] = (stamp, price, before[2] + 1 if again else 1)
            row += 1
        live = [s for s in range(n) if s in newest and (now - newest[s][0] <= MAX_AGE or defect == "no-staleness")]  # defect: a dead source counts for ever
        ranked = defect == "order-dependent"  # defect: what is listed first weighs most
        last = publish([(newest[s][1], 1 / (1 + s) if ranked else newest[s][2]) for s in live], last)
        values.append(last)
    return {"index": values, "status": ["halted" if value is None else "ok" for value in values]}


def describe():
    promise = {"max_age": "60s", "max_displacement": "1%", "min_sources": 3}
    return {"protocol": 1, "name": "python-index", "version": "1.0.0", "provides": ["index"], "expect": promise}


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--defect", choices=DEFECTS)
    defect = parser.parse_args().defect
    kept = {}
    for line in sys.stdin.buffer:
        request = json.loads(line)
        if request["method"] == "describe":
            answer = {"result": describe()}
        elif request["method"] == "index":
            answer = {"result": index(request["params"], kept if defect == "state-leak" else {})}  # defect: a run remembers the run before it
        else:
            answer = {"error": {"message": f"unknown method {request['method']}"}}
        print(json.dumps({"id": request["id"], **answer}, allow_nan=False), flush=True)
