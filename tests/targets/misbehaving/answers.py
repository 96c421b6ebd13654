"""A target that lives and answers, but not as the protocol asks: `answers.py NAME`, NAME a key of WRONG.

Each entry makes the whole line from the id and the number of times and sources; `describe` is answered rightly, unless the name begins with `describe-`.
"""

import json
import sys


def line(request_id, **result):
    return json.dumps({"id": request_id, "result": result})


def right(n, **changes):
    return {"index": [50000.0] * n, "status": ["ok"] * n} | changes


WRONG = {
    "garbage": lambda i, n, m: "Traceback (most recent call last):",
    "empty-line": lambda i, n, m: "",
    "two-objects": lambda i, n, m: line(i, **right(n)) * 2,
    "wrong-id": lambda i, n, m: line(i + 1, **right(n)),
    "text-id": lambda i, n, m: line(str(i), **right(n)),
    "no-id": lambda i, n, m: json.dumps({"result": right(n)}),
    "boolean-id": lambda i, n, m: line(True, **right(n)),
    "nan": lambda i, n, m: line(i, **right(n, index=[float("nan")] * n)),
    "infinity": lambda i, n, m: line(i, **right(n, index=[float("-inf")] * n)),
    "too-large-number": lambda i, n, m: line(i, **right(n, index=[50000.0] * (n - 1) + [10**400])),
    "too-large-exponent": lambda i, n, m: line(i, **right(n)).replace("50000.0", "1e999"),
    "error": lambda i, n, m: json.dumps({"id": i, "error": {"message": "no price\nfor kraken"}}),
    "error-without-id": lambda i, n, m: json.dumps({"id": None, "error": {"message": "could not parse"}}),
    "array": lambda i, n, m: json.dumps([i, right(n)]),
    "no-result": lambda i, n, m: json.dumps({"id": i}),
    "no-status": lambda i, n, m: line(i, index=[50000.0] * n),
    "short-index": lambda i, n, m: line(i, **right(n, index=[50000.0] * (n - 1))),
    "short-status": lambda i, n, m: line(i, **right(n, status=["ok"] * (n - 1))),
    "boolean-value": lambda i, n, m: line(i, **right(n, index=[50000.0, True] + [50000.0] * (n - 2))),
    "text-value": lambda i, n, m: line(i, **right(n, index=["50000.0"] * n)),
    "unknown-status": lambda i, n, m: line(i, **right(n, status=["ok"] * (n - 1) + ["fine"])),
    "list-status": lambda i, n, m: line(i, **right(n, status=[["ok"]] * n)),
    "null-with-ok": lambda i, n, m: line(i, **right(n, index=[None] * n)),
    "value-with-halted": lambda i, n, m: line(i, **right(n, status=["halted"] * n)),
    "short-weights": lambda i, n, m: line(i, **right(n, weights=[[0.5] * (m - 1)] * n)),
    "null-weight": lambda i, n, m: line(i, **right(n, weights=[[None] * m] * n)),
    "text-used": lambda i, n, m: line(i, **right(n, used=[["x"] * m] * n)),
    "unknown-reason": lambda i, n, m: line(i, **right(n, reasons=[["used"] * (m - 1) + ["lost"]] * n)),
    "describe-misfit": lambda i, n, m: line(i, protocol=1, name="answers", provides="index"),
    "describe-protocol": lambda i, n, m: line(i, protocol=2, name="answers", provides=["index"]),
    "describe-uses": lambda i, n, m: line(i, protocol=1, name="answers", provides=["index"], uses=["last"]),
    "describe-error": lambda i, n, m: json.dumps({"id": i, "error": {"message": "unknown method describe"}}),
    # these fit the protocol; what they say is for the properties to judge
    "negative-value": lambda i, n, m: line(i, **right(n, index=[-1.0] * n)),
    "held-null": lambda i, n, m: line(i, **right(n, index=[None] * n, status=["held"] * n)),
    "unknown-keys": lambda i, n, m: json.dumps({"id": i, "jsonrpc": "2.0", "error": None, "result": right(n, elapsed=3)}),
}


if __name__ == "__main__":
    wrong = WRONG[sys.argv[1]]
    for text in sys.stdin:
        request = json.loads(text)
        describes = request["method"] == "describe"
        if describes and not sys.argv[1].startswith("describe-"):
            print(line(request["id"], protocol=1, name="answers", version="1", provides=["index"]), flush=True)
        elif describes:
            print(wrong(request["id"], 0, 0), flush=True)
        elif sys.argv[1].startswith("describe-"):
            print(line(request["id"], **right(len(request["params"]["times"]))), flush=True)
        else:
            print(wrong(request["id"], len(request["params"]["times"]), len(request["params"]["sources"])), flush=True)
