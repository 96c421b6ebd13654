"""Servers that reset, drip, lie and flood: each is named, in its time, and nothing is sent twice that may have been heard."""

import gc
import json
import socket
import threading
from types import SimpleNamespace

import pytest

from indexlab.market.errors import TargetFailure
from tests.targets.conversations import agreeing
from tests.targets.web import HASTY, answer, hear, opened, raw, reset, right, said, web

FIRST = {"first_answer_s": 60.0}
"""To be right at first, under any load, and to be found silent soon after."""


def living():
    return [thread for thread in threading.enumerate() if thread.name == "indexlab-target-http"]


@pytest.fixture(autouse=True)
def nothing_is_left_running():
    yield
    assert living() == []


def answers(server, connection):
    while answer(server, connection):
        pass


def describing_then(act):
    """A connection on which `describe` is answered rightly, and then the act is played."""

    def play(server, connection):
        answer(server, connection)
        act(server, connection)

    return play


def failure_of(act, **how):
    """The failure of the first run, from a server that describes itself rightly and plays the act when it is asked for a run; and how often it was asked.

    On the next connection it is right: what went wrong does not reach the next run.
    """
    with raw(describing_then(act), answers) as server, opened(server.address, **how) as target:
        (outcome,) = target.index([agreeing()])
        heard = len(server.heard)
        again = target.index([agreeing()])[0]
        assert "answer_s" in how or again.value.tolist() == [50_000.0] * 3  # in so short a time a busy machine may fail it
    assert isinstance(outcome, TargetFailure)
    return outcome, heard


def sends(*pieces):
    """Hear a request, send the pieces, and close."""

    def act(server, connection):
        hear(server, connection)
        for piece in pieces:
            connection.sendall(piece)

    return act


def sends_and_waits(*pieces):
    def act(server, connection):
        hear(server, connection)
        for piece in pieces:
            connection.sendall(piece)
        server.over.wait(60)

    return act


def for_ever(piece, *, pause=0.0, first=b""):
    def act(server, connection):
        hear(server, connection)
        connection.sendall(first)
        while not server.over.wait(pause):
            connection.sendall(piece)

    return act


BODY = json.dumps(right("index", {"times": [1, 2, 3]})).encode()
HEAD = b"HTTP/1.1 200 OK\r\n"


@pytest.mark.parametrize(
    ("pieces", "kind", "says"),
    [
        ([b"SSH-2.0-OpenSSH_9.9\r\n"], "not-json", "no HTTP: SSH-2.0"),
        ([b"\x00\x01\x02\xff\xfe\r\n"], "not-json", "no HTTP"),
        ([b"HTTP/1.1 two hundred\r\n\r\n"], "not-json", "no HTTP"),
        ([b"HTTP/9.9 200 OK\r\n\r\n"], "not-json", "no HTTP: HTTP/9.9"),
        ([HEAD, *([b"X-Header: 1\r\n"] * 200), b"\r\n"], "not-json", "no HTTP: got more than 100 headers"),
        ([HEAD, b"X-Long: " + b"a" * 100_000 + b"\r\n\r\n"], "not-json", "no HTTP: got more than 65536 bytes"),
        ([HEAD, b"Content-Length: 100\r\n\r\n", BODY[:20]], "exited", "in the middle of its answer"),
        ([HEAD, b"Transfer-Encoding: chunked\r\n\r\n40\r\n", BODY[:20]], "exited", "in the middle of its answer"),
        ([HEAD, b"Transfer-Encoding: chunked\r\n\r\nzz\r\n", BODY], "exited", "in the middle of its answer"),
        ([HEAD, b"Content-Length: 20\r\n\r\n", BODY], "not-json", "ends too soon"),
        ([HEAD, b"Content-Length: 1099511627776\r\n\r\n", BODY], "too-large", "more than 64 MiB"),
        ([HEAD, b"Content-Length: -5\r\n\r\n"], "not-json", "empty body"),
        ([b"HTTP/1.1 200"], "not-json", "empty body"),
        ([b"HT"], "not-json", "no HTTP: HT"),
    ],
)
def test_an_answer_that_is_broken_is_named(pieces, kind, says):
    failure, heard = failure_of(sends(*pieces))
    assert failure.kind == kind
    assert says in failure.detail
    assert heard == 2  # it was heard, so it is not asked again


