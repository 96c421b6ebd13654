"""`determinism`: the same again is the same, to the bit; a run knows nothing of the run before it."""

import numpy as np

from indexlab.index.determination import DEGRADED, HALTED, Determinations
from indexlab.properties.determinism import PROPERTY
from indexlab.properties.run import CLEAN
from tests.properties.recording import answering, assert_broken, assert_holds, assert_unmet, level, market, recorded, retold_otherwise

RUN = recorded(level(1.5, 0), retold=(CLEAN, 0))


def test_a_target_without_a_memory_of_other_runs_holds():
    assert_holds(PROPERTY.check(RUN), met=2)


def test_the_last_bit_counts():
    value = np.nextafter(RUN.broken.value[0, 41], np.inf)
    assert_broken(PROPERTY.check(retold_otherwise(RUN, "repeat", 0, [41, 50], value=value)), 0, 41)


def test_the_status_counts():
    assert_broken(PROPERTY.check(retold_otherwise(RUN, "repeat", CLEAN, [3], status=DEGRADED)), CLEAN, 3)


def test_a_value_that_goes_missing_counts_and_one_that_is_missing_both_times_does_not():
    assert_broken(PROPERTY.check(retold_otherwise(RUN, "repeat", CLEAN, [3], status=HALTED)), CLEAN, 3)
    sparse = market(lambda second, _: None if second < 5 else 100.0)
    assert_holds(PROPERTY.check(recorded(quotes=sparse)))


def test_a_target_that_remembers_the_run_before_is_found():
    """It starts from the last index of the run before it, which shows only when it has seen another one."""
    honest, memory = answering(), []

    def answer(request):
        told = honest(request)
        value = told.value.copy()
        if memory:
            value[:2] = memory[-1]
        memory.append(value[-1])
        return Determinations(value, told.status)

    assert_broken(PROPERTY.check(recorded(level(9.0, 0, 1, 2), answer=answer)), CLEAN, 0)


def test_without_a_second_answer_there_is_no_verdict():
    assert_unmet(PROPERTY.check(recorded(level(1.5, 0), needs=())))
