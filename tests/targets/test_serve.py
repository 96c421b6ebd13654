"""A served target answers every request, by lines and over HTTP, and nothing that it is sent ends it."""

from __future__ import annotations

import http.client
import io
import json
import socket
import threading
from contextlib import contextmanager

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from indexlab.market.errors import InputError, TargetFailure
from indexlab.targets.protocol import batch_params, decode_determinations, encode_batch, encode_call, encode_describe, encode_request, params_of
from indexlab.targets.resolve import open_target
from indexlab.targets.serve import serve_lines
from indexlab.targets.serve_http import HttpServer
from indexlab.targets.target import Description, Request
from tests.targets.conversations import agreeing, planted, request

SPREAD = request([(0, s, 50_000.0 + 7 * s) for s in range(4)] + [(1, 3, 90_000.0), (1.5, 0, float("nan"))])


class Failing:
    """A target that misbehaves as it is told."""

    label, kind = "test:failing", "process"

    def __init__(self, error):
        self.error = error

    def describe(self):
        raise self.error

    def index(self, requests):
        if isinstance(self.error, TargetFailure):
            return [self.error]
        raise self.error


def served(target, *lines, **limits):
    told = io.BytesIO(b"".join(lines))
    said = []
    serve_lines(target, told, said.append, **limits)
    assert all(line.endswith(b"\n") and line.count(b"\n") == 1 for line in said)
    return [json.loads(line) for line in said]


def test_a_served_preset_answers_as_it_does_in_this_process():
    with open_target("plain-median") as target:
        said, answered = served(target, encode_describe(1), encode_request(2, SPREAD))
        (mine,) = target.index([Request(SPREAD.basket, SPREAD.quotes, SPREAD.times, explain=True)])
    assert said["result"]["name"] == target.describe().name
    assert said["result"]["provides"] == ["index", "index_batch"]
    theirs = decode_determinations(json.dumps(answered).encode(), 2, 3, 4)
    for name in ("value", "status", "weight", "used", "reason"):
        assert getattr(mine, name).tobytes() == getattr(theirs, name).tobytes()


def test_a_batch_is_answered_as_its_runs_are_and_what_is_wrong_with_one_is_said_in_its_place():
    other = request([(0, s, 100.0 + s) for s in range(3)], n=3)
    runs = [params_of(SPREAD), b'{"sources": 3}', params_of(other)]
    with open_target("plain-median") as target:
        one, two, batch = served(target, encode_request(1, SPREAD), encode_request(2, other), encode_call(3, "index_batch", b"[" + b",".join(runs) + b"]"))
        assert served(target, encode_call(4, "index_batch", b"[]"), encode_call(5, "index_batch", b"{}")) == [
            {"id": 4, "result": []},
            {"id": 5, "error": {"message": "params must be a list, was an object"}},
        ]
    assert batch["result"] == [one["result"], {"error": {"message": "sources must be a list, was 3"}}, two["result"]]


def test_a_run_that_the_target_fails_on_is_an_error_in_its_place():
    [answer] = served(Failing(TargetFailure("exited", "exited with status 1")), encode_batch(1, [SPREAD]))
    assert answer["result"] == [{"error": {"message": "the target failed: exited: exited with status 1"}}]


def test_the_textbook_is_a_target_too_and_agrees():
    with open_target("plain-median") as engine, open_target("plain-median@reference") as textbook:
        assert textbook.label == "preset:plain-median@reference"
        (one,), (other,) = engine.index([SPREAD]), textbook.index([SPREAD])
        assert served(textbook, encode_request(2, SPREAD))[0]["result"]["index"] == other.value.tolist()
    assert one.value.tobytes() == other.value.tobytes()


