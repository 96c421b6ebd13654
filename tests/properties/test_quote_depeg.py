"""`quote-depeg`: a currency that loses its peg does not take the index with it; a target that is told its rate is held to that for any currency."""

from dataclasses import replace

import msgspec
import numpy as np
import pytest

from indexlab.market.rates import Rate
from indexlab.properties.property import Occasion
from indexlab.properties.quote_depeg import PROPERTY
from tests.properties.recording import EXPECT, answering, assert_broken, assert_holds, assert_unmet, level, mean, recorded, rewritten


def quoted(run, *currencies):
    """Return the run with its sources quoting in these currencies."""
    return replace(run, basket=tuple(msgspec.structs.replace(source, quote=quote) for source, quote in zip(run.basket, currencies, strict=True)))


def depegged(run, *twins):
    """Return the run with the faults of these twins called what they are."""
    named = (replace(twin, faults=("depeg",)) if number in twins else twin for number, twin in enumerate(run.twins))
    return replace(run, twins=tuple(named))


def told(run, worth=1.0):
    """Return the run of a target that was told what USDT is worth."""
    rate = {"USDT": Rate(run.times[:1], run.times[:1], np.full(1, worth))}
    return replace(run, rates=rate, twin_rates=(rate,) * len(run.twins))


ONE = ("USD", "USD", "USDT", "USD", "USD")
MOST = ("USDT", "USDT", "USDT", "USD", "USD")


def test_a_mean_follows_the_currency_of_one_source():
    run = depegged(quoted(recorded(level(1.02, 0), level(1.1, 2), answer=answering(mean)), *ONE), 1)
    outcome = PROPERTY.check(run)
    assert_broken(outcome, 1, 20)
    assert outcome.breach.sentence == "the loss of peg of USDT in c moved the index by 200.0 bp."
    assert outcome.breach.what == "moved"
    assert outcome.by_twin.met.tolist() == [False, True]
    assert outcome.by_twin.size[1] == pytest.approx(0.02, rel=1e-3)


def test_a_median_does_not():
    assert_holds(PROPERTY.check(depegged(quoted(recorded(level(1.1, 2)), *ONE), 0)))


def test_of_a_currency_that_most_use_nothing_is_owed_unless_the_target_is_told_its_rate():
    run = depegged(quoted(recorded(level(1.1, 0, 1, 2)), *MOST), 0)
    assert_unmet(PROPERTY.check(run))
    outcome = PROPERTY.check(told(run))
    assert_broken(outcome, 0, 20)
    assert outcome.breach.sentence.startswith("the loss of peg of USDT in a, b and c (the target was told what USDT is worth) moved the index by")


def test_who_converts_holds_whatever_most_use():
    run = depegged(quoted(recorded(level(1.1, 0, 1, 2)), *MOST), 0)
    held = replace(run, broken_traces=(replace(run.broken_traces[0], answer=run.clean_trace.answer),))
    assert_holds(PROPERTY.check(told(held)))
    assert_broken(PROPERTY.check(rewritten(told(held), 0, [30], status=3)), 0, 30)


def test_another_fault_or_a_part_of_a_currency_is_no_loss_of_peg():
    assert_unmet(PROPERTY.check(quoted(recorded(level(1.1, 2), answer=answering(mean)), *ONE)))
    both = ("USD", "USDT", "USDT", "USD", "USD")
    assert_unmet(PROPERTY.check(depegged(quoted(recorded(level(1.1, 2), answer=answering(mean)), *both), 0)))
    assert_unmet(PROPERTY.check(depegged(recorded(level(1.1, 0, 1, 2, 3, 4)), 0)))


def test_it_applies_where_currencies_are_mixed():
    run = recorded()
    mixed = quoted(run, *ONE).basket
    plain = {"expect": EXPECT, "uses": ("price",), "provides": ("index",)}
    assert PROPERTY.applies(Occasion(**plain)) == "one quote currency in every basket"
    assert PROPERTY.applies(Occasion(**plain, sources=5, basket=run.basket)) == "one quote currency in every basket"
    assert PROPERTY.applies(Occasion(**plain, converts=True)) == ""
    assert PROPERTY.applies(Occasion(**plain, sources=5, basket=mixed)) == ""
    assert PROPERTY.applies(Occasion(**plain, fixtures=(mixed,))) == ""
    assert "2 sources" in PROPERTY.applies(Occasion(**plain, sources=2, basket=mixed[1:3]))
