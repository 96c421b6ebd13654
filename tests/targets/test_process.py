"""A process as a target: right ones answer, and whatever a wrong one does becomes a failure that says so; nothing is left running."""

from __future__ import annotations

import os
import re
import signal
import sys
import threading
from pathlib import Path

import numpy as np
import pytest

from indexlab.index.determination import Determinations
from indexlab.market.errors import InputError, TargetFailure
from indexlab.targets import life as life_module
from indexlab.targets.life import Limits
from indexlab.targets.process import ProcessTarget
from indexlab.targets.target import RequestFailure
from tests.targets.conversations import HERE, PATIENT, agreeing, planted, request
from tests.targets.leftovers import ended, marked_processes

SHORT = Limits(first_answer_s=60.0, answer_s=1.0)
"""For targets that never answer: the time that is waited out."""


def misbehaving(file, how, limits=PATIENT):
    return planted(f"misbehaving/{file}.py", how, limits=limits)


def only(target, asked=None):
    [outcome] = target.index([asked or agreeing()])
    return outcome


def failure_of(file, how, limits=PATIENT):
    with misbehaving(file, how, limits) as target:
        outcome = only(target)
    assert isinstance(outcome, RequestFailure)
    return outcome


WRONG_ANSWERS = {
    "garbage": ("not-json", "answered a line that is no JSON: Traceback (most recent call last):"),
    "empty-line": ("not-json", "answered an empty line"),
    "two-objects": ("not-json", "answered a line that is no JSON: "),
    "wrong-id": ("wrong-id", "id must repeat the id of the request, a whole number; it was 1 more"),
    "text-id": ("wrong-id", 'it was "2"'),
    "no-id": ("wrong-id", "it is missing"),
    "boolean-id": ("wrong-id", "it was true"),
    "nan": ("not-json", "answered NaN, which is no JSON (null says that there is no number)"),
    "infinity": ("not-json", "answered Infinity, which is no JSON"),
    "too-large-number": ("misfit", "index[2] must fit a double-precision number, is too large"),
    "too-large-exponent": ("misfit", "must hold numbers that fit double precision"),
    "error": ("error", "answered with an error: no price·for kraken"),
    "error-without-id": ("error", "answered with an error: could not parse"),
    "array": ("misfit", "the answer must be an object, was a list of 2"),
    "no-result": ("misfit", "result must be an object, is missing"),
    "no-status": ("misfit", "status must be a list, is missing"),
    "short-index": ("misfit", "index must have 3 entries, one for each time, has 2"),
    "short-status": ("misfit", "status must have 3 entries, one for each time, has 2"),
    "boolean-value": ("misfit", "index[1] must be a number or null, was true"),
    "text-value": ("misfit", 'index[0] must be a number or null, was "50000.0"'),
    "unknown-status": ("misfit", 'status[2] must be one of ok, degraded, held, halted, was "fine"'),
    "list-status": ("misfit", "status[0] must be one of ok, degraded, held, halted, was a list of 1"),
    "null-with-ok": ("misfit", "index[0] must be a number where the status is ok, was null"),
    "value-with-halted": ("misfit", "index[0] must be null where the status is halted, was 50000"),
    "short-weights": ("misfit", "weights[0] must have 4 entries, one for each source, has 3"),
    "null-weight": ("misfit", "weights[0][0] must be a number, was null"),
    "text-used": ("misfit", 'used[0][0] must be a number or null, was "x"'),
    "unknown-reason": ("misfit", 'reasons[0][3] must be one of used, clamped, outlier, stale, invalid, cooling, absent, was "lost"'),
}


@pytest.mark.parametrize(("how", "expected"), WRONG_ANSWERS.items(), ids=list(WRONG_ANSWERS))
def test_a_wrong_answer_is_a_failure_that_says_where(how, expected):
    failure = failure_of("answers", how)
    assert failure.kind == expected[0]
    assert expected[1] in failure.detail
    assert "\n" not in failure.detail


def test_what_fits_the_protocol_is_left_to_the_properties():
    with misbehaving("answers", "negative-value") as target:
        assert only(target).value.tolist() == [-1.0] * 3
    with misbehaving("answers", "held-null") as target:
        assert np.isnan(only(target).value).all()
    with misbehaving("answers", "unknown-keys") as target:
        assert only(target).value.tolist() == [50000.0] * 3


