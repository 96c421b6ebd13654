"""A third party's target in this process: whatever it raises or answers wrongly is its own failure, of that request alone."""

import numpy as np
import pytest

from indexlab.index.determination import Determinations
from indexlab.market.errors import TargetFailure
from indexlab.targets.guarded import guarded
from indexlab.targets.resolve import open_target
from indexlab.targets.target import Description, RequestFailure, Streaming
from tests.targets.conversations import agreeing


class Answering:
    """A target that answers what a function makes of each request."""

    label, kind = "mine:", "in-process"

    def __init__(self, answer, said=None):
        self.answer, self.said, self.closed = answer, said, False

    def describe(self):
        return self.said() if callable(self.said) else self.said

    def index(self, requests):
        return [self.answer(request) for request in requests]

    def close(self):
        self.closed = True


def right(request):
    return Determinations(np.full(len(request.times), 5.0), np.zeros(len(request.times), dtype=np.int8))


def of(value, status):
    return lambda _: Determinations(np.array(value), np.array(status, dtype=np.int8))


def test_what_is_right_is_handed_on():
    target = Answering(right, Description("mine"))
    with guarded(target) as kept:
        assert (kept.label, kept.kind, kept.describe()) == ("mine:", "in-process", Description("mine"))
        (answer,) = kept.index([agreeing()])
        assert answer.value.tolist() == [5.0, 5.0, 5.0]
    assert target.closed
    assert not isinstance(kept, Streaming)
    assert isinstance(guarded(open_target("preset:plain-median")), Streaming)


def test_a_request_on_which_it_raises_costs_no_other_its_answer():
    def answer(request):
        if len(request.basket) == 7:
            raise ZeroDivisionError
        return right(request)

    first, second, third = guarded(Answering(answer)).index([agreeing(), agreeing(1.0, 3, 7), agreeing()])
    assert isinstance(second, RequestFailure)
    assert second.detail == "index raised ZeroDivisionError: "
    assert first.value.tolist() == third.value.tolist() == [5.0, 5.0, 5.0]


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (lambda _: 5.0, "index must return Determinations, was float"),
        (of([5.0], [0]), "must have an entry for each of 3 publications"),
        (of([5, 5, 5], [0, 0, 0]), "value must be float64 and status int8, were int64 and int8"),
        (of([5.0, 5.0, 5.0], [0, 0, 9]), "status must be a code from 0 to 3, was 0 to 9"),
    ],
)
def test_an_answer_that_does_not_fit_is_a_failure(answer, said):
    (found,) = guarded(Answering(answer)).index([agreeing()])
    assert isinstance(found, RequestFailure)
    assert said in found.detail


def test_too_few_answers_are_a_failure_of_each():
    target = Answering(right)
    target.index = lambda requests: []
    assert [failure.kind for failure in guarded(target).index([agreeing(), agreeing()])] == ["misfit", "misfit"]


@pytest.mark.parametrize(("said", "detail"), [(lambda: 1 // 0, "describe raised ZeroDivisionError"), ("me", "describe must return a Description, was str")])
def test_a_description_that_is_none_is_a_failure(said, detail):
    with pytest.raises(TargetFailure, match=detail):
        guarded(Answering(right, said)).describe()
