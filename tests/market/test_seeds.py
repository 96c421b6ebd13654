"""Randomness is a function of its key alone: the same on every machine, in any order, whatever else is drawn."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from indexlab.market.seeds import derive, event_uniform, stream

keys = st.lists(st.integers(-(2**63), 2**63) | st.text(st.characters(categories=["L", "N"]), max_size=8), min_size=1, max_size=4)


def test_seeds_are_the_same_numbers_on_every_machine_and_in_every_version():
    """Written down once: if these change, every saved finding and every seed in a report means another scenario."""
    assert derive("market", 1) == 3_194_876_608_199_043_727
    assert stream("market", 1).integers(0, 1000, 4).tolist() == [487, 607, 749, 826]
    uniform = event_uniform(7, np.array([0, 1_000_000, 1_000_000]), np.array([0, 0, 1], dtype=np.int32))
    assert uniform.tolist() == [0.38236290591015487, 0.11827777718469301, 0.3658256951364134]


@given(keys)
def test_a_seed_fits_63_bits_and_is_a_function_of_its_parts(parts):
    assert 0 <= derive(*parts) < 2**63
    assert derive(*parts) == derive(*parts)


@given(keys, keys)
def test_different_keys_have_different_seeds(one, other):
    assert (derive(*one) == derive(*other)) == ([(type(p), p) for p in one] == [(type(p), p) for p in other])


def test_a_number_is_not_the_text_that_looks_like_it():
    assert derive(1) != derive("1")
    assert derive("a", "b") != derive("b", "a")


def test_streams_of_different_keys_have_nothing_to_do_with_each_other():
    draws = np.array([stream("lane", lane).random(4000) for lane in range(4)])
    assert float(np.abs(np.corrcoef(draws) - np.eye(4)).max()) < 0.06


@given(st.integers(0, 2**62), st.data())
def test_an_event_keeps_its_number_when_others_come_or_go(seed, data):
    n = data.draw(st.integers(1, 40))
    times = np.array(data.draw(st.lists(st.integers(0, 2**53), min_size=n, max_size=n)), dtype=np.int64)
    sources = np.array(data.draw(st.lists(st.integers(0, 11), min_size=n, max_size=n)), dtype=np.int32)
    keep = np.array(data.draw(st.lists(st.booleans(), min_size=n, max_size=n)))
    everyone = event_uniform(seed, times, sources)
    assert event_uniform(seed, times[keep], sources[keep]).tolist() == everyone[keep].tolist()
    assert np.all((everyone >= 0) & (everyone < 1))


@pytest.mark.parametrize("salt", [0, 1, 12345])
def test_the_numbers_of_events_are_even_over_regular_times_and_sources(salt):
    """Regular times are what markets have: a weak mix would show as a pattern there."""
    times, sources = np.meshgrid(np.arange(2000, dtype=np.int64) * 1_000_000, np.arange(10, dtype=np.int32))
    uniform = event_uniform(3, times.ravel(), sources.ravel(), salt).reshape(10, 2000)
    counts, _ = np.histogram(uniform, bins=20, range=(0.0, 1.0))
    assert float(((counts - 1000.0) ** 2 / 1000.0).sum()) < 50.0, "chi square with 19 degrees of freedom"
    assert abs(float(np.corrcoef(uniform[:, 1:].ravel(), uniform[:, :-1].ravel())[0, 1])) < 0.03
    assert float(np.abs(np.corrcoef(uniform) - np.eye(10)).max()) < 0.1


def test_seed_and_salt_each_give_other_numbers():
    times, sources = np.arange(50, dtype=np.int64), np.zeros(50, dtype=np.int32)
    drawn = {event_uniform(seed, times, sources, salt).tobytes() for seed in range(4) for salt in range(4)}
    assert len(drawn) == 16
