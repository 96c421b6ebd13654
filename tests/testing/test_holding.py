"""Assertions in tests of one's own: any index, any property, judged as an audit judges; what cannot be judged is no pass."""

import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import HealthCheck, Phase, example, given, settings
from hypothesis.errors import FailedHealthCheck, Unsatisfiable

from indexlab.market.errors import InputError
from indexlab.market.fixture import find_fixture, load_fixture
from indexlab.scenarios.scenario import FixtureSlice
from indexlab.targets.resolve import open_target
from indexlab.testing import (
    BrokenPromiseError,
    Scenario,
    assert_holds,
    assert_index_stable,
    assert_margin_stable,
    assert_responsive,
    between,
    called,
    close_all,
    fault,
    market,
    markets,
    scenarios,
    silent,
    single_source,
    true_moves,
)
from indexlab.testing.holding import ask, promise_for
from indexlab.testing.opening import opened
from tests.testing.called_index import MedianIndex
from tests.testing.run_index import DescribedMedian, mean_index, median_index

PYTHON_INDEX = Path(__file__).parents[1] / "targets" / "python_index.py"
BROKEN = Scenario.of(5, market("calm", publications=47), [fault("level", "kraken", at="20s", until="40s", intensity=0.025)])
STALE = Scenario.of(5, market("volatile", publications=264), [fault("stop", "kraken", at="20s")])
CALM = Scenario.of(5, "calm")


def exec_index(defect: str = "") -> str:
    return f"exec:{sys.executable} {PYTHON_INDEX}" + (f" --defect {defect}" if defect else "")


RIGHT = {
    "label": "preset:plain-median",
    "function": median_index,
    "object": DescribedMedian(),
    "class": DescribedMedian,
    "calls": called(MedianIndex),
    "target": open_target("preset:plain-median"),
    "process": exec_index(),
}
WRONG = {
    "label": "preset:plain-mean",
    "function": mean_index,
    "calls": called(lambda sources: MedianIndex(sources, "mean")),
    "target": open_target("preset:plain-mean"),
    "process": exec_index("no-filter"),
}


@pytest.mark.parametrize("index", RIGHT.values(), ids=RIGHT.keys())
def test_a_right_index_of_any_kind_passes(index):
    assert_index_stable(index, BROKEN)
    assert_margin_stable(index, BROKEN, headroom="1%")
    assert_holds(index, STALE, "silent-source", "quorum", "determinism", "late-data", "source-order", "protocol")
    assert_responsive(index, Scenario.of(5, market("gap", publications=46)), within="5s")


@pytest.mark.parametrize("index", WRONG.values(), ids=WRONG.keys())
def test_a_wrong_index_of_any_kind_fails_with_the_finding(index):
    with pytest.raises(BrokenPromiseError, match=r"(?s)^\nBROKEN  single-source .*kraken alone moved the index by 43\.0 %.*← first breach.*to ask this again"):
        assert_index_stable(index, BROKEN)
    with pytest.raises(BrokenPromiseError, match=r"(?s)BROKEN  margin-stability .*kraken alone: short .* bankrupt at .*, in the clean twin healthy"):
        assert_margin_stable(index, BROKEN)


@settings(deadline=None, max_examples=50)
@given(scenario=scenarios(sources=between(5, 9), faults=single_source()))
def test_a_right_index_passes_whatever_is_drawn(scenario):
    assert_margin_stable(median_index, scenario, headroom="1%")


@settings(deadline=None, max_examples=25)
@given(scenario=scenarios(sources=between(4, 9), faults=silent(), market=true_moves()))
def test_and_follows_the_market_with_a_silent_source(scenario):
    assert_responsive(median_index, scenario)


def test_how_much_is_too_much_is_the_users_to_say():
    assert_index_stable(mean_index, BROKEN, within="30%")
    with pytest.raises(BrokenPromiseError, match="max_displacement = 19%"):
        assert_index_stable(mean_index, BROKEN, within="19%")


