"""Twenty ways to be a bad target, and a few more: what each does is named, what it answered before is kept, and nothing of it is left running."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from indexlab.index.determination import Determinations
from indexlab.market.errors import TargetFailure
from indexlab.targets.life import Limits
from indexlab.targets.resolve import open_target
from tests.targets.conversations import HERE, PATIENT, agreeing, planted, request
from tests.targets.leftovers import ended, marked_processes

HOSTILE = HERE / "hostile"
LINUX = pytest.mark.skipif(not Path("/proc/self/environ").exists(), reason="who left the group is found by /proc")
HASTY = Limits(first_answer_s=60.0, answer_s=0.4, back_off_s=0.01)
"""For targets that do not answer: the time that is waited out."""
NEGATIVE = request([(0, 0, -5.0), (0, 1, 5.0)])
ZERO = request([(0, 0, 0.0), (0, 1, 5.0)])


@pytest.fixture(autouse=True)
def _nothing_is_left_running():
    yield
    assert all(ended(process) for process in marked_processes())


def asked(name, *requests, limits=HASTY):
    """Ask a hostile target; return its outcomes."""
    with planted(f"hostile/{name}.py", limits=limits) as target:
        return target.index(requests)


def kinds(outcomes):
    return [getattr(outcome, "kind", "answered") for outcome in outcomes]


def failure_among(outcomes):
    return next(outcome for outcome in outcomes if isinstance(outcome, TargetFailure))


ONE_BY_ONE = {
    # of the requests after the first, each is the first of a process started anew, and is answered as the very first was: so the audit goes on
    "floods_stdout": ("not-json", "answered a line that is no JSON: tick", ["answered", "not-json"] * 2),
    "half_a_line": ("exited", "exited with status 0 instead of answering, after a line without an end: {", ["answered", "exited"] * 2),
    "closes_stdin": ("timeout", "gave no answer within 0.4 s, and had closed its standard input", ["answered", "timeout"] * 2),
    "duplicate_ids": ("wrong-id", "it was 1 less, which was answered already", ["answered", "wrong-id"] * 2),
    "wrong_shape": ("misfit", "index[0] must be a number or null, was a list of 1", ["misfit"] * 4),
    "says_nan": ("not-json", "answered NaN, which is no JSON", ["not-json"] * 4),
    "wrong_ids": ("wrong-id", "it was 1 more", ["wrong-id"] * 4),
}


@pytest.mark.parametrize("name", ONE_BY_ONE)
def test_what_it_does_is_named_and_the_other_requests_are_asked(name):
    kind, detail, seen = ONE_BY_ONE[name]
    outcomes = asked(name, *[agreeing()] * 4)
    assert kinds(outcomes) == seen
    failure = failure_among(outcomes)
    assert failure.kind == kind
    assert detail in failure.detail


def test_one_that_hangs_at_once_is_given_up_after_three_silences():
    outcomes = asked("hangs_at_once", *[agreeing()] * 4, limits=Limits(first_answer_s=0.2, answer_s=0.2, back_off_s=0.01))
    assert kinds(outcomes) == ["timeout"] * 2 + ["not-started"] * 2  # `describe` was the first of the three
    assert outcomes[0].detail == "gave no first answer within 0.2 s, and not a byte: is standard output flushed after each line?"
    assert outcomes[-1].detail.startswith("gave up after 3 failures in a row, the last: gave no first answer")


def test_one_that_hangs_after_a_hundred_is_started_again_and_its_hundred_are_kept():
    outcomes = asked("hangs_after_100", *[agreeing()] * 150)
    assert kinds(outcomes) == ["answered"] * 100 + ["timeout"] + ["answered"] * 49
    assert outcomes[100].detail == "gave no answer within 0.4 s"


@pytest.mark.parametrize("name", ["floods_stderr", "ignores_sigterm"])
def test_one_that_is_right_all_the_same_is_answered_for(name):
    assert kinds(asked(name, *[agreeing()] * 3, limits=PATIENT)) == ["answered"] * 3


def test_a_gigabyte_is_not_read_to_its_end():
    outcomes = asked("gigabyte_line", *[agreeing()] * 3, limits=Limits(first_answer_s=60.0, answer_s=60.0, answer_bytes=4 << 20))
    assert kinds(outcomes) == ["answered", "too-large", "answered"]
    assert outcomes[1].detail == f"answered a line of more than 4 MiB: {'7' * 80}…"


@LINUX
def test_children_that_it_leaves_behind_are_ended_wherever_they_went():
    [failure] = asked("leaves_children", agreeing())
    assert (failure.kind, failure.detail) == ("exited", "exited with status 5, and left a child that holds its standard output")
    children = [int(child) for child in re.findall(r"child (\d+)", failure.log)]
    assert len(children) == 2
    assert all(ended(child) for child in children)


@LINUX
def test_memory_is_taken_from_it_and_its_children_no_further_than_the_limit():
    outcomes = asked("eats_memory", *[agreeing()] * 3, limits=Limits(first_answer_s=60.0, answer_s=60.0, memory_bytes=128 << 20))
    assert kinds(outcomes) == ["answered", "memory", "answered"]
    assert outcomes[1].detail == "held more than 128 MiB of memory with its children, and was ended"


def test_one_that_slows_down_is_answered_for_until_it_is_too_slow():
    seen = kinds(asked("slows_down", *[agreeing()] * 16))
    assert seen[:9] == ["answered"] * 9
    assert "timeout" in seen[9:14]
    assert seen[-1] == "answered"  # started anew


def test_a_banner_is_reported_once_and_then_expected():
    with planted("hostile/banner.py", limits=PATIENT) as target:
        with pytest.raises(TargetFailure, match=r"a banner belongs on standard error\): ACME index 2\.3\.1, listening"):
            target.describe()
        assert kinds(target.index([agreeing()] * 3)) == ["answered"] * 3


def test_a_negative_price_that_ends_it_costs_only_itself():
    outcomes = asked("segfaults_on_negative", agreeing(), NEGATIVE, agreeing(), agreeing(), NEGATIVE, limits=PATIENT)
    assert kinds(outcomes) == ["answered", "exited", "answered", "answered", "exited"]
    assert outcomes[1].detail == "was ended by SIGSEGV instead of answering"


def test_one_that_buffers_its_output_is_told_that_it_does():
    with planted("hostile/buffers_output.py", limits=Limits(first_answer_s=0.5, back_off_s=0.01)) as target, pytest.raises(TargetFailure) as caught:
        target.describe()
    assert caught.value.detail == (
        "gave no first answer within 0.5 s; it came when the input ended: standard output is buffered where it is a pipe, flush it after each line"
    )


def test_answers_out_of_order_are_matched_by_their_ids_and_that_is_said():
    outcomes = asked("answers_out_of_order", *[agreeing(1000.0 + k) for k in range(9)], limits=PATIENT)
    assert [outcome.value[0] for outcome in outcomes] == [1000.0 + k for k in range(9)]
    notes = {note for outcome in outcomes for note in outcome.notes}
    assert notes == {"the target answers out of order; its answers were matched by their ids"}


def test_of_a_batch_that_ends_it_the_culprit_is_found_and_the_others_are_answered_for():
    runs = [ZERO if k in (3, 20) else agreeing(1000.0 + k) for k in range(40)]
    outcomes = asked("poisoned_batch", *runs, limits=PATIENT)
    assert [place for place, outcome in enumerate(outcomes) if isinstance(outcome, TargetFailure)] == [3, 20]
    assert outcomes[3].detail == "exited with status 7 instead of answering"
    assert [outcome.value[0] for outcome in outcomes if isinstance(outcome, Determinations)] == [1000.0 + k for k in range(40) if k not in (3, 20)]


@pytest.mark.parametrize("name", ["changes_its_answer", "leaks_state"])
def test_what_fits_the_protocol_is_left_to_the_properties(name):
    outcomes = asked(name, request([]), agreeing(), request([]), agreeing(), limits=PATIENT)
    assert kinds(outcomes) == ["answered"] * 4
    assert not all(np.array_equal(one.value, other.value, equal_nan=True) for one, other in zip(outcomes[:2], outcomes[2:], strict=True))


def test_one_that_resets_connections_is_named():
    server = subprocess.Popen([sys.executable, "-S", str(HOSTILE / "resets_connections.py")], stderr=subprocess.PIPE, text=True)
    try:
        port = int(server.stderr.readline())
        with open_target(f"http://127.0.0.1:{port}") as target:
            assert target.describe().name == "hostile"
            outcomes = target.index([agreeing()] * 3)
    finally:
        server.kill()
        server.communicate()
    assert {outcome.kind for outcome in outcomes} == {"exited"}
    assert "the connection" in outcomes[0].detail  # was reset, or closed: the system says the one or the other
