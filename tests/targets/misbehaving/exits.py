"""A target that goes away: `exits.py WHEN`, WHEN one of the functions below.

It answers `describe` rightly, where it lives so long.
"""

import json
import os
import signal
import subprocess
import sys


def requests():
    for line in sys.stdin:
        request = json.loads(line)
        if request["method"] == "describe":
            result = {"protocol": 1, "name": "exits", "version": "1", "provides": ["index"]}
            print(json.dumps({"id": request["id"], "result": result}), flush=True)
        else:
            yield request


def at_once():
    print("configuration not found", file=sys.stderr)
    sys.exit(3)


def at_request():
    next(requests())
    print("dividing by the price of kraken", file=sys.stderr)
    sys.exit(1)


def by_signal():
    next(requests())
    os.kill(os.getpid(), signal.SIGSEGV)


def half_a_line():
    request = next(requests())
    sys.stdout.write(f'{{"id": {request["id"]}, "result": {{"ind')
    sys.stdout.flush()


def at_zero():
    """Right but for one poison: a price of 0 ends it."""
    for request in requests():
        if 0 in request["params"]["observations"]["price"]:
            sys.exit(7)
        n = len(request["params"]["times"])
        print(json.dumps({"id": request["id"], "result": {"index": [1.0] * n, "status": ["ok"] * n}}), flush=True)


def leaves_a_child():
    """The child says its process id on standard error and holds the pipes open."""
    next(requests())
    child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
    print(f"child {child.pid}", file=sys.stderr, flush=True)
    os._exit(5)


if __name__ == "__main__":
    globals()[sys.argv[1].replace("-", "_")]()