@pytest.mark.parametrize(
    ("how", "kind", "detail"),
    [
        ("describe-misfit", "misfit", 'result.provides must be a list of names, was "index"'),
        ("describe-protocol", "misfit", "result.protocol must be 1, was 2"),
        ("describe-uses", "misfit", 'result.uses must be ["price"] or ["bid", "ask"], was [last]'),
        ("describe-error", "error", "answered with an error: unknown method describe"),
    ],
)
def test_a_target_that_cannot_describe_itself_is_asked_all_the_same(how, kind, detail):
    with misbehaving("answers", how) as target:
        with pytest.raises(TargetFailure) as caught:
            target.describe()
        assert (caught.value.kind, caught.value.detail) == (kind, detail)
        assert only(target).value.tolist() == [50000.0] * 3


@pytest.mark.parametrize(
    ("how", "detail", "log"),
    [
        ("at-once", "exited with status 3 before its first answer", "configuration not found\n"),
        ("at-request", "exited with status 1 instead of answering", "dividing by the price of kraken\n"),
        ("by-signal", "was ended by SIGSEGV instead of answering", ""),
        ("half-a-line", 'exited with status 0 instead of answering, after a line without an end: {"id": 2, "result": {"ind', ""),
    ],
)
def test_an_exit_is_named_with_the_log(how, detail, log):
    failure = failure_of("exits", how)
    if how == "at-once":
        assert failure.request_id > 0
    assert (failure.kind, failure.detail, failure.log) == ("exited", detail, log)


def test_one_poisonous_request_costs_only_itself():
    """The target is started anew, and the requests around the poison are answered."""
    poison = request([(0, 0, 0.0)])
    with misbehaving("exits", "at-zero") as target:
        outcomes = target.index([agreeing(), poison, agreeing(), poison, agreeing()])
    assert [getattr(outcome, "kind", "answered") for outcome in outcomes] == ["answered", "exited", "answered", "exited", "answered"]


@pytest.mark.skipif(not hasattr(os, "pidfd_open"), reason="needs pidfd_open to see a stranger's end")
def test_a_child_that_is_left_behind_is_named_and_ended():
    failure = failure_of("exits", "leaves-a-child", SHORT)
    assert (failure.kind, failure.detail) == ("exited", "exited with status 5, and left a child that holds its standard output")
    assert ended(int(re.search(r"child (\d+)", failure.log)[1]))


@pytest.mark.parametrize(
    ("how", "limits", "detail"),
    [
        ("at-request", SHORT, "gave no answer within 1 s"),
        ("at-describe", Limits(first_answer_s=0.3), "gave no first answer within 0.3 s, and not a byte: is standard output flushed after each line?"),
        ("half-a-line", SHORT, 'gave no answer within 1 s, after a line without an end: {"id": 2, "result": {"ind'),
    ],
)
def test_silence_is_a_failure_after_the_limit(how, limits, detail):
    with misbehaving("hangs", how, limits) as target:
        try:
            target.describe()
            failure = only(target)
        except RequestFailure as told:
            failure = told
    assert (failure.kind, failure.detail) == ("timeout", detail)


def test_a_hanging_target_shows_its_log():
    assert failure_of("hangs", "at-request", SHORT).log == "waiting for a lock\n"


def test_a_target_that_does_not_read_blocks_nobody():
    large = request([(i / 1000, i % 4, 50000.123456 + i) for i in range(60_000)])
    with misbehaving("hangs", "deaf", SHORT) as target:
        target.describe()
        assert only(target, large).kind == "timeout"


def test_a_stubborn_target_is_ended_all_the_same():
    target = misbehaving("hangs", "stubborn")
    target.describe()
    process = target._life.process
    target.close()
    assert process.returncode == -signal.SIGKILL


def test_a_dead_target_is_given_up_after_five_failures_and_forgiven_by_close():
    with misbehaving("exits", "at-once") as target:
        outcomes = target.index([agreeing()] * 8)
        assert [outcome.kind for outcome in outcomes] == ["exited"] * 4 + ["not-started"] * 4  # `describe` was the first of the five
        assert outcomes[-1].detail == "gave up after 5 failures in a row, the last: exited with status 3 before its first answer"
        target.close()
        assert [outcome.kind for outcome in target.index([agreeing()] * 3)] == ["exited"] + ["not-started"] * 2  # it has never answered: once is enough


def test_a_target_that_was_dead_and_answers_now_is_given_as_many_tries_as_any(tmp_path):
    script, broken = tmp_path / "mended.py", tmp_path / "broken"
    script.write_text(f"import os, sys\nif os.path.exists({str(broken)!r}): sys.exit(3)\n{Path(HERE / 'python_index.py').read_text()}")
    broken.touch()
    with planted(script) as target:
        assert only(target).kind == "exited"
        target.close()
        broken.unlink()
        assert only(target).value.tolist() == [50000.0] * 3
        target.close()
        broken.touch()
        assert [outcome.kind for outcome in target.index([agreeing()] * 7)] == ["exited"] * 5 + ["not-started"] * 2


