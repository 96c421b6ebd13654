"""What the hostile targets share: they speak the protocol, and publish the plain mean of what was said last, so that one broken source moves it."""

import json
import math
import sys


def requests():
    """Give the requests to determine a run; `describe` is answered on the way."""
    for line in sys.stdin:
        request = json.loads(line)
        if request["method"] == "describe":
            say(request, {"protocol": 1, "name": "hostile", "version": "1", "provides": ["index"]})
        else:
            yield request


def say(request, result):
    print(json.dumps({"id": request["id"], "result": result}), flush=True)


def answer(request):
    say(request, determined(request["params"]))


def determined(params):
    seen, row, newest, index = params["observations"], 0, {}, []
    for now in params["times"]:
        while row < len(seen["price"]) and seen["receive_time"][row] <= now:
            price = seen["price"][row]
            if price is not None and math.isfinite(price) and price > 0:
                newest[seen["source"][row]] = price
            row += 1
        index.append(sum(newest.values()) / len(newest) if newest else None)
    return {"index": index, "status": ["halted" if value is None else "ok" for value in index]}
