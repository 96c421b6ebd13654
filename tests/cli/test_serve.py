"""`indexlab serve`: a process that other programs speak to, by lines or over HTTP, and that ends when it should."""

from __future__ import annotations

import contextlib
import http.client
import json
import shlex
import signal
import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest

from indexlab.targets.process import ProcessTarget
from indexlab.targets.protocol import encode_describe, encode_request
from indexlab.targets.resolve import open_target
from indexlab.targets.target import Request
from tests.cli.commands import planted, ran, started
from tests.targets.conversations import PATIENT, agreeing, request

RUNS = [
    agreeing(),
    request([]),
    request([(t, s, 50_000.0 + t + 7 * s) for t in range(20) for s in range(4)] + [(20, 3, 90_000.0), (21, 0, float("nan")), (22, 1, 0.0)], seconds=40),
]


def served(label):
    return ProcessTarget(shlex.join([sys.executable, "-m", "indexlab", "serve", label]), limits=PATIENT)


@contextlib.contextmanager
def running(*arguments, here):
    process = started("serve", *arguments, here=here, stdin=subprocess.PIPE)
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


@pytest.mark.parametrize("name", ["okx-2018", "plain-median@reference"])
def test_a_served_preset_is_the_same_index(name):
    with served(f"preset:{name}") as there, open_target(f"preset:{name}") as here:
        assert there.describe() == replace(here.describe(), provides=("index", "index_batch"))
        theirs = there.index(RUNS)
        mine = here.index([Request(run.basket, run.quotes, run.times, explain=True) for run in RUNS])
    for one, other in zip(theirs, mine, strict=True):
        for column in ("value", "status", "weight", "used", "reason"):
            assert getattr(one, column).tobytes() == getattr(other, column).tobytes()


def test_standard_output_carries_the_protocol_alone_and_the_end_of_input_ends_it(tmp_path):
    with running("preset:plain-median", here=tmp_path) as process:
        lines = (encode_describe(1) + b"garbage\n" + encode_request(3, agreeing())).decode()
        out, err = process.communicate(lines, timeout=120)
    assert [json.loads(line)["id"] for line in out.splitlines()] == [1, None, 3]
    assert (process.returncode, err) == (0, "")


def test_what_else_is_printed_goes_to_standard_error(tmp_path):
    (tmp_path / "chatty.py").write_text(
        "import indexlab.targets.methodology as m\n"
        "told = m.MethodologyTarget.describe\n"
        "m.MethodologyTarget.describe = lambda self: (print('a stray word'), told(self))[1]\n"
        "from indexlab.cli import main\n"
        "main(['serve', 'plain-median'])\n"
    )
    done = subprocess.run([sys.executable, "chatty.py"], cwd=tmp_path, input=encode_describe(1), capture_output=True, check=True, timeout=120)
    assert [json.loads(line)["id"] for line in done.stdout.splitlines()] == [1]
    assert done.stderr == b"a stray word\n"


def test_ctrl_c_ends_it_quietly(tmp_path):
    with running("preset:plain-median", here=tmp_path) as process:
        process.stdin.write(encode_describe(1).decode())
        process.stdin.flush()
        assert json.loads(process.stdout.readline())["id"] == 1
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=120)
    assert (process.returncode, out, err) == (130, "", "")


def test_over_http_it_says_where_and_ctrl_c_ends_it(tmp_path):
    with running("preset:plain-median", "--http", "0", here=tmp_path) as process:
        said = process.stderr.readline()
        assert said.startswith("serving preset:plain-median on http://127.0.0.1:")
        params = json.dumps(json.loads(encode_request(1, agreeing()))["params"]).encode()
        with contextlib.closing(http.client.HTTPConnection("127.0.0.1", int(said.rpartition(":")[2]), timeout=120)) as connection:
            connection.request("POST", "/index", params)
            assert json.load(connection.getresponse())["index"] == [50_000.0] * 3
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=120)
    assert (process.returncode, out, err) == (130, "", "")


def test_a_process_that_is_served_on_ends_with_it(tmp_path):
    with running(planted("python_index.py"), here=tmp_path) as process:
        process.stdin.write(encode_request(1, agreeing()).decode())
        process.stdin.flush()
        assert np.all(np.array(json.loads(process.stdout.readline())["result"]["index"]) == 50_000.0)
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=120)  # standard error is closed by the target too: it has ended
    assert process.returncode == 143


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        (("plain-medain",), "plain-median"),
        (("preset:plain-median", "--stdio", "--http", "0"), "--stdio and --http exclude each other"),
        (("preset:plain-median", "--http", "65536"), "65536 is not in the range"),
        (("file:nowhere.toml@reference",), "is not there"),
        ((), "Missing argument 'TARGET'"),
    ],
)
def test_a_wrong_call_is_one_clear_line_before_anything_starts(arguments, line):
    done = ran("serve", *arguments)
    assert done.exit_code == 2
    assert line in done.stderr
    assert done.stdout == ""
