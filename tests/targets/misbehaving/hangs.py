"""A target that keeps silent: `hangs.py WHEN`, WHEN one of the functions below."""

import json
import os
import signal
import sys
import time


def describe(request):
    result = {"protocol": 1, "name": "hangs", "version": "1", "provides": ["index"]}
    print(json.dumps({"id": request["id"], "result": result}), flush=True)


def at_describe():
    sys.stdin.readline()
    time.sleep(600)


def at_request():
    for line in sys.stdin:
        request = json.loads(line)
        if request["method"] == "describe":
            describe(request)
        else:
            print("waiting for a lock", file=sys.stderr, flush=True)
            time.sleep(600)


def deaf():
    """Reads nothing after `describe`: a large request does not fit its pipe."""
    describe(json.loads(os.read(0, 65536)))
    time.sleep(600)


def stubborn():
    """Ignores the polite ways to end a process: the end of its input, and SIGTERM."""
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    describe(json.loads(sys.stdin.readline()))
    sys.stdin.read()
    time.sleep(600)


def half_a_line():
    """Answers without the end of the line."""
    describe(json.loads(sys.stdin.readline()))
    request = json.loads(sys.stdin.readline())
    sys.stdout.write(f'{{"id": {request["id"]}, "result": {{"ind')
    sys.stdout.flush()
    time.sleep(600)


if __name__ == "__main__":
    globals()[sys.argv[1].replace("-", "_")]()
