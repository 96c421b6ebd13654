"""Workers leave nothing behind: neither a wish to hurry, nor a process; and one that is ended from outside is named."""

import multiprocessing
import os
import select
import shlex
import signal
import sys
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import forkserver

import pytest

from indexlab.audit import work
from indexlab.audit.work import enough, judge_of, prepare_worker
from indexlab.audit.workers import Workers, WorkersLost
from indexlab.targets.options import USUAL
from tests.audit.test_estimate import job

DEAF = "import signal, sys; told = open(sys.argv[1], 'w'); print('asked', file=told, flush=True); signal.signal(signal.SIGTERM, signal.SIG_IGN); signal.pause()"
"""A target that never answers and does not end by itself; whoever has the other end of its pipe sees when it is gone."""


def never(*_):
    return False


def test_a_wish_to_hurry_ends_with_the_audit_that_had_it():
    """In one process, what is done after an interrupted audit must not be cut short by it."""
    workers = Workers(1)
    assert list(workers.in_order(lambda _, item: (item, enough.ask()), None, [1, 2], stop=lambda: False, hurry=lambda: True)) == [(1, True), (2, True)]
    workers.close(at_once=False)
    assert enough.ask() is False


class Unclosable:
    def close(self):
        raise RuntimeError("planted")


def waits_for(label, hurried):
    prepare_worker(hurried)
    work._open[os.getpid(), "another", USUAL] = Unclosable()
    judge_of(job(label=label)).target.describe()


def test_a_worker_that_is_ended_while_it_waits_for_a_target_takes_it_along(tmp_path):
    """Wherever its main thread is, and whatever else of its targets cannot be closed."""
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    heard = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
    context = multiprocessing.get_context("forkserver")
    hurried = context.Event()
    worker = context.Process(target=waits_for, args=(f"exec:{shlex.join([sys.executable, '-S', '-c', DEAF, str(pipe)])}", hurried))
    worker.start()
    poll = select.poll()
    poll.register(heard, select.POLLIN)
    assert poll.poll(120_000) == [(heard, select.POLLIN)]
    assert os.read(heard, 100) == b"asked\n"
    worker.terminate()
    assert poll.poll(120_000) == [(heard, select.POLLHUP)]
    os.close(heard)
    worker.join(120)
    assert worker.exitcode == 128 + signal.SIGTERM


def ended_at(_, item):
    """A unit that ends its own worker, as an operating system does that runs out of memory; in the process that asks for it, it is done."""
    if item == 3 and multiprocessing.parent_process() is not None:
        os.kill(os.getpid(), signal.SIGKILL)
    return item


def ends_the_one_that_starts_them(_, item):
    if multiprocessing.parent_process() is not None:
        os.kill(os.getppid(), signal.SIGKILL)
        signal.pause()  # it is ended by whoever started it all
    return item


def test_where_nobody_is_left_who_heard_how_a_worker_ended_that_is_said():
    workers = Workers(2)
    try:
        with pytest.raises(WorkersLost, match=r"a worker process was ended from outside, or the one that starts them was; by what signal is not known$"):
            list(workers.in_order(ends_the_one_that_starts_them, None, [1, 2], stop=never, hurry=never))
    finally:
        workers.close(at_once=False)
        has_ended(forkserver._forkserver._forkserver_pid)


def has_ended(process):
    """Wait until a process has ended, and leave it for its parent to see: until then the next pool would be promised workers by it."""
    ended = os.pidfd_open(process)
    poll = select.poll()
    poll.register(ended, select.POLLIN)
    assert poll.poll(120_000)
    os.close(ended)


def test_where_the_one_that_starts_workers_is_gone_at_once_that_is_said():
    workers = Workers(2)
    try:
        assert list(workers.in_order(ended_at, None, [1], stop=never, hurry=never)) == [1]
        with pytest.MonkeyPatch.context() as patched:
            patched.setattr(ProcessPoolExecutor, "submit", refused)
            with pytest.raises(WorkersLost):
                list(workers.in_order(ended_at, None, [1, 2], stop=never, hurry=never))
        assert list(workers.in_order(ended_at, None, [1, 2], stop=never, hurry=never)) == [1, 2]
    finally:
        workers.close(at_once=False)


def refused(*_):
    raise ConnectionRefusedError


def test_a_worker_that_is_ended_from_outside_is_named_and_the_rest_is_done_here():
    workers = Workers(2)
    try:
        with pytest.raises(WorkersLost, match=r"a worker process was ended by SIGKILL, as an operating system does that runs out of memory; fewer --jobs"):
            list(workers.in_order(ended_at, None, [1, 2, 3, 4], stop=never, hurry=never))
        assert list(workers.in_order(ended_at, None, [1, 2, 3, 4], stop=never, hurry=never)) == [1, 2, 3, 4]
    finally:
        workers.close(at_once=False)
