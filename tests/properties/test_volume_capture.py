"""`volume-capture`: no volume that «faulty_sources» sources report displaces the index."""

import numpy as np
import pytest

from indexlab.index.determination import OK, Determinations
from indexlab.market.panel import sample
from indexlab.properties.volume_capture import PROPERTY
from tests.properties.recording import assert_broken, assert_holds, assert_unmet, broken, level, market, recorded, rewritten

WASH = broken("wash", 0, intensity=0.5) + level(1.04, 0)
APART = market(lambda _, k: 100.0 + 0.1 * k)


def by_volume(request):
    """Return the mean of the newest prices by the volume that came with them."""
    quotes, n = request.quotes, len(request.basket)
    panel = sample(quotes, request.times, n, np.ones(len(quotes), dtype=bool), "event")
    price, volume = panel.price, panel.of_newest(quotes.volume)
    value = np.nansum(price * volume, axis=1) / np.nansum(np.where(np.isnan(price), 0.0, volume), axis=1)
    return Determinations(value, np.full(len(value), OK, dtype=np.int8))


def test_a_median_holds():
    assert_holds(PROPERTY.check(recorded(WASH, broken("volume-null", 1), broken("volume-zero", 2), quotes=APART)), met=3)


def test_a_mean_by_unbounded_volume_is_found():
    outcome = PROPERTY.check(recorded(level(1.02, 1), WASH, quotes=APART, answer=by_volume))
    assert_broken(outcome, 1, 20)
    assert outcome.breach.size == pytest.approx(0.038, abs=0.002)
    assert outcome.by_twin.met.tolist() == [False, True]


def test_the_promised_displacement_is_the_border():
    run = recorded(WASH, quotes=market(lambda *_: 100.0))
    assert_holds(PROPERTY.check(rewritten(run, 0, [30], factor=1.0099)))
    assert_broken(PROPERTY.check(rewritten(run, 0, [30], factor=1.0101)), 0, 30)


@pytest.mark.parametrize("twin", [level(1.5, 0), broken("wash", 0, 1), broken("wash", 0, start=100)], ids=["no volume", "too many", "too late"])
def test_without_a_wrong_volume_of_few_there_is_no_verdict(twin):
    assert_unmet(PROPERTY.check(recorded(twin, quotes=APART)))