def test_what_an_index_declares_is_weaker_than_what_is_given_and_stronger_than_defaults():
    """It promises to forget a silent source after 20 s: a run of 90 s judges that; the default promise of a minute it does not."""
    short = Scenario.of(5, market("calm", publications=90), [fault("stop", "kraken", at="20s")])
    assert_holds(DescribedMedian, short, "silent-source", unmet="fail")
    with pytest.raises(BrokenPromiseError, match="was silent for long enough"):
        assert_holds(DescribedMedian, short, "silent-source", unmet="fail", max_age="2m")
    with pytest.raises(BrokenPromiseError, match="was silent for long enough"):
        assert_holds(median_index, short, "silent-source", unmet="fail", max_age="80s")


def test_a_scenario_of_minutes_is_judged_by_a_promise_of_minutes():
    """Its interval is the scenario's, and what is not promised grows with it."""
    minutes = Scenario.of(5, market("calm", publications=60, interval="1m"), [fault("level", "kraken", at="20m", until="40m", intensity=0.025)])
    assert_index_stable("preset:plain-median", minutes)
    with pytest.raises(BrokenPromiseError, match="kraken alone moved the index"):
        assert_index_stable("preset:plain-mean", minutes)


def test_a_fixtures_interval_is_its_own():
    """Published every five seconds: a lag of five intervals is what is promised, where nothing is said."""
    part = Scenario(sources=load_fixture(find_fixture("calm-hour")).basket, fixture=FixtureSlice("calm-hour", 0, 2**52))
    found = opened(median_index)
    assert promise_for({}, found, part).interval == 5_000_000
    assert promise_for({}, found, part).max_tracking_lag == 25_000_000
    assert promise_for({"interval": "10s"}, found, part).interval == 10_000_000
    assert_holds("preset:plain-median", part, "hull", "availability", unmet="fail")


def test_what_cannot_be_judged_fails_outside_of_hypothesis():
    with pytest.raises(BrokenPromiseError, match=r"^nothing could be judged in this scenario: single-source: no fault touched a quote"):
        assert_index_stable(median_index, CALM)
    with pytest.raises(BrokenPromiseError, match="silent-source: the basket has 3 sources"):
        assert_holds(median_index, Scenario.of(3, faults=[fault("stop", "kraken", at="20s")]), "silent-source")
    assert_holds(median_index, CALM, "single-source", "hull")


def never(settled):
    @settings(settled, database=None, deadline=None)
    @given(scenarios(sources=3, faults=None, market=markets(["calm"], publications=3)))
    def test(scenario):
        assert_index_stable(median_index, scenario)

    test()


def test_a_test_in_which_nothing_could_ever_be_judged_does_not_pass():
    """Hypothesis says so itself: every example was rejected."""
    with pytest.raises(FailedHealthCheck, match="filter"):
        never(settings())
    with pytest.raises(Unsatisfiable):
        never(settings(suppress_health_check=list(HealthCheck), max_examples=3))


@pytest.mark.parametrize("how", [{"phases": [Phase.explicit]}, {"phases": [Phase.generate]}], ids=["pasted", "drawn"])
def test_an_example_that_cannot_be_judged_fails_where_it_was_pasted_or_that_is_asked_for(how):
    @settings(deadline=None, database=None, **how)
    @example(CALM)
    @given(scenarios(sources=3, faults=None))
    def test(scenario):
        assert_index_stable(median_index, scenario, unmet="reject" if how["phases"] == [Phase.explicit] else "fail")

    with pytest.raises(BrokenPromiseError, match="nothing could be judged"):
        test()


def answers(index, status=None):
    return lambda params: {"index": index(params), "status": ["ok"] * len(params["times"]) if status is None else status}


