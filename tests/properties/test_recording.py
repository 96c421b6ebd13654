"""The recorded runs are what the other tests take them for."""

import numpy as np

from indexlab.market.units import SECOND
from tests.properties.recording import answering, at, broken, late, level, market, mean, recorded, rewritten, trace_of


def test_a_publication_has_seen_the_second_before_it():
    run = recorded(quotes=market(lambda second, _: 100.0 + second), answer=answering(mean))
    assert run.times[0] == at(1)
    assert run.clean.value[0, 7] == 107.0
    assert run.clean.age[0, 7].tolist() == [950_000, 850_000, 750_000, 650_000, 550_000]


def test_faults_begin_and_end_at_their_second():
    run = recorded(level(1.5, 2, end=25), broken("stop", 0), late(3, 1))
    price = run.broken.price[0, :, 2] / run.clean.price[0, :, 2]
    assert np.flatnonzero(np.abs(price - 1.5) < 1e-9).tolist() == [20, 21, 22, 23, 24]
    assert run.broken.silence[1, 30, 0] == 11_900_000
    assert run.broken.age[2, 30, 1] == run.clean.age[0, 27, 1] + 3 * SECOND
    assert [twin.touched for twin in run.twins] == [5, 40, 40]


def test_a_rewritten_answer_is_another_run():
    run = recorded(level(1.5, 2))
    other = rewritten(run, 0, [3, 4], factor=2.0)
    assert (other.broken.value[0] / run.broken.value[0]).tolist() == [2.0 if p in (3, 4) else 1.0 for p in range(60)]
    assert other.clean_trace is run.clean_trace
    assert len(trace_of(run, "duplicates", -1).quotes) > len(run.clean_trace.quotes)