@pytest.mark.parametrize(
    ("act", "says"),
    [
        (sends_and_waits(), "gave no answer within"),
        (sends_and_waits(HEAD), "gave no answer within"),
        (sends_and_waits(HEAD, b"Content-Length: 10000\r\n\r\n", BODY), "had not ended its answer within"),
        (for_ever(b" ", pause=0.01, first=HEAD + b"Content-Length: 100000\r\n\r\n"), "had not ended its answer within"),
        (for_ever(b"1\r\n \r\n", pause=0.01, first=HEAD + b"Transfer-Encoding: chunked\r\n\r\n"), "had not ended its answer within"),
        (for_ever(b" ", pause=0.01, first=HEAD + b"Connection: close\r\n\r\n"), "had not ended its answer within"),
        (for_ever(b"H", pause=0.01), "gave no answer within"),
        (for_ever(b"HTTP/1.1 100 Continue\r\n\r\n", pause=0.001), "gave no answer within"),
    ],
    ids=["silent", "half a head", "too long a length", "drips a body", "drips chunks", "drips until it closes", "drips a head", "continues for ever"],
)
def test_a_time_limit_is_one_for_the_whole_answer(act, says):
    failure, _ = failure_of(act, first_answer_s=60.0, answer_s=0.3)
    assert failure.kind == "timeout"
    assert says in failure.detail


@pytest.mark.parametrize(
    "act",
    [
        for_ever(b" " * 65_536, first=HEAD + b"Content-Length: 70000000\r\n\r\n"),
        for_ever(b"10000\r\n" + b" " * 65_536 + b"\r\n", first=HEAD + b"Transfer-Encoding: chunked\r\n\r\n"),
        for_ever(b" " * 65_536, first=HEAD + b"Connection: close\r\n\r\n"),
    ],
    ids=["a length that is allowed", "chunks", "no length"],
)
def test_no_more_is_read_than_is_allowed(act):
    failure, _ = failure_of(act, answer_bytes=8 << 20)
    assert (failure.kind, failure.detail) == ("too-large", "answered more than 8 MiB")


def test_a_connection_that_is_closed_while_nothing_is_under_way_is_made_again_and_nothing_is_sent_twice():
    with raw(answer) as server, opened(server.address) as target:  # each connection answers once and closes without a word
        for _ in range(5):
            (outcome,) = target.index([agreeing()])
            assert outcome.value.tolist() == [50_000.0] * 3
    assert len(server.heard) == len(set(enumerate(server.heard))) == 6


def closes_unanswered(server, connection):
    """Hear a request on a connection that has answered, and close without a byte: what a server does whose patience ended just then."""
    answer(server, connection)
    hear(server, connection)


def resets_unanswered(server, connection):
    closes_unanswered(server, connection)
    reset(connection)


@pytest.mark.parametrize("act", [closes_unanswered, resets_unanswered])
def test_what_was_sent_on_an_idle_connection_that_closes_without_a_byte_is_sent_once_more(act):
    with raw(act, answers) as server, opened(server.address) as target:
        (outcome,) = target.index([agreeing()])
        assert outcome.value.tolist() == [50_000.0] * 3
    assert (server.count, len(server.heard)) == (2, 3)


@pytest.mark.parametrize("act", [closes_unanswered, resets_unanswered])
def test_it_is_sent_once_more_and_not_again(act):
    def hangs_up(server, connection):
        hear(server, connection)

    with raw(act, hangs_up) as server, opened(server.address) as target:
        (outcome,) = target.index([agreeing()])
    assert (outcome.kind, outcome.detail) == ("exited", "closed the connection instead of answering")
    assert (server.count, len(server.heard)) == (2, 3)


@pytest.mark.parametrize("late", [b"", b"H", HEAD + b"Content-Length: 100\r\n\r\n"])
def test_what_may_have_been_heard_is_not_sent_again(late):
    """On a new connection, or where a byte of an answer came, a reset is a failure."""

    def act(server, connection):
        if late:
            answer(server, connection)
        hear(server, connection)
        connection.sendall(late)
        if late:
            connection.recv(1, socket.MSG_PEEK) if server.over.wait(0.2) else None
        reset(connection)

    with raw(act) as server, opened(server.address) as target:
        kinds = {failure.kind for failure in failures(target, described=bool(late))}
    assert kinds <= {"exited", "not-json"}  # the byte may be seen before the reset, or with it
    assert len(server.heard) == (2 if late else 1)


def failures(target, *, described):
    if described:
        return target.index([agreeing()])
    with pytest.raises(TargetFailure) as caught:
        target.describe()
    return [caught.value]


