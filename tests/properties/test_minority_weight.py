"""`minority-weight`: sources with less than half of the live weight never set a weighted median beyond the others' prices."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from indexlab.properties.minority_weight import PROPERTY, weighted_medians
from tests.properties.recording import answering, assert_broken, assert_holds, assert_unmet, level, market, mean, recorded, rewritten, weighing, weighted_median

UNEVEN = market(lambda second, k: 100.0 + (0.0, 0.05, 0.4, 0.45, 0.5)[(k + second // 7) % 5])
WEIGHTS = (0.30, 0.20, 0.18, 0.17, 0.15)


def told(*twins, answer=None, weights=WEIGHTS, quotes=UNEVEN):
    return recorded(*twins, quotes=quotes, weights=weights, answer=answer or weighing())


def test_a_weighted_median_holds_whoever_the_minority_is():
    run = told(level(3.0, 0), level(0.2, 1, 2), level(50.0, 3, 4))
    assert_holds(PROPERTY.check(run), met=3)


def test_an_index_beyond_the_others_is_found():
    outcome = PROPERTY.check(rewritten(told(level(3.0, 0)), 0, [33], value=104.0))
    assert_broken(outcome, 0, 33)
    assert "30.0%" in outcome.breach.sentence
    assert outcome.by_twin.what == ("moved",)


def test_a_majority_may_set_it():
    """0.30 + 0.20 of 1 is half, and half is no minority."""
    assert_unmet(PROPERTY.check(told(level(3.0, 0, 1))))


def unsorted_when_apart(prices, weights):
    """Wrong: where prices are far apart they are counted in the order of the list."""
    if max(prices.values()) < 1.2 * min(prices.values()):
        return weighted_median(prices, weights)
    half, running = sum(weights[k] for k in prices) / 2, 0.0
    for k in prices:
        running += weights[k]
        if running >= half:
            return k
    raise AssertionError


def test_a_median_that_is_not_sorted_is_found():
    outcome = PROPERTY.check(told(level(3.0, 1), answer=weighing(unsorted_when_apart)))
    assert_broken(outcome, 0, 20)


@pytest.mark.parametrize("answer", [answering(mean), weighing(lambda prices, _: min(prices))], ids=["mean", "first"])
def test_what_takes_no_weighted_median_has_no_occasion(answer):
    outcome = PROPERTY.check(told(level(3.0, 0), answer=answer))
    assert_unmet(outcome)
    assert "no weighted median" in outcome.no_occasion


def test_a_flat_market_tells_nothing():
    """A mean of equal prices is their median too: no verdict, and no word about the target."""
    outcome = PROPERTY.check(told(level(3.0, 0), quotes=market(lambda *_: 100.0), answer=answering(mean)))
    assert_unmet(outcome)
    assert outcome.no_occasion == ""


def test_an_unweighted_median_owes_nothing_to_a_majority_by_number():
    """With equal weights the two are the same; three of five are no minority by number either."""
    lopsided = market(lambda _, k: 100.0 + (0.0, 0.05, 0.4, 0.45, 0.9)[k])
    run = told(level(3.0, 0, 1), weights=[1.0] * 5, answer=answering(), quotes=lopsided)
    assert_holds(PROPERTY.check(run))
    nearly = (0.30, 0.28, 0.14, 0.14, 0.14)
    assert_unmet(PROPERTY.check(told(level(3.0, 2, 3, 4), weights=nearly, answer=answering(), quotes=lopsided)))


@given(st.lists(st.tuples(st.integers(1, 9), st.integers(0, 5)), min_size=1, max_size=7))
def test_weighted_medians_are_those_of_the_weights_written_out(rows):
    """Whole weights: each price so many times, and the plain lower and upper median of that."""
    price = np.array([[float(row[0]) for row in rows]])
    weight = np.array([[float(row[1]) for row in rows]])
    lower, upper = weighted_medians(price, weight)
    written = sorted(value for value, count in rows for _ in range(count))
    if not written:
        assert np.isnan(lower[0])
        assert np.isnan(upper[0])
        return
    half = len(written) // 2
    assert upper[0] == written[half]
    assert lower[0] == (written[half - 1] if len(written) % 2 == 0 else written[half])
