"""Published incidents, rebuilt: under the rules of their day the index moves as was published, under guarded rules it does not.

The figures and their sources stand in each fixture's fixture.toml.
"""

import numpy as np
import pytest

from indexlab.index import engine, reference
from indexlab.index.catalogue import preset
from indexlab.index.declaration import load_declaration
from indexlab.index.determination import OK, REASONS
from indexlab.market.fixture import find_fixture, fixture_ids, load_fixture
from indexlab.market.times import parse_time

INCIDENTS = tuple(name for name in fixture_ids() if load_fixture(find_fixture(name)).kind == "reconstructed")
CLAMP = 0.005


def run(name, declaration=None, *, without=()):
    fixture = load_fixture(find_fixture(name))
    quotes = fixture.quotes().without_sources([position for position, source in enumerate(fixture.basket) if source.id in without])
    return fixture, engine.determine(declaration or load_declaration(fixture.rules), fixture.basket, quotes, fixture.times())


def at(fixture, found, moment):
    return float(found.value[np.searchsorted(fixture.times(), parse_time(moment))])


def test_these_are_the_incidents():
    assert INCIDENTS == ("binance-2025-10-10", "bitmex-2017-04-15", "bitmex-2019-05-17", "bitmex-2019-05-17-widened", "deribit-2019-10-31")


@pytest.mark.parametrize("name", INCIDENTS)
def test_the_rules_of_the_day_say_what_they_assume_and_run_in_both_implementations(name):
    fixture, found = run(name)
    declaration = load_declaration(fixture.rules)
    assert declaration.methodology.url.startswith("https://")
    assert declaration.assumed
    exact = reference.determine(declaration, fixture.basket, fixture.quotes(), fixture.times())
    np.testing.assert_allclose(found.value, exact.value, rtol=1e-12, equal_nan=True)
    assert list(found.status) == list(exact.status)


def test_bitmex_2017_falls_from_1183_to_887_for_the_minute_that_one_source_is_wrong():
    fixture, found = run("bitmex-2017-04-15")
    assert at(fixture, found, "2017-04-15T23:01:55Z") == pytest.approx(1183)
    assert at(fixture, found, "2017-04-15T23:02:00Z") == pytest.approx((3 * 1183 + 0.06) / 4)
    assert at(fixture, found, "2017-04-15T23:02:00Z") == pytest.approx(888.48, abs=1.5)  # as published
    assert at(fixture, found, "2017-04-15T23:03:00Z") == pytest.approx(1183)


def test_bitmex_2019_falls_by_what_was_derived_for_two_sources():
    fixture, found = run("bitmex-2019-05-17")
    low = at(fixture, found, "2019-05-17T03:09:00Z")
    assert np.nanmin(found.value) == low
    assert -0.135 <= low / 7600 - 1 <= -0.095
    assert (found.status == OK).all()


def test_the_guard_for_two_sources_would_not_have_tripped():
    """Neither leg was 12.5 % or more from the mean of both, so the last value was never published again."""
    _, found = run("bitmex-2019-05-17")
    assert np.nanmax(np.abs(found.used - found.value[:, None]) / found.value[:, None]) < 0.125


@pytest.mark.parametrize("name", ["deribit-2019", "binance-2020", "okx-2018", "plain-mean", "plain-median"])
def test_with_three_sources_needed_two_are_never_ok(name):
    declaration = preset(name)
    assert declaration.quorum.ok_from >= 3
    _, found = run("bitmex-2019-05-17", declaration)
    assert not (found.status == OK).any()


def test_with_two_more_sources_the_index_stays_within_its_clamp():
    fixture, found = run("bitmex-2019-05-17-widened", preset("deribit-2019"))
    _, without = run("bitmex-2019-05-17-widened", preset("deribit-2019"), without=["bitstamp"])
    assert (found.status == OK).all()
    assert np.abs(found.value / without.value - 1).max() <= CLAMP
    bitstamp = [source.id for source in fixture.basket].index("bitstamp")
    assert (found.reason[:, bitstamp] == REASONS.index("clamped")).any()
    _, plain = run("bitmex-2019-05-17-widened")
    assert np.abs(plain.value / without.value - 1).max() > 5 * CLAMP


def test_deribit_2019_falls_from_9150_to_7720_while_coinbase_is_silent():
    fixture, found = run("deribit-2019-10-31")
    assert at(fixture, found, "2019-10-31T20:59:54Z") == pytest.approx(9150)
    assert at(fixture, found, "2019-10-31T21:00:00Z") == pytest.approx(7720)
    assert at(fixture, found, "2019-10-31T21:02:30Z") == pytest.approx(9150)
    coinbase = found.reason[:, [source.id for source in fixture.basket].index("coinbase")]
    times = fixture.times()
    # its last quote is of 19:59:54; older than three minutes it is stale
    silent = (times > parse_time("2019-10-31T20:02:54Z")) & (times < parse_time("2019-10-31T21:15:00Z"))
    assert set(coinbase[silent]) == {REASONS.index("stale")}
    assert set(coinbase[~silent]) == {REASONS.index("used")}


@pytest.mark.parametrize("name", ["bitmex-2017-04-15", "deribit-2019-10-31"])
def test_under_the_clamp_that_came_later_both_stay_within_half_a_percent(name):
    _, found = run(name, preset("deribit-2019"))
    assert (found.status == OK).all()
    assert np.abs(found.value / found.value[0] - 1).max() <= CLAMP
