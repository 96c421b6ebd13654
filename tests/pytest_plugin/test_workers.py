"""Workers of pytest-xdist share one audit, and end as one process does."""

import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from indexlab.contract.once import Audits
from indexlab.contract.wanted import Wanted, asked
from indexlab.market.errors import InputError
from indexlab.properties.registry import properties
from tests.pytest_plugin.audits import SPENDING, MadeUp, broken, cases

pytest_plugins = ["pytester"]

SUITE = ("--pyargs", "indexlab.contract", "--indexlab-target", "preset:plain-mean")
ROOT = Path(__file__).parents[2]
MADE_UP = """
import pathlib
from indexlab.contract import once
from tests.pytest_plugin.audits import MadeUp, broken, held

audits = MadeUp({"scale": broken("scale"), "hull": held("hull", verdict="inconclusive", reason="never met")})
made = audits.audit

def counted(plan, kept):
    with pathlib.Path(__file__).with_name("audits.txt").open("a") as file:
        file.write("audit\\n")
    return made(plan)

audits.audit = counted
audits.instead(type("Patch", (), {"setattr": staticmethod(setattr)}))
"""
HOLDS = "import fcntl, sys; file = open(sys.argv[1], 'a'); fcntl.flock(file, fcntl.LOCK_EX); print('held', flush=True); sys.stdin.read()"


def worker(folder):
    """The audits of one worker of several."""

    class Silent:
        def handle(self, event):
            pass

        def say(self, text):
            pass

    return Audits(folder, folder / "shared", Silent())


@pytest.fixture
def audit(tmp_path):
    """The audit that all workers want."""
    return asked(Wanted(("preset:plain-mean",), None, None, None, 1, (), (), (), "fail", None, tmp_path, tmp_path), "preset:plain-mean")


def test_what_one_worker_found_the_others_read(tmp_path, monkeypatch, audit):
    made_up = MadeUp({"hull": broken("hull")}).instead(monkeypatch)
    outcomes = [worker(tmp_path).outcome(audit, name) for name in ("hull", "scale", "hull")]
    assert [outcome.ending for outcome in outcomes] == ["failed", "passed", "failed"]
    assert outcomes[0] == outcomes[2]
    assert len(made_up.plans) == 1


def test_an_audit_that_could_not_be_run_is_not_tried_by_every_worker(tmp_path, monkeypatch, audit):
    made_up = MadeUp(raises=InputError("is full", file="disk")).instead(monkeypatch)
    for _ in range(2):
        with pytest.raises(InputError, match="disk: is full"):
            worker(tmp_path).outcome(audit, "hull")
    assert len(made_up.plans) == 1


def test_another_audit_is_another_one(tmp_path, monkeypatch, audit):
    made_up = MadeUp().instead(monkeypatch)
    other = asked(Wanted(("preset:plain-mean",), None, None, 5, 1, (), (), (), "fail", None, tmp_path, tmp_path), "preset:plain-mean")
    for wanted in (audit, other):
        worker(tmp_path).outcome(wanted, "hull")
    assert [plan.seed for plan in made_up.plans] == [0, 5]


