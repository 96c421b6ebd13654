"""A price index as a target of indexlab: one JSON object a line on standard input, one a line on standard output.

The rules to start from. Put your own in their place, and what describe() promises with them:
1. Of each source the newest valid price counts, newest by the venue's own clock. A price that is null, zero or negative,
   or whose time lies more than 1 s ahead of its arrival, is ignored as if it had not come.
2. A source whose newest price is more than 60 s old is stale and has no influence; nor has one of weight 0.
3. The median of the live prices is the reference. A price more than 1 % away from it is moved to that border.
4. The index is the mean of these prices by weight. With fewer than three live sources there is none: "halted".
"""

import json
import sys
from typing import Any

MAX_AGE = 60_000_000  # microseconds, as all times
MAX_AHEAD = 1_000_000
CLAMP = 0.01
MIN_SOURCES = 3


def describe() -> dict[str, Any]:
    """Say what this target is, what it answers, and what it promises: indexlab holds it to that."""
    return {
        "protocol": 1,
        "name": "my-index",
        "version": "1.0.0",
        "provides": ["index", "index_batch"],
        "thresholds": [CLAMP],  # where a rule takes hold: sizes at and beside it are tried
        "expect": {"max_age": "60s", "max_displacement": "1%", "min_sources": MIN_SOURCES},
    }


def publish(live: list[tuple[float, float]]) -> float | None:
    """Return the index of the live sources, (price, weight) each, or None where they are too few."""
    if len(live) < MIN_SOURCES:
        return None
    prices = sorted(price for price, _ in live)
    median = (prices[(len(prices) - 1) // 2] + prices[len(prices) // 2]) / 2  # of an odd number, both are the middle one
    low, high = median * (1 - CLAMP), median * (1 + CLAMP)
    total = sum(weight for _, weight in live)
    return sum(min(max(price, low), high) * weight for price, weight in live) / total


def index(params: dict[str, Any]) -> dict[str, Any]:
    """Publish the index at each of the times, from what was received at or before it; every run starts from nothing."""
    seen, weights = params["observations"], [source.get("weight", 1) for source in params["sources"]]
    rows = list(zip(seen["receive_time"], seen["event_time"], seen["source"], seen["price"], strict=True))
    newest: dict[int, tuple[int, float]] = {}  # position of a source -> (event time, price)
    values, row = [], 0
    for now in params["times"]:
        while row < len(rows) and rows[row][0] <= now:  # each observation is looked at once
            received, event, source, price = rows[row]
            row += 1
            valid = price is not None and price > 0 and event <= received + MAX_AHEAD
            if valid and (source not in newest or event >= newest[source][0]):  # late news replaces nothing newer
                newest[source] = (event, price)
        live = [s for s, weight in enumerate(weights) if weight > 0 and s in newest and now - newest[s][0] <= MAX_AGE]
        values.append(publish([(newest[s][1], weights[s]) for s in live]))
    return {"index": values, "status": ["halted" if value is None else "ok" for value in values]}


def result(method: str, params: Any) -> object:
    """Return the result of one request."""
    if method == "describe":
        return describe()
    if method == "index":
        return index(params)
    if method == "index_batch":  # many runs in one line
        return [index(run) for run in params]
    raise ValueError(f"unknown method {method}")


def answer(line: bytes) -> dict[str, Any]:
    """Answer one line; what cannot be answered is an error, and the next line is read all the same."""
    reply: dict[str, Any] = {"id": None}
    try:
        request = json.loads(line)
        reply["id"] = request["id"]
        reply["result"] = result(request["method"], request.get("params"))
    except (ValueError, LookupError, TypeError) as error:
        reply["error"] = {"message": f"{type(error).__name__}: {error}"}
    return reply


if __name__ == "__main__":
    for request_line in sys.stdin.buffer:
        print(json.dumps(answer(request_line)), flush=True)  # an answer that stays in a buffer is one that never came
