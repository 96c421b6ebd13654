"""Several checks of one run as one."""

import numpy as np

from indexlab.properties.property import ByTwin, Extreme, Outcome
from indexlab.properties.together import together
from tests.properties.recording import level, recorded

RUN = recorded(level(1.5, 0), level(1.5, 1), level(1.5, 2))


def part(met, broken, size, *words, clean=0):
    """Return what a check found in three twins, and in the clean run (`clean`: 1 judged, 2 broken)."""
    told = ByTwin(np.array(met, dtype=bool), np.array(broken, dtype=bool), np.array(size, dtype=float), words or None)
    return Outcome(3, sum(met) + (clean > 0), sum(broken) + (clean > 1), None, Extreme(max(size), "ratio", "", 0) if any(size) else None, "", told)


def test_a_twin_is_judged_where_any_part_judges_it_and_sizes_of_different_parts_are_not_mixed():
    one = part([1, 0, 0], [0, 0, 0], [0.2, 0, 0], "", "", "")
    other = part([1, 1, 0], [1, 0, 0], [7, 5, 0], "late", "", "", clean=2)
    outcome = together(RUN, [one, other, Outcome(3, 0)], "none")
    assert (outcome.scenarios, outcome.premise_met, outcome.breached, outcome.unmet) == (4, 3, 2, "none")
    assert outcome.by_twin.met.tolist() == [True, True, False]
    assert outcome.by_twin.broken.tolist() == [True, False, False]
    assert outcome.by_twin.size.tolist() == [0.2, 5.0, 0.0]
    assert outcome.by_twin.what == ("late", "", "")
    assert outcome.worst.value == 0.2


def test_the_clean_run_counts_once():
    both = together(RUN, [part([0, 0, 0], [0, 0, 0], [0, 0, 0], clean=1), part([0, 0, 0], [0, 0, 0], [0, 0, 0], clean=1)], "none")
    assert (both.premise_met, both.breached) == (1, 0)