def test_a_worker_that_is_killed_in_the_middle_of_an_audit_leaves_it_to_the_next(tmp_path, monkeypatch, audit):
    made_up = MadeUp().instead(monkeypatch)
    first = worker(tmp_path)
    first.outcome(audit, "hull")
    [lock] = (tmp_path / "shared").glob("*.lock")
    lock.with_suffix(".json").unlink()
    with subprocess.Popen([sys.executable, "-c", HOLDS, str(lock)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as holder:
        assert holder.stdout.readline() == "held\n"
        told = []
        waiting = threading.Thread(target=lambda: told.append(worker(tmp_path).outcome(audit, "hull")))
        waiting.start()
        assert len(made_up.plans) == 1
        holder.send_signal(signal.SIGKILL)
        waiting.join(timeout=60)
    assert [outcome.ending for outcome in told] == ["passed"]
    assert len(made_up.plans) == 2


def told(pytester, name, *options):
    """What the tests of a run in processes of its own ended with, by name; and what they print."""
    done = pytester.runpytest_subprocess(*SUITE, f"--junitxml={name}.xml", *options, timeout=600)
    return {test: (kind, message) for test, (kind, message, _) in cases(pytester.path / f"{name}.xml").items()}, done


@pytest.mark.parametrize("dist", ["load", pytest.param("loadscope", marks=pytest.mark.long), pytest.param("each", marks=pytest.mark.long)])
def test_with_two_workers_tests_end_as_with_one_process_and_one_audit_is_run(pytester, monkeypatch, dist):
    pytest.importorskip("xdist", reason="pytest-xdist is not installed")
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    pytester.makeconftest(MADE_UP)
    alone, _ = told(pytester, "alone")
    both, done = told(pytester, "both", "-n", "2", "--dist", dist)
    assert alone == both
    assert len(alone) == len(properties())
    assert pytester.path.joinpath("audits.txt").read_text() == "audit\n" * 2
    assert done.parseoutcomes()["failed"] == (4 if dist == "each" else 2)
    assert done.stdout.str().count("indexlab: report: ") == 1


@pytest.mark.long
def test_with_two_workers_lf_x_and_marks_are_as_with_one_process(pytester, monkeypatch):
    pytest.importorskip("xdist", reason="pytest-xdist is not installed")
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    pytester.makeconftest(MADE_UP)
    mine = pytester.makepyfile("""
        import pytest

        @pytest.mark.indexlab_contract(only=["scale", "quorum"])
        def test_index(tmp_path):
            return "preset:plain-median"
    """)
    done = pytester.runpytest_subprocess(mine, *SUITE, "-n", "2", timeout=600)
    done.assert_outcomes(failed=3, passed=len(properties()) - 1)
    done = pytester.runpytest_subprocess(mine, *SUITE, "-n", "2", "--lf", timeout=600)
    done.assert_outcomes(failed=3)
    done = pytester.runpytest_subprocess(mine, *SUITE, "-n", "2", "-x", "--lf", timeout=600)
    assert done.ret == 2
    assert pytester.path.joinpath("audits.txt").read_text() == "audit\n" * 6


@pytest.mark.long
def test_with_two_workers_and_without_a_real_audit_gives_the_same_and_findings_replay(pytester):
    pytest.importorskip("xdist", reason="pytest-xdist is not installed")
    pytester.makeconftest(SPENDING)
    pytester.path.joinpath("indexlab.toml").write_text('[expect.waive]\nstart-up = "since spring"\n[run]\nskip = ["scale"]\n')
    alone, _ = told(pytester, "alone", "--indexlab-jobs=1", "-p", "no:cacheprovider")
    both, done = told(pytester, "both", "-n", "2")
    some, _ = told(pytester, "some", "-n", "2", "-k", "single-source or hull", "-W", "error")

    def same(tests):
        # the folders of reports differ, and so do the lines that name them
        return {
            name: (kind, message.replace("plain-mean-0-2", "plain-mean-0").replace("plain-mean-0-3", "plain-mean-0")) for name, (kind, message) in tests.items()
        }

    assert same(alone) == same(both)
    assert same(some).items() <= same(alone).items()
    assert len(list(pytester.path.glob("reports/*"))) == 3
    broken_ones = done.parseoutcomes()["failed"]
    assert broken_ones > 2
    found = len(list(pytester.path.glob("reports/plain-mean-0/findings/**/*.json")))
    again = pytester.runpytest_subprocess("--indexlab-replay", "reports/plain-mean-0", "-n", "2", timeout=600)
    again.assert_outcomes(failed=found)
    pytester.makepyfile("def test_mine(): pass")
    beside = pytester.runpytest_subprocess(".", "--indexlab-replay", "reports/plain-mean-0", "-n", "2", "-k", "single-source or mine", timeout=600)
    assert beside.parseoutcomes()["passed"] == 1


@pytest.mark.long
def test_hypothesis_seed_gives_the_same_findings_again_whatever_profile_is_loaded(pytester):
    pytester.makeconftest(
        SPENDING
        + """
from hypothesis import Verbosity, settings

settings.register_profile("odd", derandomize=True, database=None, max_examples=3, verbosity=Verbosity.verbose, report_multiple_bugs=False)
"""
    )
    options = ("--indexlab-only=single-source,margin-stability,hull", "--indexlab-jobs=1", "-s")
    runs = [told(pytester, "one", *options, "--hypothesis-seed=5", "--tb=no")[0]]
    runs += [told(pytester, "two", *options, "--hypothesis-seed=5", "--hypothesis-profile=odd")[0]]
    runs += [told(pytester, "three", *options, "--hypothesis-seed=6")[0]]

    def said(tests):
        return {name: (kind, message.partition("\n")[0]) for name, (kind, message) in tests.items()}

    assert said(runs[0]) == said(runs[1])
    assert said(runs[0]) != said(runs[2])
