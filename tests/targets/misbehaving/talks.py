"""A target that says too much: `talks.py HOW`, HOW one of the functions below. Apart from that its answers are right."""

import json
import sys


def answer(request):
    if request["method"] == "describe":
        result = {"protocol": 1, "name": "talks", "version": "1", "provides": ["index"]}
    else:
        n = len(request["params"]["times"])
        result = {"index": [50000.0] * n, "status": ["ok"] * n}
    print(json.dumps({"id": request["id"], "result": result}), flush=True)


def banner():
    print("ACME index 2.3.1")
    print("[INFO] listening on standard input", flush=True)
    for line in sys.stdin:
        answer(json.loads(line))


def floods_stderr():
    for line in sys.stdin:
        for i in range(20_000):
            print(f"{i:06} considering a quote", file=sys.stderr)
        answer(json.loads(line))


def endless_line():
    answer(json.loads(sys.stdin.readline()))
    sys.stdin.readline()
    while True:
        sys.stdout.write("7" * 65536)


def floods_lines():
    """Writes lines without end, asked or not."""
    answer(json.loads(sys.stdin.readline()))
    while True:
        sys.stdout.write("tick\n" * 10_000)


def answers_twice():
    for line in sys.stdin:
        answer(json.loads(line))
        answer(json.loads(line))


def logs_on_stdout():
    for line in sys.stdin:
        answer(json.loads(line))
        print("one more done", flush=True)


if __name__ == "__main__":
    globals()[sys.argv[1].replace("-", "_")]()
