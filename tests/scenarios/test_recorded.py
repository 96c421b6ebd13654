"""Stretches of a fixture, with faults in what was really said: pure, within the recording, its telling moments first."""

import numpy as np
import pytest

from indexlab.market.fixture import find_fixture, load_fixture
from indexlab.market.units import MINUTE, SECOND
from indexlab.scenarios.expect import Expect
from indexlab.scenarios.recipes import World
from indexlab.scenarios.recorded import recorded_batches
from indexlab.scenarios.scenario import expand, expand_base

WORLD = World(Expect(), None, book=False, twins=3)
FIXTURES = ("calm-hour", "deribit-2019-10-31")


@pytest.fixture(scope="module", params=FIXTURES)
def fixture(request):
    return load_fixture(find_fixture(request.param))


def test_the_batches_are_a_function_of_the_seed(fixture):
    batches = recorded_batches(fixture, fixture.id, WORLD, 4, 12)
    assert batches == recorded_batches(fixture, fixture.id, WORLD, 4, 12)
    assert batches[:12] != recorded_batches(fixture, fixture.id, WORLD, 5, 12)
    assert recorded_batches(fixture, fixture.id, WORLD, 4, 15)[:12] == batches


def test_every_stretch_lies_in_the_recording_and_its_faults_in_the_stretch(fixture):
    times = fixture.times()
    for batch in recorded_batches(fixture, fixture.id, WORLD, 4, 12):
        basket, published, _ = expand_base(batch.base)
        assert basket == fixture.basket
        assert set(published.tolist()) <= set(times.tolist())
        assert len(batch.twins) == WORLD.twins
        for fault in (fault for twin in batch.twins for fault in twin):
            assert published[0] <= fault.start < published[-1]
            assert fault.end is None or fault.start < fault.end <= published[-1]


def test_faults_are_put_into_what_was_really_said(fixture):
    batch = recorded_batches(fixture, fixture.id, WORLD, 4, 1)[0]
    expanded = expand(batch)
    quotes = fixture.quotes()
    inside = (quotes.receive_time >= batch.base.fixture.start) & (quotes.receive_time <= batch.base.fixture.end)
    assert expanded.clean.equals(quotes.take(inside))
    for twin, injection in zip(batch.twins, expanded.injections, strict=True):
        hit = sorted({position for fault in twin for position in fault.sources})
        assert injection.quotes.without_sources(hit).equals(expanded.clean.without_sources(hit))


def test_the_longest_silence_is_looked_at_first():
    """On the evening of 2019-10-31 one source was silent for longer than any other."""
    fixture = load_fixture(find_fixture("deribit-2019-10-31"))
    quotes = fixture.quotes()
    longest = []
    for source in range(len(fixture.basket)):
        received = quotes.receive_time[quotes.source == source]
        gap = int(np.argmax(np.diff(received)))
        longest.append((int(received[gap + 1] - received[gap]), int(received[gap])))
    length, moment = max(longest)
    assert length > MINUTE
    first = recorded_batches(fixture, fixture.id, WORLD, 4, 5)
    assert all(batch.base.fixture.start <= moment + SECOND <= batch.base.fixture.end for batch in first)


def test_a_fixture_shorter_than_a_stretch_is_used_whole():
    fixture = load_fixture(find_fixture("calm-hour"))
    patient = World(Expect(max_age=1800 * SECOND, max_recovery=1800 * SECOND), None, book=False, twins=1)
    times = fixture.times()
    for batch in recorded_batches(fixture, fixture.id, patient, 4, 5):
        assert (batch.base.fixture.start, batch.base.fixture.end) == (times[0] - SECOND, times[-1])
