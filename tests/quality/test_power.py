"""Each of these planted defects is found within a stated number of evaluations, whatever the seed, and shrinks to a stated size."""

from typing import NamedTuple

import pytest

from indexlab.audit.power_try import Pair, Setting, tried
from indexlab.targets.planted.catalogue import defects, find_defect, label_of
from indexlab.targets.planted.defect import NONE


class Promise(NamedTuple):
    """At most so many evaluations until it is found, and so many sources, quotes and faults left when it is shrunk."""

    evaluations: int
    sources: int
    quotes: int
    faults: int


PROMISES = {
    "null-as-zero": Promise(300, 2, 2, 1),
    "accepts-negative": Promise(300, 2, 2, 1),
    "invalid-poisons": Promise(300, 1, 1, 1),
    "future-accepted": Promise(800, 4, 3, 1),
    "late-replaces": Promise(100, 1, 1, 0),
    "never-stale": Promise(300, 1, 1, 1),
    "age-by-receipt": Promise(400, 4, 7, 1),
    "age-by-message": Promise(300, 2, 5, 1),
    "unchanged-dropped": Promise(100, 6, 6, 1),
    "prefix-shared": Promise(1200, 6, 6, 1),
    "duplicates-weigh": Promise(100, 4, 2, 1),
    "filter-above-only": Promise(100, 5, 6, 1),
    "band-absolute": Promise(500, 3, 5, 1),
    "reference-mean": Promise(100, 5, 6, 1),
    "never-back": Promise(100, 3, 7, 1),
    "not-renormalised": Promise(300, 5, 6, 1),
    "last-arrival-wins": Promise(100, 5, 6, 1),
    "unsorted": Promise(100, 6, 6, 1),
    "quorum-ignored": Promise(800, 2, 1, 1),
    "quorum-latches": Promise(800, 5, 10, 1),
    "index-leaks": Promise(800, 2, 1, 1),
    "frozen": Promise(400, 4, 6, 1),
    "zero-for-none": Promise(1000, 1, 1, 1),
    "explained-raw": Promise(100, 3, 3, 0),
    "rates-inverted": Promise(900, 5, 7, 1),
}
FEW, ALL = range(2), range(10)


def kept(defect, seeds):
    """Look for a defect in its first methodology with each seed; return what is not as promised."""
    promise, method = PROMISES[defect], find_defect(defect).methods[0]
    pair = Pair(defect, method, label_of(defect, method), label_of(NONE, method), whole=False)
    wrong = []
    for seed in seeds:
        attempt = tried(Setting("quick", seed, lambda: 0.0), pair)
        kill = attempt.kill
        small = kill is not None and (kill.smallest.sources, kill.smallest.quotes, kill.smallest.faults)
        if kill is None or kill.evaluations > promise.evaluations or any(is_ > most for is_, most in zip(small, promise[1:], strict=True)):
            wrong.append((seed, kill or attempt.problem))
    return wrong


def test_there_are_25_of_many_kinds():
    assert len(PROMISES) == 25
    assert len({find_defect(name).family for name in PROMISES}) >= 15


def test_the_catalogue_is_as_large_as_it_is_said_to_be():
    live = [defect for defect in defects() if not defect.equivalent]
    assert len(live) >= 120
    assert all(defect.equivalent or defect.methods for defect in defects())


@pytest.mark.parametrize("defect", PROMISES)
def test_it_is_found_soon_and_shrinks(defect):
    assert kept(defect, FEW) == []


@pytest.mark.long
@pytest.mark.parametrize("defect", PROMISES)
def test_it_is_found_soon_and_shrinks_with_ten_seeds(defect):
    assert kept(defect, ALL) == []
