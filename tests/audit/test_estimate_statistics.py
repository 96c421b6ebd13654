"""The bounds are those that were published, and they cover: exactly, and in repetitions."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from indexlab.audit.statistics import bound, cases_needed, family_level, probability_sentence, upper, weighted_upper
from indexlab.market.errors import HarnessError

TABLE = {
    100: (2.95e-2, 4.66e-2, 7.57e-2, 4.50e-2),
    1_000: (2.99e-3, 4.74e-3, 7.74e-3, 4.60e-3),
    10_000: (3.00e-4, 4.74e-4, 7.75e-4, 4.60e-4),
    100_000: (3.00e-5, 4.74e-5, 7.75e-5, 4.61e-5),
    1_000_000: (3.00e-6, 4.74e-6, 7.75e-6, 4.61e-6),
}
NEEDED = {1e-3: (2_995, 4_603), 1e-4: (29_956, 46_050), 1e-5: (299_572, 460_515), 1e-6: (2_995_731, 4_605_168)}
counts = st.integers(1, 5_000).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n)))


@pytest.mark.parametrize("n", TABLE)
def test_the_bounds_are_the_published_ones(n):
    seen = (upper(0, n, 0.95), upper(1, n, 0.95), upper(3, n, 0.95), upper(0, n, 0.99))
    assert seen == pytest.approx(TABLE[n], rel=2.5e-3), "the tables give three digits, the last of them not always rounded"


@pytest.mark.parametrize("most", NEEDED)
def test_so_many_cases_are_needed_for_a_bound(most):
    for needed, level in zip(NEEDED[most], (0.95, 0.99), strict=True):
        assert cases_needed(most, level) == needed
        assert upper(0, needed, level) <= most < upper(0, needed - 1, level)


@given(counts, st.sampled_from([0.95, 0.99]))
def test_at_the_bound_so_few_have_just_the_chance_that_is_left(drawn, level):
    """The defining equation: P(at most k of n) at the bound is 1 - level."""
    k, n = drawn
    p = upper(k, n, level)
    if k == n:
        assert p == 1.0
        return
    chance = math.fsum(
        math.exp(math.lgamma(n + 1) - math.lgamma(i + 1) - math.lgamma(n - i + 1) + i * math.log(p) + (n - i) * math.log1p(-p)) for i in range(k + 1)
    )
    assert chance == pytest.approx(1 - level, rel=1e-6)


@given(counts)
def test_more_breaches_and_more_confidence_never_lower_a_bound(drawn):
    k, n = drawn
    assert k / n <= upper(k, n, 0.95) <= upper(k, n, 0.99) <= 1
    assert upper(k, n, 0.95) >= upper(max(k - 1, 0), n, 0.95)
    assert upper(k, n, 0.95) >= upper(k, n + 1, 0.95)


def test_where_nothing_was_run_nothing_is_known():
    assert (bound(0, 0).upper_95, bound(0, 0).upper_99) == (1.0, 1.0)
    assert weighted_upper([(0.5, 0, 0), (0.5, 0, 0)], 0.95) is None
    with pytest.raises(HarnessError, match="no bound for 2 of 1"):
        upper(2, 1, 0.95)


@given(st.integers(1, 60), counts)
def test_a_family_of_bounds_is_wider_than_one(family, drawn):
    k, n = drawn
    level = family_level(0.95, family)
    assert (1 - level) * family == pytest.approx(0.05)
    assert upper(k, n, level) >= upper(k, n, 0.95)


@given(st.integers(1, 30), st.integers(1, 500), st.integers(0, 20))
def test_even_strata_weigh_like_one(count, n, k):
    """With equal weights and equally many cases the weighted bound is the plain one, up to the Poisson approximation, and never below it."""
    spread = [(1 / count, n, k if place == 0 and k <= n else 0) for place in range(count)]
    broken = sum(k for _, _, k in spread)
    weighted = weighted_upper(spread, 0.95)
    plain = upper(broken, count * n, 0.95)
    assert plain - 1e-12 <= weighted
    if count * n > 100 * (broken + 3):
        assert weighted == pytest.approx(plain, rel=0.05)


def test_the_sentence_says_of_what_it_is_a_probability():
    said = probability_sentence(7)
    assert said.startswith("Each figure is about one thing")
    assert "seed 7" in said
    for word in ("independently", "premise", "one-sided", "says nothing"):
        assert word in said