def test_every_line_is_answered_and_none_ends_the_server():
    with open_target("plain-median") as target:
        answers = served(
            target,
            b"garbage\n",
            b"\n",
            b"\x00\xff\n",
            b'{"id": 3, "method": "margin", "params": {}}\n',
            b'{"id": 4, "method": "index", "params": {"sources": 3}}\n',
            b'{"id": 5, "method": "describe", "params": {"protocol": 2}}\n',
            encode_describe(6).rstrip(b"\n"),  # the last line has no end
        )
    assert [answer["id"] for answer in answers] == [None, None, None, 3, 4, 5, 6]
    assert ["error" in answer for answer in answers] == [True] * 6 + [False]
    assert answers[3]["error"]["message"] == 'method must be one of describe, index, index_batch, was "margin"'
    assert answers[4]["error"]["message"] == "sources must be a list, was 3"


@given(st.lists(st.binary(max_size=40)))
def test_there_are_as_many_answers_as_lines(garbage):
    lines = [line.replace(b"\n", b"") + b"\n" for line in garbage]
    assert len(served(Failing(ValueError("never asked")), *lines)) == len(lines)


def test_a_line_too_long_is_passed_over_and_the_next_is_answered():
    with open_target("plain-median") as target:
        answers = served(target, b'{"id": 1, "x": "' + b"y" * 5000 + b'"}\n', encode_describe(2), b"z" * 200, most_line=100)
    assert [answer["id"] for answer in answers] == [None, 2, None]
    assert answers[0]["error"]["message"] == answers[2]["error"]["message"] == "the request must not be longer than 100 bytes"


@pytest.mark.parametrize(
    ("error", "message"),
    [
        (TargetFailure("timeout", "gave no answer within 5 s"), "the target failed: timeout: gave no answer within 5 s"),
        (InputError("must be fixed weights", key="weights"), "weights must be fixed weights"),
        (ZeroDivisionError("oh"), "this is a failure of indexlab itself: ZeroDivisionError: oh"),
    ],
)
def test_what_goes_wrong_behind_the_server_is_an_error_answer(error, message):
    answers = served(Failing(error), encode_describe(1), encode_request(2, SPREAD))
    assert answers == [{"id": 1, "error": {"message": message}}, {"id": 2, "error": {"message": message}}]


def test_a_process_can_be_served_on():
    with planted("python_index.py") as target:
        asked = agreeing()
        said, answered = served(target, encode_describe(1), encode_request(2, asked))
    assert said["result"]["provides"] == ["index", "index_batch"]
    assert answered["result"]["index"] == [50_000.0] * 3


# ---------------------------------------------------------------------------------------------------------------------------------- HTTP


@contextmanager
def serving(target, **limits):
    with HttpServer(target, 0, **limits) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield server
        finally:
            server.shutdown()
            thread.join()


def asked_of(server, method, path, body=None, headers=None):
    connection = http.client.HTTPConnection("127.0.0.1", server.server_port, timeout=60)
    connection.request(method, path, body, headers or {})
    answer = connection.getresponse()
    content = answer.read()
    connection.close()
    return answer.status, json.loads(content) if answer.headers["Content-Type"] == "application/json" else content.decode()


def raw(server, content):
    with socket.create_connection(("127.0.0.1", server.server_port), timeout=60) as connection:
        connection.sendall(content)
        connection.shutdown(socket.SHUT_WR)
        return b"".join(iter(lambda: connection.recv(1 << 16), b""))


def test_http_takes_bare_params_and_gives_the_bare_result():
    params = json.dumps(json.loads(encode_request(1, SPREAD))["params"])
    with open_target("plain-median") as target, serving(target) as server:
        assert server.server_address[0] == "127.0.0.1"
        assert asked_of(server, "POST", "/describe", b"")[1]["protocol"] == 1
        status, result = asked_of(server, "POST", "/index", params)
        (mine,) = target.index([SPREAD])
    assert status == 200
    assert np.array_equal(np.array(result["index"], dtype=float), mine.value, equal_nan=True)