@pytest.mark.parametrize(
    ("index", "said"),
    [
        (answers(lambda params: [float("nan")] * len(params["times"])), "BROKEN  protocol"),
        (answers(lambda params: []), "BROKEN  protocol"),
        (lambda params: 1 / 0, "ZeroDivisionError"),
        (f"exec:{sys.executable} -c pass", "failed to describe itself: exited"),
        (
            f"exec:{sys.executable} -c 'import sys; sys.exit(\"no index here\")'",
            r"failed to describe itself: exited.*\n\n  the target's own last words \(standard error\):\n    \| no index here",
        ),
    ],
    ids=["nan", "too few", "raises", "ends", "ends and says why"],
)
def test_an_index_that_does_not_answer_as_it_should_fails_every_assertion(index, said):
    with pytest.raises(BrokenPromiseError, match=said):
        assert_holds(index, CALM, "hull")


def test_an_index_that_failed_many_times_is_asked_all_the_same(tmp_path):
    """Hypothesis asks a dozen failing examples in a row: the next one is not to blame for them."""
    index = tmp_path / "index.py"
    right = "print(json.dumps({'id': asked['id'], 'result': {'index': [50000.0] * 3, 'status': ['ok'] * 3} if 'times' in params else described}), flush=True)"
    index.write_text(
        "import json, sys\n"
        "described = {'protocol': 1, 'name': 'seven', 'version': '1', 'provides': ['index']}\n"
        "for line in sys.stdin:\n"
        "    asked = json.loads(line)\n"
        "    params = asked['params']\n"
        f"    {right} if len(params.get('sources', ())) < 7 else print('oops', flush=True)\n"
    )
    label = f"exec:{sys.executable} {index}"
    failures = [ask(label, Scenario.of(7, market("calm", publications=3)), ("availability",), {}).run.failures for _ in range(9)]
    assert {str(failure) for ((_, failure),) in failures} == {"not-json: answered a line that is no JSON: oops"}
    assert_holds(label, Scenario.of(6, market("calm", publications=3)), "availability")


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        (lambda: assert_holds(median_index, CALM), 'assert_holds must name at least one property; write assert_holds(index, scenario, "single-source")'),
        (lambda: assert_holds(median_index, CALM, "hul"), 'property names no property, was "hul"; did you mean "hull"?'),
        (lambda: assert_holds(median_index, CALM, "hull", max_aeg="5s"), 'expect: expect.max_aeg is no key of [expect]; did you mean "max_age"?'),
        (
            lambda: assert_holds(median_index, CALM, "no-flapping"),
            "no-flapping can never be judged: max_flapping unset: measured, not judged; leave it out, or give what it needs",
        ),
        (
            lambda: assert_index_stable(5, CALM),
            'index must be a target\'s label, a function of params, an object with the method index, or a target, was int; write "exec:./acme-index --stdio"',
        ),
        (lambda: assert_index_stable("preset:plain-maen", CALM), 'methodology is no preset, was "plain-maen"; did you mean "plain-mean"?'),
    ],
)
def test_what_a_person_gets_wrong_is_said_in_one_line(wrong, said):
    with pytest.raises(InputError) as caught:
        wrong()
    assert str(caught.value) == said


def test_no_process_outlives_the_one_that_opened_it(tmp_path):
    """Whether or not anybody closes it."""
    index = tmp_path / "index.py"
    index.write_text(
        f"import os, runpy\nopen({str(tmp_path / 'pid')!r}, 'w').write(str(os.getpid()))\nrunpy.run_path({str(PYTHON_INDEX)!r}, run_name='__main__')\n"
    )
    code = f"from indexlab.testing.opening import opened; print(opened('exec:{sys.executable} {index}').description.name)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=120, check=True)
    assert done.stdout == "python-index\n"
    assert not Path(f"/proc/{(tmp_path / 'pid').read_text()}/cmdline").exists()


def test_an_index_is_opened_once_and_closed_when_all_are():
    """A process is started once for all examples of all tests."""
    label = exec_index()
    first = opened(label)
    assert_index_stable(label, BROKEN)
    assert opened(label) is first
    assert opened(median_index) is opened(median_index)
    assert opened(called(MedianIndex)) is opened(called(MedianIndex))
    close_all()
    assert opened(label) is not first
    close_all()
