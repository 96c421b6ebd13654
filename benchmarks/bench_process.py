"""What `exec:` costs beside a bare pipe: scenarios a second, one by one and in batches. Figures to look at; nothing is asserted about time.

The *raw pipe* is the least that anybody could do: the very same lines, encoded beforehand, written and read by one loop, as many in flight and at a time;
of an answer only the end of its line is looked for. *By hand* is what one would write in an afternoon: each request encoded from its columns by msgspec, each
answer decoded by it, and nothing checked. `exec:` encodes, watches, decodes and holds every answer against the protocol. The scenarios are the twins of a
sweep, asked twenty-five at a time as an audit does. There are two targets: a plain index in Python, and one that reads and understands nothing, so that what
carries the messages is all that is measured. Shares are of medians of rounds run in turn, so that a busy machine slows all alike.
"""

from __future__ import annotations

import gc
import itertools
import os
import select
import shlex
import subprocess
import sys
from pathlib import Path
from statistics import median
from time import perf_counter, process_time

import msgspec
import pytest

from indexlab.scenarios.baskets import drawn_basket
from indexlab.scenarios.expect import Expect
from indexlab.scenarios.grids import Point, factors, twin
from indexlab.scenarios.scenario import Batch, Scenario, expand
from indexlab.scenarios.shapes import market_for
from indexlab.targets.process import ProcessTarget
from indexlab.targets.protocol import batches, encode_batch, encode_describe, encode_request
from indexlab.targets.requests import encode_result
from indexlab.targets.resolve import open_target
from indexlab.targets.target import Request

ANSWERER = Path(__file__).with_name("answerer.py")
SIZES = {"small": (3, 20), "usual": (8, 60)}
"""Sources, and publications a second apart."""
TOGETHER, ROUNDS_OF_REQUESTS, ROUNDS = 25, 24, 15
IN_FLIGHT = {"single": 4, "batches": 2}


def rounds_of_requests(sources, publications, count):
    """Return what an audit asks at a time: a clean run and its twins, which share what the fault has not touched."""
    asked = []
    for number in range(count):
        market = market_for(Expect(), "calm", publications, seed=number)
        points = [Point(k % sources, factors()[(7 * k + number) % len(factors())], 5_000_000, 10_000_000) for k in range(TOGETHER - 1)]
        expanded = expand(Batch(Scenario(sources=drawn_basket(sources, 1), market=market), tuple(twin(point, market.start) for point in points)))
        runs = [expanded.clean, *[injection.quotes for injection in expanded.injections]]
        asked.append([Request(expanded.basket, quotes, expanded.times) for quotes in runs])
    return asked


class Raw:
    """The raw pipe, started and greeted beforehand as the target is."""

    def __init__(self, command, rounds, in_flight):
        self.rounds, self.in_flight = rounds, in_flight
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, bufsize=0, start_new_session=True)
        os.set_blocking(self.process.stdin.fileno(), False)
        self.carry([encode_describe(1)], self.ignored)

    @staticmethod
    def ignored(line):
        """Look at nothing."""

    def carry(self, lines, read):
        """Write all lines and read as many, `read` each."""
        stdin, stdout = self.process.stdin.fileno(), self.process.stdout.fileno()
        poll, lines, open_lines, rest, partial = select.poll(), iter(lines), 0, memoryview(b""), b""
        line = next(lines, None)
        poll.register(stdout, select.POLLIN)
        poll.register(stdin, select.POLLOUT)
        writing = True
        while line or rest or open_lines:
            for descriptor, _ in poll.poll():
                if descriptor == stdout:
                    *ended, partial = (partial + os.read(stdout, 1 << 18)).split(b"\n")
                    open_lines -= len(ended)
                    for answer in ended:
                        read(answer)
                else:
                    if not rest and line and open_lines < self.in_flight:
                        rest, line = memoryview(line), next(lines, None)
                        open_lines += 1
                    if rest:
                        rest = rest[os.write(stdin, rest) :]
            wanted = bool(rest) or bool(line and open_lines < self.in_flight)
            if wanted != writing:
                (poll.register if wanted else lambda pipe, _: poll.unregister(pipe))(stdin, select.POLLOUT)
                writing = wanted

    def __call__(self):
        for lines in self.rounds:
            self.carry(lines, self.ignored)

    def close(self):
        self.process.kill()
        self.process.communicate()


