"""The stateful test of an index of calls: silent on right ones, loud on planted mistakes, and its steps are read as what happened."""

import numpy as np
import pytest
from hypothesis import Phase, settings
from hypothesis.stateful import run_state_machine_as_test

from indexlab.index.determination import STATUSES
from indexlab.market.errors import InputError
from indexlab.market.quotes import Quotes
from indexlab.targets.resolve import open_target
from indexlab.targets.right import RIGHT_TARGETS
from indexlab.targets.target import Request
from indexlab.testing import BrokenPromiseError, CallIndex, Scenario, assert_holds, called, fault, index_machine, market
from tests.testing.called_index import DEFECTS, MedianIndex

KILLED_BY = {
    "forgets-staleness": "quorum|silent-source|lagging-source",
    "receive-clock": "late-data|lagging-source|quorum",
    "restart-loses-newest": "determinism",
    "late-replaces": "late-data",
    "quorum-ignored": "quorum",
    "double-counts": "duplicates",
    "mean": "single-source",
    "restart-forgets": "determinism",
    "publish-counts": "determinism",
    "held-for-ever": "quorum|hull",
}


def machine(make, examples=100, shrink=False, **changes):
    """Run the test; what it finds is not made smaller here."""
    given = {"sources": 5, "expect": {"max_age": "60s"}, "restart": "keeps"}
    phases = [Phase.generate, Phase.shrink] if shrink else [Phase.generate]
    limits = settings(max_examples=examples, stateful_step_count=25, deadline=None, database=None, derandomize=True, phases=phases)
    run_state_machine_as_test(index_machine(make, **{**given, **changes}), settings=limits)


def defective(defect):
    return lambda sources: MedianIndex(sources, defect)


def test_a_right_index_is_left_alone():
    machine(MedianIndex, examples=60)


def test_every_mistake_is_looked_for():
    assert set(KILLED_BY) == set(DEFECTS)


@pytest.mark.parametrize("defect", DEFECTS)
def test_a_planted_mistake_is_found(defect):
    with pytest.raises(BrokenPromiseError, match=rf"^\nBROKEN  ({KILLED_BY[defect]})[ \n]"):
        machine(defective(defect))


def test_an_index_that_comes_back_with_nothing_is_right_where_that_is_declared():
    machine(defective("restart-forgets"), examples=40, restart="forgets")
    with pytest.raises(BrokenPromiseError, match=r"after restart\(\) it is not as new"):
        machine(MedianIndex, restart="forgets")


def test_what_is_not_promised_is_not_judged():
    machine(defective("mean"), examples=40, skip=["single-source"])


def test_an_index_without_a_restart_is_asked_for_none():
    class Bare:
        def __init__(self, sources):
            self.inner = MedianIndex(sources)
            self.observe, self.advance, self.publish = self.inner.observe, self.inner.advance, self.inner.publish

    machine(Bare, examples=10, restart=None)
    with pytest.raises(InputError, match=r"^Bare must have a method restart, as restart='keeps' says"):
        machine(Bare, examples=10)


@pytest.mark.parametrize("answer", [5.0, (5.0, "fine"), ("5", "ok"), (True, "ok"), None], ids=repr)
def test_an_answer_that_is_none_is_said(answer):
    class Odd(MedianIndex):
        def publish(self):
            return answer

    with pytest.raises(InputError, match=r"^publish must return \(value or None, one of ok, degraded, held, halted\), returned "):
        machine(Odd, examples=10)


def test_a_value_that_is_no_price_is_a_breach_of_the_protocol():
    class Negative(MedianIndex):
        def publish(self):
            value, status = super().publish()
            return None if value is None else -value, status

    with pytest.raises(BrokenPromiseError, match=r"^\nBROKEN  (protocol|hull) "):
        machine(Negative, examples=20)


@pytest.mark.parametrize(("nothing", "said"), [(None, "None"), (float("nan"), "nan")])
def test_no_value_beside_ok_is_told_as_the_index_said_it(nothing, said):
    class Empty(MedianIndex):
        def publish(self):
            return nothing, "ok"

    with pytest.raises(BrokenPromiseError, match=rf"the status is ok with the value {said}\.\n"):
        machine(Empty, examples=10)


def test_what_could_never_be_judged_is_said_beforehand():
    with pytest.raises(InputError) as caught:
        index_machine(MedianIndex, sources=3)
    assert str(caught.value) == (
        "isolation can never be judged: the basket has 3 sources; min_sources unbroken ones beside one that sends garbage takes 4;"
        ' give more sources, or skip=["isolation"]'
    )
    by_receipt = index_machine(MedianIndex, expect={"clock": "receive"})
    assert {"late-data", "lagging-source"}.isdisjoint(prop.id for prop in by_receipt.judged)
    assert "silent-source" in {prop.id for prop in by_receipt.judged}


def test_its_case_is_collected_by_unittest_and_pytest():
    case = index_machine(MedianIndex, sources=["a", "b", "c:EUR", "d"]).TestCase
    assert callable(case().runTest)


def test_an_index_of_calls_is_one_of_runs_too():
    broken = Scenario.of(5, market("volatile", publications=264), [fault("stop", "kraken", at="20s")])
    assert_holds(called(MedianIndex), broken, "silent-source", "source-order", "late-data", "determinism", "scale", "time-shift", "single-source", "quorum")
    with pytest.raises(BrokenPromiseError, match="silent-source"):
        assert_holds(called(defective("forgets-staleness")), broken, "silent-source")


class Told:
    """A right target of ours by calls: it determines all it was told anew at each publication."""

    def __init__(self, sources, target):
        self.sources, self.target, self.now, self.said, self.times = sources, target, 0, [], []

    def observe(self, source, price, event_time, receive_time):
        place = [each.id for each in self.sources].index(source)
        self.said.append((receive_time, event_time, place, np.nan if price is None else price))

    def advance(self, time):
        self.now = time

    def publish(self):
        self.times.append(self.now)
        received, event, source, price = zip(*self.said, strict=True) if self.said else ((), (), (), ())
        quotes = Quotes.from_columns(receive_time=received, event_time=event, source=source, price=np.array(price, dtype=float), sources=len(self.sources))
        (answer,) = self.target.index([Request(self.sources, quotes, np.array(self.times, dtype=np.int64))])
        value = float(answer.value[-1])
        return None if np.isnan(value) else value, STATUSES[answer.status[-1]]


def test_the_index_of_calls_is_what_it_says():
    index: CallIndex = Told((), open_target("preset:plain-median"))
    assert isinstance(index, Told)


@pytest.mark.long
@pytest.mark.parametrize("right", [right for right in RIGHT_TARGETS if "mid" not in right.name], ids=lambda right: right.name)
def test_right_methodologies_are_left_alone(right):
    """Clamps, drops, trimmed means, medians, on both clocks, that hold, halt or degrade: none of them is found to be what it is not."""
    with open_target(f"right:{right.name}") as target:
        expect = target.describe().expect
        machine(lambda sources: Told(sources, target), examples=25, sources=right.sources or 7, expect=expect, restart=None)
