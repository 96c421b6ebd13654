"""`weight-zero`: for a target that uses the given weights, weight 0 is absence."""

import statistics

import pytest

from indexlab.properties.run import CLEAN
from indexlab.properties.weight_zero import PROPERTY
from tests.properties.recording import EXPECT, answering, assert_broken, assert_holds, assert_unmet, broken, level, market, recorded, retold_otherwise, weighing

APART = market(lambda _, k: 100.0 + 0.1 * k)
WEIGHTS = (0.9, 1.1, 1.0, 1.3, 0.8)


def weighted_mean(*, missing=None):
    """Return a target that takes the weighted mean; `missing`: a weight of 0 is read as this."""

    def answer(request):
        weights = [source.weight or (0.0 if missing is None else missing) for source in request.basket]

        def combine(prices):
            counted = {k: price for k, price in prices.items() if weights[k] > 0}
            total = sum(weights[k] for k in counted)
            return sum(weights[k] * price for k, price in counted.items()) / total

        return answering(combine)(request)

    return answer


@pytest.mark.parametrize("answer", [weighted_mean(), weighing()], ids=["mean", "median"])
def test_a_right_target_holds_on_clean_and_broken_runs(answer):
    run = recorded(level(1.5, 0), quotes=APART, weights=WEIGHTS, answer=answer, retold=(CLEAN, 0))
    outcome = PROPERTY.check(run)
    assert outcome.breach is None
    assert outcome.premise_met >= 1
    assert outcome.no_occasion == ""


def test_a_weight_of_zero_that_is_read_as_one_is_found():
    run = recorded(level(1.5, 0), quotes=APART, weights=WEIGHTS, answer=weighted_mean(missing=1.0), retold=(CLEAN, 0))
    outcome = PROPERTY.check(run)
    assert_broken(outcome, CLEAN, 0, breached=2)
    assert "weight 0" in outcome.breach.sentence
    assert outcome.by_twin.broken.tolist() == [True]


def test_a_source_without_weight_that_fills_the_quorum_is_found():
    """Three sources, one of them without weight: two are no quorum."""

    def answer(request):
        weights = [source.weight for source in request.basket]

        def combine(prices):
            return sum(weights[k] * price for k, price in prices.items()) / sum(weights[k] for k in prices)

        return answering(combine)(request)

    three = recorded(quotes=market(lambda _, k: 100.0 + 0.1 * k, venues=3), weights=(1.0, 1.2, 0.9), answer=answer)
    outcome = PROPERTY.check(three)
    assert_broken(outcome, CLEAN, 0)
    assert outcome.breach.what == "appeared"


def test_a_target_that_uses_no_weights_has_no_occasion():
    outcome = PROPERTY.check(recorded(quotes=APART, weights=WEIGHTS))
    assert_unmet(outcome)
    assert "does not use the given weights" in outcome.no_occasion


def test_only_where_the_weight_matters_is_anything_judged():
    """Before the first and after the last publication at which it makes a difference others than the given weights may be at work."""
    run = recorded(quotes=APART, weights=WEIGHTS, answer=weighted_mean())
    base, tail = run.clean_trace.value, slice(40, None)
    late = retold_otherwise(run, "weight-zero", CLEAN, tail, value=base[tail])
    assert_holds(PROPERTY.check(late))
    early = retold_otherwise(run, "weight-zero", CLEAN, [30], factor=1.001)
    assert_broken(PROPERTY.check(early), CLEAN, 30)


def test_the_variations_are_one_source_without_weight_and_without_a_word():
    run = recorded(broken("stop", 1), quotes=APART, weights=WEIGHTS, retold=(CLEAN, 0))
    for kind in ("weight-zero", "weight-absent"):
        assert [each.twin for each in run.of_kind(kind)] == [CLEAN, 0]
    (who,) = run.of_kind("weight-absent")[0].sources
    assert who not in run.of_kind("weight-absent")[0].trace.quotes.source
    assert run.of_kind("weight-zero")[0].trace.quotes.equals(run.clean_trace.quotes)


def test_one_source_has_no_weight_to_lose():
    alone = recorded(quotes=market(venues=1), weights=[1.0], answer=answering(lambda prices: statistics.fmean(prices.values()), least=1), expect=EXPECT)
    assert_unmet(PROPERTY.check(alone))
