"""What a person reads when their test fails: the finding, the example to paste back, the smallest there is; and calls in their order.

To accept changed texts: `.venv/bin/python -m tests.testing.test_failures`, and read the difference that git shows.
"""

import re
from pathlib import Path

import pytest
from hypothesis import Phase, example, given, settings

import indexlab.testing
from indexlab.audit.plan import Budget
from indexlab.audit.replay import replay_finding
from indexlab.testing import (
    Scenario,
    assert_holds,
    assert_index_stable,
    assert_margin_stable,
    audit_index,
    between,
    fault,
    index_machine,
    lagging,
    market,
    scenarios,
    silent,
    single_source,
    twins,
)
from indexlab.testing.history import JUDGED
from tests.audit.audits import spending
from tests.testing.called_index import MedianIndex
from tests.testing.run_index import determined, empty_index, forgetful_index, mean_index

SNAPSHOTS = Path(__file__).parents[1] / "snapshots" / "testing"
LITTLE = Budget(batches=1, twins=2, shrink=40, seconds=1e9)
QUIET = settings(phases=[Phase.generate, Phase.shrink], database=None, deadline=None, print_blob=False, derandomize=True)


def margin():
    @QUIET
    @given(scenario=scenarios(sources=between(5, 9), faults=single_source()))
    def test_one_broken_source(scenario):
        assert_margin_stable(mean_index, scenario, headroom="1%")

    test_one_broken_source()


def displacement():
    @QUIET
    @given(scenario=scenarios(sources=between(5, 9), faults=single_source()))
    def test_the_index_stays(scenario):
        assert_index_stable(mean_index, scenario)

    test_the_index_stays()


def silence():
    @QUIET
    @given(scenario=scenarios(sources=between(5, 9), faults=silent() | lagging(), expect={"max_age": "10s", "max_recovery": "5s"}))
    def test_the_dead_are_silent(scenario):
        assert_holds(forgetful_index, scenario, "silent-source", "lagging-source", max_age="10s", max_recovery="5s")

    test_the_dead_are_silent()


def misfit():
    @QUIET
    @given(scenario=scenarios(faults=None))
    def test_it_answers(scenario):
        assert_holds(empty_index, scenario, "hull")

    test_it_answers()


def calls():
    from hypothesis.stateful import run_state_machine_as_test

    others = [name for name in JUDGED if name != "late-data"]
    machine = index_machine(lambda sources: MedianIndex(sources, "late-replaces"), expect={"max_age": "60s"}, restart="keeps", skip=others)
    run_state_machine_as_test(machine, settings=settings(QUIET, stateful_step_count=25))


TEXTS = {"margin": margin, "displacement": displacement, "silence": silence, "misfit": misfit, "calls": calls}


def failure(name: str) -> str:
    with pytest.raises(AssertionError) as caught:
        TEXTS[name]()
    text = "\n".join([str(caught.value), *getattr(caught.value, "__notes__", [])])
    return re.sub(r"\n  fingerprint: .*", "", text).strip("\n") + "\n"


@pytest.mark.parametrize("name", TEXTS)
def test_a_failure_reads_as_it_did(name):
    assert failure(name) == (SNAPSHOTS / f"{name}.txt").read_text(encoding="utf-8")


def test_a_mean_shrinks_to_the_fewest_sources_one_plain_fault_and_a_calm_market():
    """The minimum that is promised: five sources as asked, one fault of twenty publications, nothing else unusual; and three quotes in the table."""
    smallest = Scenario.of(5, market("calm", publications=47), [fault("level", "kraken", at="20s", until="40s", intensity=0.025)])
    for name in ("displacement", "margin"):
        text = failure(name)
        pasted = example_of(text)
        assert pasted == smallest
        assert "to 3 sources, 3 quotes, 1 fault" in text


def example_of(text: str) -> Scenario:
    """What a person pastes from the text of a failure."""
    names = {name: getattr(indexlab.testing, name) for name in indexlab.testing.__all__}
    return eval(re.search(r"@example\(scenario=(.*?)\)\nFailing", text, re.DOTALL)[1], names)  # noqa: S307 - our own text


def test_what_is_printed_fails_again_where_it_is_pasted():
    printed = example_of(failure("margin"))

    @settings(phases=[Phase.explicit], deadline=None)
    @example(scenario=printed)
    @given(scenario=scenarios())
    def test_one_broken_source(scenario):
        assert_margin_stable(mean_index, scenario, headroom="1%")

    with pytest.raises(AssertionError, match="BROKEN  margin-stability"):
        test_one_broken_source()


def test_twins_say_what_differs():
    both = twins("preset:plain-mean", Scenario.of(5, market("calm", publications=30), [fault("level", "kraken", at="20s", intensity=0.025)]))
    assert repr(both) == "<Twins: kraken broken, 19.9040% displaced, 31 of 64 accounts moved>"
    assert both.faulty == ("kraken",)
    assert both.clean.status == both.broken.status == ("ok",) * 30
    at = both.times.index(both.displaced_at)
    assert both.broken.index[at] > 1.19 * both.clean.index[at]
    assert both.clean.index[:19] == both.broken.index[:19]
    assert all(both.clean_states[name] != both.broken_states[name] for name in both.moved)
    same = twins("preset:plain-mean", Scenario.of(5, "calm"))
    assert (same.clean, same.displacement, same.moved, same.faulty, same.touched) == (same.broken, 0.0, (), (), 0)


def test_twins_say_where_one_alone_has_a_value():
    silent_majority = Scenario.of(4, market("calm", publications=90), [fault("stop", "kraken", "coinbase", at="20s")])
    both = twins("preset:plain-median", silent_majority, min_sources=3)
    assert both.lost_at or both.displacement < 0.01
    halting = twins(lambda params: determined(params, max, max_age=10_000_000), silent_majority)
    assert halting.lost_at
    assert {halting.broken.status[halting.times.index(time)] for time in halting.lost_at} == {"halted"}
    assert None in halting.broken.index


def test_an_audit_is_an_assertion():
    """Violated and inconclusive properties fail it, each with its finding; the result comes back where none is."""
    with spending(LITTLE):
        with pytest.raises(AssertionError, match=r"(?s)BROKEN  single-source .*okcoin alone moved the index") as caught:
            audit_index(mean_index, only=["single-source", "hull"])
        assert "hull" not in str(caught.value)
        with pytest.raises(AssertionError, match="INCONCLUSIVE  silent-source: "):
            audit_index("preset:plain-median", only=["silent-source"], expect={"min_sources": 12})
        result = audit_index("preset:plain-median", only=["silent-source"], expect={"min_sources": 12}, inconclusive="allow", seed=3)
        assert [one.verdict for one in result.targets[0].properties] == ["inconclusive"]
        assert result.seed == 3


@pytest.mark.long
def test_an_audit_leaves_its_report_and_findings_where_a_folder_is_given(tmp_path):
    with spending(LITTLE), pytest.raises(AssertionError, match=r"replay:  indexlab replay .*/run/findings/"):
        audit_index("preset:plain-mean", only=["single-source"], out=tmp_path / "run")
    assert {"report.json", "junit.xml", "index.html", "findings"} <= {path.name for path in (tmp_path / "run").iterdir()}
    (finding,) = (tmp_path / "run" / "findings").rglob("single-source-0000-0000000.json")
    assert replay_finding(finding, None).answer == "BROKEN"


if __name__ == "__main__":
    SNAPSHOTS.mkdir(exist_ok=True)
    for each in TEXTS:
        (SNAPSHOTS / f"{each}.txt").write_text(failure(each), encoding="utf-8")