def test_bytes_that_nobody_asked_for_are_no_answer_to_the_next_request():
    def act(server, connection):
        wrong = json.dumps({"index": [1.0] * 3, "status": ["ok"] * 3})
        while method := hear(server, connection):
            connection.sendall(said(method, server.heard[-1]) + said(method, wrong))

    with raw(act) as server, opened(server.address) as target:
        for _ in range(3):
            (outcome,) = target.index([agreeing()])
            assert outcome.value.tolist() == [50_000.0] * 3


def test_what_comes_unasked_while_nothing_is_under_way_is_no_answer_either():
    sent = threading.Event()

    def act(server, connection):
        answer(server, connection)
        method = hear(server, connection)
        connection.sendall(said(method, server.heard[-1]))
        asked.wait(60)
        connection.sendall(said(method, json.dumps({"index": [1.0] * 3, "status": ["ok"] * 3})))
        sent.set()
        server.over.wait(60)

    asked = threading.Event()
    with raw(act, answers) as server, opened(server.address) as target:
        for event in (asked, None):
            (outcome,) = target.index([agreeing()])
            assert outcome.value.tolist() == [50_000.0] * 3
            if event is not None:
                event.set()
                assert sent.wait(60)


def test_a_server_that_answers_without_listening_to_the_end_is_heard():
    def act(server, connection):
        connection.recv(100)
        connection.sendall(b"HTTP/1.1 413 Payload Too Large\r\nContent-Length: 2\r\nConnection: close\r\n\r\nno")
        connection.shutdown(socket.SHUT_WR)
        while connection.recv(1 << 16):
            pass

    failure, _ = failure_of(act)
    assert (failure.kind, failure.detail.split(" (")[0]) == ("error", "answered with status 413 Payload Too Large")


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as taken:
        return taken.getsockname()[1]


def test_where_nobody_listens_that_is_said_and_it_is_given_up():
    with opened(f"http://127.0.0.1:{free_port()}", **HASTY) as target:
        with pytest.raises(TargetFailure, match=r"could not be connected to within 0\.3 s, the last time: the connection was refused"):
            target.describe()
        details = [failure.detail for failure in target.index([agreeing()] * 6)]
    assert details[-1].startswith("gave up after 5 failures in a row, the last: could not be connected to")


def test_a_service_that_is_still_starting_is_waited_for():
    port = free_port()
    listening = []

    def listen():
        listening.append(socket.create_server(("127.0.0.1", port)))
        connection, _ = listening[0].accept()
        with connection:
            while answer(server, connection):
                pass

    server = SimpleNamespace(heard=[])
    starting = threading.Timer(0.3, listen)
    starting.daemon = True
    starting.start()
    with opened(f"http://127.0.0.1:{port}") as target:
        assert target.describe().name == "web"
    starting.join(10)
    listening[0].close()


def test_a_name_that_nobody_knows_is_said():
    with opened("http://no-such-host.invalid") as target, pytest.raises(TargetFailure) as caught:
        target.describe()
    assert (caught.value.kind, caught.value.detail) == ("not-started", "could not be connected to: its name is not known")


def test_silence_is_given_up_after_a_few_limits():
    with raw(describing_then(sends_and_waits()), sends_and_waits()) as server, opened(server.address, first_answer_s=60.0, answer_s=0.2) as target:
        details = [failure.detail for failure in target.index([agreeing()] * 8)]
    assert sum(detail.startswith("gave no answer within") for detail in details) < 5
    assert details[-1].startswith("gave up after")


def test_after_close_it_is_asked_anew_with_its_failures_forgiven():
    down = [True]

    def respond(method, params):
        return (200, b"garbage", {}) if down[0] and method == "index" else right(method, params)

    with web(respond) as server, opened(server.address) as target:
        assert target.index([agreeing()] * 8)[-1].detail.startswith("gave up after 5 failures")
        down[0] = False
        target.close()
        assert target.index([agreeing()])[0].value.tolist() == [50_000.0] * 3


def test_a_target_that_nobody_closes_hangs_up_when_it_goes():
    with web() as server:
        target = opened(server.address)
        target.describe()
        assert len(living()) == 1
        del target
        gc.collect()
        assert living() == []


def test_an_interrupt_while_it_is_waited_for_leaves_nothing_running(monkeypatch):
    with raw(sends_and_waits()) as server, opened(server.address) as target:
        target._caller._living()._answers = Interrupting()
        with pytest.raises(KeyboardInterrupt):
            target.describe()
        assert living() == []


class Interrupting:
    def get(self, timeout):
        raise KeyboardInterrupt

    def put(self, outcome):
        pass