class ByHand(Raw):
    """The same loop, encoding and decoding without a further thought; its rounds are of ids with runs."""

    def __call__(self):
        for asked in self.rounds:
            self.carry(map(self.encoded, asked), msgspec.json.decode)

    def encoded(self, asked):
        request_id, runs = asked
        params = [plain(run) for run in runs]
        told = {"method": "index_batch", "params": params} if self.in_flight == IN_FLIGHT["batches"] else {"method": "index", "params": params[0]}
        return msgspec.json.encode({"id": request_id, **told}) + b"\n"


def plain(run):
    names = ("receive_time", "event_time", "source", "price", "volume")
    sources = [{"id": one.id, "venue": one.venue, "quote": one.quote, "weight": one.weight} for one in run.basket]
    return {"sources": sources, "observations": {name: getattr(run.quotes, name).tolist() for name in names}, "times": run.times.tolist()}


def canned_results(parcels, way):
    """Return what a median of all sources answers to each parcel."""
    with open_target("preset:plain-median") as right:
        for parcel in parcels:
            told = [encode_result(found) for found in right.index(parcel)]
            results = [msgspec.json.encode({key: one[key] for key in ("index", "status")}) for one in told]
            yield b"[%s]" % b",".join(results) if way == "batches" else results[0]


def measured(rounds, contestants):
    """Run contestants in turn; return each one's wall seconds and processor seconds, the latter without the target's."""
    walls, processors = {name: [] for name in contestants}, {name: [] for name in contestants}
    gc.collect()
    gc.disable()
    try:
        for turn in range(rounds + 1):
            for name, contestant in contestants.items():
                wall, processor = perf_counter(), process_time()
                contestant()
                if turn:
                    walls[name].append(perf_counter() - wall)
                    processors[name].append(process_time() - processor)
    finally:
        gc.enable()
    return walls, processors


@pytest.mark.parametrize("index", [True, False], ids=["index", "nothing"])
@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("way", IN_FLIGHT)
def bench_exec_beside_a_raw_pipe(benchmark, book, tmp_path, size, way, index):
    """Six hundred scenarios of a few kilobytes through each."""
    asked = rounds_of_requests(*SIZES[size], book.size(ROUNDS_OF_REQUESTS, least=2))
    ids = itertools.count(2)
    rounds = [[(next(ids), list(parcel)) for parcel in (batches(runs) if way == "batches" else [[run] for run in runs])] for runs in asked]
    lines = [[encode_batch(k, parcel) if way == "batches" else encode_request(k, parcel[0]) for k, parcel in parcels] for parcels in rounds]
    canned = tmp_path / "results"
    canned.write_bytes(b"\n".join(canned_results([parcel for parcels in rounds for _, parcel in parcels], way)))
    command = [sys.executable, "-S", str(ANSWERER), "index" if index else str(canned), way]
    raw, by_hand = Raw(command, lines, IN_FLIGHT[way]), ByHand(command, rounds, IN_FLIGHT[way])
    with ProcessTarget(shlex.join(command)) as target:
        target.describe()

        def through_exec():
            for runs in asked:
                assert all(hasattr(outcome, "value") for outcome in target.index(runs))

        contestants = {"raw": raw, "by hand": by_hand, "exec": through_exec}
        walls, processors = benchmark.pedantic(measured, (ROUNDS, contestants), rounds=1)
    raw.close()
    by_hand.close()
    count, kilobytes = sum(map(len, asked)), sum(map(len, itertools.chain(*lines))) / sum(map(len, asked)) / 1000
    for name, wall in walls.items():
        share = median(walls["raw"]) / median(wall)
        beside = f"{count / median(wall):,.0f} a second, {share:.0%} of the raw pipe; {min(processors[name]) / count * 1e6:,.0f} µs of processor"
        book.row(
            f"{name} to {'a plain index' if index else 'nothing'}: {size}, {way} ({kilobytes:.0f} kB)", wall, rows=count, sources=SIZES[size][0], beside=beside
        )
        if name == "exec":
            book.beside(**{f"exec_over_raw_pipe_{'index' if index else 'nothing'}_{size}_{way}": share})
