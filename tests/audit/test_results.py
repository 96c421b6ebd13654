"""From counts to verdicts and exit codes."""

import itertools

import pytest

from indexlab.audit.evaluate import evaluate
from indexlab.audit.events import AuditResult, PropertyResult, TargetResult
from indexlab.audit.judge import Judge
from indexlab.audit.results import exit_code, property_result
from indexlab.audit.tally import PropertyTally, Tally
from indexlab.audit.work import Job
from indexlab.market.errors import TargetFailure
from indexlab.properties.property import Outcome, Property
from indexlab.properties.registry import find_property
from indexlab.scenarios.expect import Expect
from indexlab.scenarios.recipes import World, built_in
from indexlab.targets.resolve import open_target

WORST_FIRST = ["violated", "inconclusive", "holds", "waived", "not-applicable"]
CODES = {"violated": 1, "inconclusive": 4, "holds": 0, "waived": 0, "not-applicable": 5}


def result(*verdicts, survey=False, interrupted=False):
    """An audit of as many targets as verdicts, a property each."""
    targets = [TargetResult("t", "t", "", "in-process", {}, [PropertyResult("hull", "", verdict, "", 1, 1)], {}, 1, 1) for verdict in verdicts]
    return AuditResult("0", 0, "quick", survey, {}, targets, interrupted)


def job(expect=None):
    return Job("preset:plain-median", "m", "", ("price",), ("index",), World(expect or Expect(), None, book=False, twins=4), ("hull",), 0, sparing=False)


@pytest.mark.parametrize("verdicts", list(itertools.product(WORST_FIRST, repeat=2)))
def test_the_worst_verdict_of_any_target_decides(verdicts):
    worst = min(verdicts, key=WORST_FIRST.index)
    assert exit_code(result(*verdicts)) == CODES[worst]


@pytest.mark.parametrize("verdict", WORST_FIRST)
def test_a_survey_judges_nobody_and_an_interrupt_comes_first(verdict):
    assert exit_code(result(verdict, survey=True)) == 0
    assert exit_code(result(verdict, interrupted=True)) == 130
    assert exit_code(result(verdict, interrupted=True, survey=True)) == 130


def judged(counts, *, expect=None, failure=None, prop="hull"):
    return property_result(find_property(prop), job(expect), Tally(properties={prop: counts}), [], failure)


def test_a_breach_is_violated_a_premise_never_met_inconclusive_and_else_it_holds():
    assert judged(PropertyTally(10, 7, 1)).verdict == "violated"
    assert judged(PropertyTally(10, 7, 0)).verdict == "holds"
    never = judged(PropertyTally(10, 0, 0, unmet="there was no price"))
    assert (never.verdict, never.reason) == ("inconclusive", "there was no price")
    assert property_result(find_property("hull"), job(), Tally(), [], None).verdict == "inconclusive"


def test_a_breach_that_only_independent_cases_showed_is_violated_all_the_same():
    found = judged(PropertyTally(10, 7, 0, independent=(40, 2)))
    assert (found.verdict, found.premise_met, found.breaches) == ("violated", 7, 0)
    assert found.reason == "broken in 2 of 40 independent cases in which the premise was met, in none of the search's 7"
    both = judged(PropertyTally(10, 7, 1, independent=(40, 2)))
    assert both.reason.startswith("broken in 1 of 7 scenarios")


def test_a_waiver_takes_the_verdict_and_keeps_the_counts():
    waived = judged(PropertyTally(10, 7, 2), expect=Expect(waive={"hull": "by design"}))
    assert (waived.verdict, waived.reason, waived.breaches) == ("waived", "waived: by design", 2)


def test_a_waiver_of_what_holds_says_so():
    holds = judged(PropertyTally(10, 7, 0), expect=Expect(waive={"hull": "by design"}))
    assert (holds.verdict, holds.reason) == ("holds", "holds, though it is waived: by design")


def test_what_the_promise_gives_no_occasion_for_is_not_applicable_even_where_it_is_waived():
    late = judged(PropertyTally(10, 0, 0), expect=Expect(clock="receive", waive={"late-data": "x"}), prop="late-data")
    assert late.verdict == "not-applicable"
    assert late.reason


def test_a_target_that_cannot_describe_itself_breaks_the_protocol_and_the_table_says_why():
    broken = judged(PropertyTally(10, 10, 0), failure=TargetFailure("not-json", "wrote a banner"), prop="protocol")
    assert broken.verdict == "violated"
    assert broken.worst.text == "describe failed: wrote a banner"


def test_a_check_that_raises_is_inconclusive_and_takes_nothing_else_with_it():
    """Whatever goes wrong inside the harness is never a pass."""

    def raises(_):
        raise ZeroDivisionError("planted")

    fine = Property("hull", "", lambda run: Outcome(1, 1))
    with open_target("preset:plain-median") as target:
        judge = Judge(target, target.describe(), Expect(), (Property("quorum", "", raises), fine))
        tally = judge.judge(built_in(job().world, 0)[0], 0, 0)
    raised, held = (property_result(find_property(name), job(), tally, [], None) for name in ("quorum", "hull"))
    assert (raised.verdict, raised.reason) == ("inconclusive", "the check raised ZeroDivisionError: planted")
    assert raised.scenarios == 4
    assert held.verdict == "holds"


def test_a_clean_run_that_failed_is_judged_by_the_protocol_alone():
    """Without the undisturbed index there is nothing to hold the disturbed one against."""

    class Silent:
        label, kind = "silent", "process"

        def index(self, requests):
            return [TargetFailure("timeout", "gave no answer within 5 s") for _ in requests]

    with open_target("preset:plain-median") as right:
        description = right.describe()
    judge = Judge(Silent(), description, Expect(), (find_property("protocol"), find_property("single-source")))
    batch = built_in(job().world, 0)[0]
    tally = judge.judge(batch, 0, 0)
    assert tally.properties["protocol"].breached > 0
    assert tally.properties["single-source"].scenarios == 0
    assert evaluate(Silent(), batch, judge.setting(0, ())).failures