def test_where_there_are_no_threads_to_watch_it_by_nothing_is_left_running(monkeypatch):
    def refused(*_):
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(life_module, "Watch", refused)
    with planted("python_index.py") as target, pytest.raises(RuntimeError):
        only(target)
    assert marked_processes() == []


def test_a_target_that_answers_wrongly_is_never_given_up():
    with misbehaving("answers", "short-index") as target:
        assert {outcome.kind for outcome in target.index([agreeing()] * 7)} == {"misfit"}


class Waits:
    """Stands in for the event that is waited on before a process is started anew."""

    def __init__(self):
        self.seconds = []

    def clear(self):
        """Nothing is set."""

    set = clear

    def wait(self, seconds):
        self.seconds.append(seconds)
        return False

    def is_set(self):
        return False


def test_it_is_started_again_later_and_later_and_at_once_after_an_answer():
    with misbehaving("exits", "at-once") as target:
        target._closing = dead = Waits()
        target.index([agreeing()] * 8)
    assert dead.seconds == [0, 0, 0.1, 0.2, 0.4]
    with misbehaving("exits", "at-zero") as target:
        target._closing = alive = Waits()
        target.index([agreeing(), request([(0, 0, 0.0)])] * 3)
    assert set(alive.seconds) == {0}


def test_one_that_is_closed_while_it_is_asked_is_not_started_again():
    with misbehaving("hangs", "at-request") as target:
        target.describe()
        life, outcomes = target._life, []
        receive = life.pipes.receive

        def closed_meanwhile(seconds):
            closing.start()
            return receive(seconds)

        life.pipes.receive = closed_meanwhile
        closing = threading.Thread(target=target.close)
        outcomes = target.index([agreeing()] * 3)
        closing.join()
    assert outcomes[-1].detail == "was closed while it was asked"
    assert life.process.returncode is not None


NO_BATCHES = """
import json, sys
for line in sys.stdin:
    request = json.loads(line)
    if request["method"] == "describe":
        answer = {"result": {"protocol": 1, "name": "x", "provides": ["index", "index_batch"]}}
    elif request["method"] == "index_batch":
        print("refused", len(request["params"]), file=sys.stderr, flush=True)
        answer = {"error": {"message": "not yet"}}
    else:
        answer = {"result": {"index": [5.0] * 3, "status": ["ok"] * 3}}
    print(json.dumps({"id": request["id"], **answer}), flush=True)
"""


def test_a_batch_that_fails_though_no_run_does_is_one_failure_and_no_other_is_sent(tmp_path):
    script = tmp_path / "no_batches.py"
    script.write_text(NO_BATCHES)
    with planted(script) as target:
        outcomes = target.index([agreeing()] * 40)
        assert [getattr(outcome, "kind", "answered") for outcome in outcomes] == ["error"] + ["answered"] * 39
        assert outcomes[0].detail == "answered with an error: not yet (asked 16 runs at once; one by one each was answered)"
        assert outcomes[0].log.startswith("refused 16\n")
        assert {type(outcome) for outcome in target.index([agreeing()] * 40)} == {Determinations}


def test_after_an_error_or_a_misfit_the_process_goes_on():
    for how, kind in (("error", "error"), ("short-index", "misfit")):
        with misbehaving("answers", how) as target:
            target.describe()
            process = target._life.process
            assert {outcome.kind for outcome in target.index([agreeing()] * 6)} == {kind}
            assert target._life.process is process


def test_a_banner_is_reported_once_and_then_expected():
    with misbehaving("talks", "banner") as target:
        with pytest.raises(RequestFailure) as caught:
            target.describe()
        assert caught.value.kind == "not-json"
        assert caught.value.detail == "wrote to standard output before its first answer (a banner belongs on standard error): ACME index 2.3.1"
        assert target.describe().name == "talks"
        assert only(target).value.tolist() == [50000.0] * 3
        target.close()
        assert only(target).value.tolist() == [50000.0] * 3


def test_a_flood_of_log_lines_is_drained_and_its_tail_kept():
    with misbehaving("talks", "floods-stderr") as target:
        assert [outcome.value.tolist() for outcome in target.index([agreeing()] * 2)] == [[50000.0] * 3] * 2
        life = target._life
        target._life = None
        log = life.kill()
        target._undertaker.detach()
    assert log.endswith("019999 considering a quote\n")
    assert len(log) == 64 << 10


def test_an_endless_line_is_cut_at_the_limit():
    failure = failure_of("talks", "endless-line", Limits(first_answer_s=60.0, answer_s=60.0, answer_bytes=1 << 20))
    assert (failure.kind, failure.detail) == ("too-large", f"answered a line of more than 1 MiB: {'7' * 80}…")


