"""Targets that answer, of both kinds that are measured: one that costs as little as one can, and a plain index.

`answerer.py FILE PROVIDES` gives the k-th line of a file as the result of the k-th request, whatever it asks; not a byte of it is read.
`answerer.py index PROVIDES` reads a request and publishes the mean of what each source said last.
"""

import json
import sys
from pathlib import Path


def canned(file, provides):
    """Answer without reading."""
    results, out, k = Path(file).read_bytes().splitlines(), sys.stdout.buffer, 0
    for line in sys.stdin.buffer:
        request_id = line[6 : line.index(b",")]
        if b'"describe"' in line[:60]:
            out.write(b'{"id":%s,"result":{"protocol":1,"name":"answerer","provides":%s}}\n' % (request_id, json.dumps(provides).encode()))
        else:
            out.write(b'{"id":%s,"result":%s}\n' % (request_id, results[k % len(results)]))
            k += 1
        out.flush()


def determined(params):
    """Return a run of a plain index."""
    seen, row, newest, index = params["observations"], 0, {}, []
    received, source, price = seen["receive_time"], seen["source"], seen["price"]
    for now in params["times"]:
        while row < len(received) and received[row] <= now:
            if price[row] is not None and price[row] > 0:
                newest[source[row]] = price[row]
            row += 1
        index.append(sum(newest.values()) / len(newest) if newest else None)
    return {"index": index, "status": ["halted" if value is None else "ok" for value in index]}


def plain_index(provides):
    """Read, determine and answer."""
    for line in sys.stdin.buffer:
        request = json.loads(line)
        if request["method"] == "describe":
            result = {"protocol": 1, "name": "answerer", "provides": provides}
        elif request["method"] == "index_batch":
            result = [determined(params) for params in request["params"]]
        else:
            result = determined(request["params"])
        sys.stdout.write(json.dumps({"id": request["id"], "result": result}) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    spoken = ["index", "index_batch"] if sys.argv[2] == "batches" else ["index"]
    plain_index(spoken) if sys.argv[1] == "index" else canned(sys.argv[1], spoken)