def test_http_takes_a_batch_as_a_bare_list():
    with open_target("plain-median") as target, serving(target) as server:
        one = asked_of(server, "POST", "/index", params_of(SPREAD))[1]
        assert asked_of(server, "POST", "/index_batch", batch_params([SPREAD] * 2)) == (200, [one, one])
        assert asked_of(server, "POST", "/index_batch", "{}") == (400, {"error": {"message": "params must be a list, was an object"}})


def test_one_connection_carries_many_requests():
    with open_target("plain-median") as target, serving(target) as server:
        connection = http.client.HTTPConnection("127.0.0.1", server.server_port, timeout=60)
        for path, body, status in (("/describe", "{}", 200), ("/index", "{}", 400), ("/nowhere", "{}", 404), ("/describe", "{}", 200)):
            connection.request("POST", path, body)
            answer = connection.getresponse()
            answer.read()
            assert answer.status == status
        connection.close()


def test_a_wrong_http_request_is_an_error_with_its_status():
    with open_target("plain-median") as target, serving(target, most_body=1000) as server:
        assert asked_of(server, "POST", "/index", "garbage") == (400, {"error": {"message": "sent a line that is no JSON: garbage"}})
        assert asked_of(server, "POST", "/index", '{"sources": 3}') == (400, {"error": {"message": "sources must be a list, was 3"}})
        assert asked_of(server, "POST", "/", "{}") == (404, {"error": {"message": "there is nothing at /; POST /describe, /index, /index_batch"}})
        assert asked_of(server, "GET", "/index")[0] == 405
        assert asked_of(server, "GET", "/favicon.ico")[0] == 404
        assert asked_of(server, "DELETE", "/index")[0] == 501
        assert asked_of(server, "POST", "/index", headers={"Content-Length": "-5"})[0] == 400
        assert asked_of(server, "POST", "/index", "x" * 1001) == (413, {"error": {"message": "the body must not be longer than 1000 bytes, is 1001"}})
        assert asked_of(server, "POST", "/index", iter([b"{}"]))[0] == 411  # chunked
        status, text = asked_of(server, "GET", "/")
        assert status == 200
        assert "preset:plain-median" in text
        assert "POST /index" in text
        assert raw(server, b"POST /index HTTP/1.1\r\nContent-Length: 9\r\n\r\n{}").startswith(b"HTTP/1.1 400")
        assert b'{"error":{"message":' in raw(server, b"nonsense\r\n\r\n")
        assert asked_of(server, "POST", "/describe", "{}")[0] == 200


@pytest.mark.parametrize(
    ("error", "status"), [(TargetFailure("exited", "exited with status 1"), 502), (InputError("must fit"), 400), (ZeroDivisionError("oh"), 500)]
)
def test_what_goes_wrong_behind_http_has_its_status(error, status):
    with serving(Failing(error)) as server:
        assert asked_of(server, "POST", "/describe", "{}")[0] == status
        assert asked_of(server, "POST", "/index", json.dumps(json.loads(encode_request(1, SPREAD))["params"]))[0] == status


def test_a_slow_client_keeps_nobody_waiting():
    with open_target("plain-median") as target, serving(target) as server, socket.create_connection(("127.0.0.1", server.server_port), timeout=60) as slow:
        slow.sendall(b"POST /index HTTP/1.1\r\nContent-Length: 100\r\n\r\n{")
        assert asked_of(server, "POST", "/describe", "{}")[0] == 200


def test_a_port_that_is_taken_is_one_clear_line():
    with (
        open_target("plain-median") as target,
        serving(target) as server,
        pytest.raises(InputError, match=rf"^--http {server.server_port} cannot be served on: "),
    ):
        HttpServer(target, server.server_port)


def test_requests_reach_the_target_one_at_a_time():
    inside, most = [], []

    class Counting(Failing):
        def describe(self):
            inside.append(1)
            most.append(len(inside))
            threading.Event().wait(0.01)
            inside.pop()
            return Description("counting")

    with serving(Counting(None)) as server:
        threads = [threading.Thread(target=asked_of, args=(server, "POST", "/describe", "{}")) for _ in range(6)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert most == [1] * 6