def test_a_flood_of_lines_is_no_json_and_fills_no_memory():
    with misbehaving("talks", "floods-lines") as target:
        target.describe()
        pipes = target._life.pipes
        failure = only(target)
        assert len(pipes._lines) < 1 << 18
    assert (failure.kind, failure.detail) == ("not-json", "answered a line that is no JSON: tick")


def test_a_second_answer_is_the_wrong_one_for_the_next_request():
    failure = failure_of("talks", "answers-twice")
    assert (failure.kind, failure.detail) == ("wrong-id", "id must repeat the id of the request, a whole number; it was 1 less")
    assert failure_of("talks", "logs-on-stdout").detail == "answered a line that is no JSON: one more done"


def test_a_failure_carries_the_id_of_its_request():
    with misbehaving("answers", "error") as target:
        assert [outcome.request_id for outcome in target.index([agreeing()] * 3)] == [2, 3, 4]


def test_one_process_answers_many_requests_and_is_gone_after_close():
    target = planted("python_index.py")
    assert target._life is None
    target.index([agreeing()])
    process = target._life.process
    target.index([agreeing()] * 3)
    assert target._life.process is process
    target.close()
    assert process.returncode == 0
    target.close()


def test_an_interrupt_leaves_nothing_running(monkeypatch):
    target = planted("python_index.py")
    target.index([agreeing()])
    life = target._life

    def interrupted(_):
        raise KeyboardInterrupt

    monkeypatch.setattr(life.pipes, "receive", interrupted)
    with pytest.raises(KeyboardInterrupt):
        target.index([agreeing()])
    assert life.process.returncode == -signal.SIGKILL
    assert target._life is None


def test_an_interrupt_while_it_ends_leaves_nothing_running(monkeypatch):
    target = misbehaving("hangs", "stubborn")
    target.describe()
    life = target._life

    def interrupted(_):
        raise KeyboardInterrupt

    monkeypatch.setattr(life, "ended_within", interrupted)
    with pytest.raises(KeyboardInterrupt):
        target.close()
    assert life.process.returncode == -signal.SIGKILL
    life.pipes.close()


def test_a_target_that_nobody_closes_ends_with_its_object():
    target = planted("python_index.py")
    target.describe()
    process = target._life.process
    del target
    assert process.returncode == -signal.SIGKILL


def test_descriptors_are_given_back():
    def descriptors():
        return len(list(Path("/dev/fd").iterdir()))

    with planted("python_index.py") as target:
        target.describe()
    before = descriptors()
    for _ in range(3):
        with planted("python_index.py") as target:
            target.describe()
        failure_of("exits", "at-once")
    assert descriptors() == before


def test_the_command_is_started_without_a_shell():
    with ProcessTarget(f"{sys.executable} {HERE}/python_index.py; echo $HOME") as target:
        assert only(target).kind == "exited"  # argparse refuses the words that a shell would have taken


@pytest.mark.parametrize(
    ("command", "line"),
    [
        ("", 'exec: must name a command to run, was empty; write "exec:./acme-index --stdio"'),
        ("./acme 'x", "exec:./acme 'x cannot be split into arguments: no closing quotation; close the quotes"),
        ("acme-index-x9", 'exec:acme-index-x9 names the command "acme-index-x9", which is not on PATH; install it, or give its path'),
        ("./nothing/here --a", 'exec:./nothing/here --a names the file "./nothing/here", which is not there; paths start at the current folder'),
    ],
)
def test_a_command_that_cannot_be_found_is_an_input_error(command, line):
    with pytest.raises(InputError) as caught:
        ProcessTarget(command)
    assert str(caught.value) == line


def test_a_file_of_this_folder_is_run_from_here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    acme = tmp_path / "acme-index"
    acme.write_text(f"#!{sys.executable}\n" + Path(HERE / "python_index.py").read_text())
    with pytest.raises(InputError, match=r"may not be executed; chmod \+x \./acme-index, or name its interpreter"):
        ProcessTarget("./acme-index")
    with pytest.raises(InputError, match=r"did you mean \./acme-index, the file in this folder"):
        ProcessTarget("acme-index")
    acme.chmod(0o755)
    with ProcessTarget("./acme-index", limits=PATIENT) as target:
        assert target.describe().name == "python-index"
        assert (target.label, target.kind) == ("exec:./acme-index", "process")


def test_a_file_that_the_system_cannot_start_is_a_failure(tmp_path):
    acme = tmp_path / "acme"
    acme.write_bytes(b"\x00\x01\x02")
    acme.chmod(0o755)
    with ProcessTarget(str(acme)) as target:
        assert only(target).kind == "not-started"
