"""Takes batches, and ends where a price in any of them is 0."""

import json
import sys

from speaking import determined

for line in sys.stdin:
    request = json.loads(line)
    if request["method"] == "describe":
        result = {"protocol": 1, "name": "hostile", "version": "1", "provides": ["index", "index_batch"]}
    else:
        runs = request["params"] if request["method"] == "index_batch" else [request["params"]]
        if any(0 in run["observations"]["price"] for run in runs):
            sys.exit(7)
        results = [determined(run) for run in runs]
        result = results if request["method"] == "index_batch" else results[0]
    print(json.dumps({"id": request["id"], "result": result}), flush=True)
