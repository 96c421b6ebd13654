"""Memory is counted as the kernel does, for a process and its children together, and who holds too much is ended once."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from indexlab.targets.strays import kill_strays, marked
from indexlab.targets.watch import Watch, group_memory
from tests.targets.leftovers import ended

pytestmark = pytest.mark.skipif(not Path("/proc/self/smaps_rollup").exists(), reason="memory is watched on Linux")
HOLDS = """
import os, sys, time
held = bytearray(b"1" * (64 << 20))
for _ in range(3):
    if os.fork() == 0:
        break
else:
    print("ready", flush=True)
time.sleep(600)
"""


@pytest.fixture
def holding():
    process = subprocess.Popen([sys.executable, "-S", "-c", HOLDS], stdout=subprocess.PIPE, start_new_session=True)
    process.stdout.readline()
    yield process.pid
    os.killpg(process.pid, 9)
    process.communicate()


def test_what_a_process_shares_with_its_children_is_counted_once(holding):
    assert 64 << 20 < group_memory(holding) < 128 << 20


def test_a_group_that_is_gone_holds_nothing():
    process = subprocess.Popen(["true"], start_new_session=True)
    process.wait()
    assert group_memory(process.pid) == 0


@pytest.mark.parametrize(("limit", "is_ended"), [(32 << 20, True), (1 << 40, False), (0, False)])
def test_who_holds_more_than_the_limit_is_ended_once(holding, limit, is_ended):
    told, ticked, calls = threading.Event(), threading.Event(), []

    class Counted(Watch):
        """Says when it has looked at the group twice."""

        def __setattr__(self, name, value):
            object.__setattr__(self, name, value)
            if name == "ticks" and value == 10:
                ticked.set()

    watch = Counted(holding, limit, lambda: (calls.append(1), told.set()))
    assert ticked.wait(60)
    watch.stop()
    assert (watch.has_ended_it, len(calls)) == (is_ended, int(is_ended))
    assert watch.ticks >= 10


def test_a_mark_is_found_in_who_left_the_group_and_in_nobody_else():
    mark, environment = marked(7_001)
    other, others = marked(7_002)
    command = [sys.executable, "-S", "-c", "import time; time.sleep(600)"]
    ours, theirs = (subprocess.Popen(command, env=env, start_new_session=True) for env in (environment, others))
    try:
        kill_strays(mark)
        assert ended(ours.pid)
        assert theirs.poll() is None
    finally:
        kill_strays(other)
        assert {ours.wait(), theirs.wait()} == {-9}


def test_who_runs_under_another_carries_both_marks(monkeypatch):
    mark, environment = marked(7_003)
    monkeypatch.setenv("INDEXLAB_TARGET", environment["INDEXLAB_TARGET"])
    inner, nested = marked(7_004)
    assert mark.decode() in nested["INDEXLAB_TARGET"]
    assert inner.decode() in nested["INDEXLAB_TARGET"]
    assert mark != inner
