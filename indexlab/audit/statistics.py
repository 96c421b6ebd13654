"""What k breaches in n independent cases say of a probability: one-sided bounds of Clopper and Pearson, for one, for a family, weighted over strata.

Only for independent cases of one declared distribution: guided, replayed and shrunk executions have no place here. SciPy is loaded when the
first bound is asked for.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Final

from indexlab.audit.events import Bound
from indexlab.market.errors import HarnessError

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["LEVELS", "bound", "cases_needed", "family_level", "probability_sentence", "upper", "weighted_upper"]

LEVELS: Final = (0.95, 0.99)
"""The confidences that reports print."""


def upper(k: int, n: int, confidence: float) -> float:
    """Return the one-sided Clopper-Pearson upper bound on a probability of which k of n independent cases were seen.

    It is the p at which k or fewer have the chance 1 - confidence: the beta quantile of (k + 1, n - k), and 1 where nothing was run or all broke.
    For k = 0 that is 1 - (1 - confidence)^(1/n), about 3/n at 95 %. A two-sided interval would give 3.69/n there; this is not one.
    """
    if not 0 <= k <= n or not 0 < confidence < 1:
        problem = f"no bound for {k} of {n} at a confidence of {confidence}"
        raise HarnessError(problem)
    if k == n:
        return 1.0
    from scipy.special import betaincinv

    return float(betaincinv(k + 1, n - k, confidence))


def bound(n: int, k: int) -> Bound:
    """Return n, k and the bounds at both confidences."""
    return Bound(n, k, upper(k, n, LEVELS[0]), upper(k, n, LEVELS[1]))


def family_level(confidence: float, family: int) -> float:
    """Return the confidence of each of `family` bounds for all of them to hold together with `confidence` (Bonferroni)."""
    return 1.0 - (1.0 - confidence) / max(family, 1)


def cases_needed(most: float, confidence: float) -> int:
    """Return the least n for which k = 0 gives a bound of at most `most` (above 0)."""
    return math.ceil(math.log1p(-confidence) / math.log1p(-most))


def weighted_upper(strata: Sequence[tuple[float, int, int]], confidence: float) -> float | None:
    """Return an upper bound on the sum of weight times probability over strata of (weight, n, k); None where no stratum has a case.

    Strata without a case say nothing and are left out; the weights of the others are made to sum to 1. The number that broke in all is a sum of
    independent trials with expectation Σ n p; where that is large, so few are no likelier than a Poisson number of that expectation would be so small
    (Hoeffding 1956; Anderson and Samuels 1967). So Σ n p is at most the gamma quantile of (k + 1) at this confidence, and the bound is the largest
    Σ weight × p under that, which strata with the most weight a case take first. It exceeds the plain bound where strata have unequal shares of
    cases, and never relies on their being equal.
    """
    met = [(weight, n) for weight, n, _ in strata if n > 0]
    whole = sum(weight for weight, _ in met)
    if not met or whole <= 0:
        return None
    from scipy.special import gammaincinv

    left = float(gammaincinv(sum(k for _, n, k in strata if n > 0) + 1, confidence))
    total = 0.0
    for weight, n in sorted(met, key=lambda stratum: -stratum[0] / stratum[1]):
        share = min(1.0, left / n)
        total += weight / whole * share
        left -= share * n
        if left <= 0:
            break
    return min(total, 1.0)


def probability_sentence(seed: int) -> str:
    """Return what an estimate's probabilities are probabilities of; it stands before the figures."""
    return (
        "Each figure is about one thing: a case drawn anew and independently from the distribution declared below, given that the property's premise is "
        "met in it, breaks the property with at most this probability. The bounds are one-sided (Clopper and Pearson): over many such audits, each is "
        "exceeded by the true probability in at most 5 % (1 %) of them. It is a probability under that distribution, of faults and markets as they are made "
        "here; how often such faults occur at a venue is another question, on which it says nothing. "
        f"The cases are those of seed {seed}, numbered from 0; none of the guided search is among them."
    )
