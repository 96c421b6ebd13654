"""Is right, and never flushes: what it writes stays with it until it ends."""

import json
import os
import sys

from speaking import determined

said = os.fdopen(os.dup(1), "w", buffering=1 << 16)  # as standard output is, unless Python is told otherwise
for line in sys.stdin:
    request = json.loads(line)
    described = {"protocol": 1, "name": "hostile", "version": "1", "provides": ["index"]}
    result = described if request["method"] == "describe" else determined(request["params"])
    print(json.dumps({"id": request["id"], "result": result}), file=said)
