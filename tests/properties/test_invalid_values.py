"""`invalid-values`: what is no price is handled as if it had not come, or as absence, or by the price or the book alone, the same way throughout."""

from dataclasses import replace

import msgspec
import numpy as np
import pytest

from indexlab.index.determination import HALTED
from indexlab.market.quotes import valid_quotes
from indexlab.properties.invalid_values import PROPERTY
from indexlab.properties.run import Run, Trace, Twin, Variation
from indexlab.scenarios.variants import book_alone, price_alone, without_invalid
from indexlab.targets.target import BOOK, Request
from tests.properties.recording import (
    EXPECT,
    answering,
    assert_broken,
    assert_holds,
    assert_unmet,
    broken,
    late,
    level,
    market,
    mean,
    median,
    recorded,
    rewritten,
    trace_of,
)

APART = market(lambda _, k: 100.0 + 0.1 * k)
"""Prices 10 bp apart: with or without one source is a difference, but a small one."""
GARBAGE = ("zero", "negative", "null")


def stretches(fault, who=0):
    """Return a twin with two stretches of garbage, each longer than a target may take to settle, and time between them."""
    return broken(fault, who, start=20, end=30) + broken(fault, who, start=40, end=50)


@pytest.mark.parametrize("fault", GARBAGE)
@pytest.mark.parametrize("excludes", [False, True])
@pytest.mark.parametrize("combine", [median, mean])
def test_as_if_it_had_not_come_and_as_absence_both_hold(fault, excludes, combine):
    run = recorded(stretches(fault), quotes=APART, answer=answering(combine, excludes=excludes))
    assert_holds(PROPERTY.check(run))


@pytest.mark.parametrize("excludes", [False, True])
def test_both_ways_hold_for_garbage_now_and_then(excludes):
    run = recorded(broken("zero", 1, start=20, end=50, intensity=0.5), quotes=APART, answer=answering(mean, excludes=excludes))
    assert_holds(PROPERTY.check(run))


@pytest.mark.parametrize("first_way", ["removed", "absent"])
def test_a_mix_of_both_ways_does_not_hold(first_way):
    """One way in the first stretch, the other in the second: neither fits throughout, though each does for a while."""
    run = recorded(stretches("zero"), quotes=APART, answer=answering(mean, excludes=False))
    other = recorded(stretches("zero"), quotes=APART, answer=answering(mean, excludes=True))
    removed, absent = run.broken.value[0].copy(), other.broken.value[0].copy()
    assert np.abs(removed / absent - 1).max() < EXPECT.max_displacement
    mixed = np.where(np.arange(60) < 35, removed, absent) if first_way == "removed" else np.where(np.arange(60) < 35, absent, removed)
    outcome = PROPERTY.check(rewritten(run, 0, slice(None), value=mixed))
    assert (outcome.premise_met, outcome.breached) == (1, 1)
    assert outcome.breach.twin == 0


def test_a_zero_in_the_mean_is_found_at_the_first_publication_that_saw_it():
    run = recorded(level(1.0001, 3), broken("zero", 0, start=20, end=30), quotes=APART, answer=answering(mean, accept=lambda _: True))
    outcome = PROPERTY.check(run)
    assert_broken(outcome, 1, 20)
    assert "a said 0" in outcome.breach.sentence


def test_a_null_that_stops_the_index_is_found():
    run = recorded(broken("null", 2, start=20, end=30), quotes=APART)
    assert_broken(PROPERTY.check(rewritten(run, 0, [25, 26], status=HALTED)), 0, 25)


def test_a_target_with_memory_may_take_its_time_but_not_far():
    """As if absent: until «max_recovery» after each change within «max_displacement», from then on the same."""
    run = recorded(stretches("zero"), quotes=APART, answer=answering(mean, excludes=True))
    settling = [*range(20, 25), *range(30, 35), *range(40, 45), *range(50, 55)]
    assert_holds(PROPERTY.check(rewritten(run, 0, settling, factor=1.009)))
    assert_broken(PROPERTY.check(rewritten(run, 0, [43], factor=1.02)), 0, 43)
    assert_broken(PROPERTY.check(rewritten(run, 0, [25], factor=1.0001)), 0, 25)
    assert_broken(PROPERTY.check(rewritten(run, 0, [35], factor=1.0001)), 0, 35)
    assert_broken(PROPERTY.check(rewritten(run, 0, [10], factor=1.0001)), 0, 10)


def test_values_are_judged_with_three_sources_too_and_a_missing_one_only_with_enough_others():
    """With one of three invalid a right target may fall below its quorum and say nothing; a wrong value is wrong all the same."""
    three = market(lambda _, k: 100.0 + 0.1 * k, venues=3)
    zero = broken("zero", 0, start=20, end=30)
    assert PROPERTY.check(recorded(zero, quotes=three, weights=[1.0] * 3, answer=answering(mean, accept=lambda _: True))).breached == 1
    right = recorded(zero, quotes=three, weights=[1.0] * 3, answer=answering(mean))
    assert_holds(PROPERTY.check(right))
    silent = rewritten(right, 0, slice(35, 40), factor=np.nan)
    assert_holds(PROPERTY.check(silent))
    assert PROPERTY.check(replace(silent, expect=msgspec.structs.replace(EXPECT, min_sources=2))).breached == 1


TURNS = broken("zero", 0, start=15, end=25) + broken("null", 1, start=20, end=35) + broken("negative", 3, start=40, end=50)
"""Three sources that turn invalid in turn: alone, two together, and one later by itself."""


@pytest.mark.parametrize("excludes", [False, True])
@pytest.mark.parametrize("combine", [median, mean])
def test_sources_that_are_invalid_in_turn_are_judged_too(combine, excludes):
    run = recorded(TURNS, quotes=APART, answer=answering(combine, excludes=excludes))
    assert_holds(PROPERTY.check(run))
    assert sorted(sorted(each.sources) for each in run.of_kind("absent-some")) == [[0], [0, 1], [1], [3]]


def test_a_zero_in_the_mean_is_found_among_sources_in_turn():
    assert_broken(PROPERTY.check(recorded(TURNS, quotes=APART, answer=answering(mean, accept=lambda price: price >= 0))), 0, 15)


@pytest.mark.parametrize(("publication", "found"), [(17, False), (20, False), (22, False), (30, True), (38, False), (42, False), (46, True), (56, True)])
def test_each_change_of_who_is_invalid_gives_the_target_time_again(publication, found):
    """It must be the same from five seconds after the last change at 15, 20, 25, 35, 40 and 50 s on."""
    run = recorded(TURNS, quotes=APART, answer=answering(mean, excludes=True))
    assert (PROPERTY.check(rewritten(run, 0, [publication], factor=1.0001)).breach is not None) == found


def test_one_that_is_invalid_beside_one_that_is_merely_wrong_is_judged():
    run = recorded(broken("zero", 0, start=20, end=30) + level(1.001, 1), quotes=APART, answer=answering(mean))
    assert_holds(PROPERTY.check(run))
    assert PROPERTY.check(recorded(broken("zero", 0) + level(1.001, 1), quotes=APART, answer=answering(mean, accept=lambda _: True))).breached == 1


def test_what_is_invalid_for_its_time_alone_is_judged_elsewhere():
    assert_unmet(PROPERTY.check(recorded(late(60, 0, fault="skew"), quotes=APART)))


def test_without_anything_invalid_there_is_no_verdict():
    assert_unmet(PROPERTY.check(recorded(level(1.5, 0), broken("stop", 1), quotes=APART)))


def test_the_variations_are_the_ways():
    run = recorded(broken("zero", 0, start=20, end=30), quotes=APART, answer=answering(mean))
    assert valid_quotes(trace_of(run, "removed", 0).quotes, uses_book=False).all()
    assert 0 not in trace_of(run, "absent", 0).quotes.source


# ------------------------------------------------------------------------------------------------------------- beside a book


def by_price_or_book(*, trusts, heeds):
    """Return a mean over what `trusts` says a quote is worth, where `heeds` says it counts."""

    def answer(request):
        quotes = request.quotes
        worth = np.where(heeds(quotes), trusts(quotes), -1.0)
        return answering(mean)(Request(request.basket, quotes.with_columns(price=worth), request.times))

    return answer


def run_beside_a_book(answer, spoil):
    """Return a run by hand: source 0's quotes of 20 to 30 s are spoilt, and each way of handling that was asked for."""
    base = market(lambda _, k: 100.0 + 0.1 * k)
    clean = base.with_columns(bid=base.price - 0.05, ask=base.price + 0.25)
    bad = (clean.source == 0) & (clean.receive_time >= base.receive_time[0] + 20 * 10**6) & (clean.receive_time < base.receive_time[0] + 30 * 10**6)
    spoilt = clean.with_columns(**{name: np.where(bad, value, getattr(clean, name)) for name, value in spoil.items()})
    skeleton = recorded(level(1.5, 0), quotes=clean, uses=BOOK, needs=())

    def ask(quotes):
        return Trace(quotes, answer(Request(skeleton.basket, quotes, skeleton.times)))

    made = {"removed": spoilt, "price-alone": price_alone(spoilt), "book-alone": book_alone(spoilt), "absent": clean.without_sources([0])}
    variations = [
        Variation(kind, 0, ask(without_invalid(quotes, valid_quotes(quotes, uses_book=True))), sources=frozenset({0} if kind == "absent" else ()))
        for kind, quotes in made.items()
        if kind in ("removed", "absent") or not quotes.equals(spoilt)
    ]
    received = spoilt.receive_time[bad]
    return Run(
        expect=EXPECT,
        basket=skeleton.basket,
        times=skeleton.times,
        uses=BOOK,
        clean_trace=ask(clean),
        broken_traces=(ask(spoilt),),
        twins=(Twin(frozenset({0}), int(received[0]), int(received[-1]), int(bad.sum()), ("by hand",)),),
        batch=skeleton.batch,
        variations=tuple(variations),
        numbers=(0,),
    )


def good_book(quotes):
    return (quotes.bid > 0) & (quotes.ask >= quotes.bid)


def middle(quotes):
    return (quotes.bid + quotes.ask) / 2


def book_else_price(quotes):
    return np.where(good_book(quotes), middle(quotes), quotes.price)


CROSSED = {"bid": 103.0, "ask": 97.0}
HALF = {"ask": np.nan}


@pytest.mark.parametrize("spoil", [CROSSED, HALF], ids=["crossed", "half"])
def test_the_price_alone_beside_a_bad_book_holds(spoil):
    answer = by_price_or_book(trusts=book_else_price, heeds=lambda quotes: quotes.price > 0)
    assert_holds(PROPERTY.check(run_beside_a_book(answer, spoil)))


def test_the_book_alone_beside_a_bad_price_holds():
    answer = by_price_or_book(trusts=middle, heeds=good_book)
    assert_holds(PROPERTY.check(run_beside_a_book(answer, {"price": -5.0})))


@pytest.mark.parametrize("spoil", [CROSSED, {"price": -5.0}], ids=["crossed", "price"])
def test_leaving_the_observation_out_holds_beside_a_book_too(spoil):
    answer = by_price_or_book(trusts=middle, heeds=lambda quotes: good_book(quotes) & (quotes.price > 0))
    assert_holds(PROPERTY.check(run_beside_a_book(answer, spoil)))


def test_the_middle_of_a_crossed_book_is_found():
    answer = by_price_or_book(trusts=middle, heeds=lambda quotes: quotes.price > 0)
    assert_broken(PROPERTY.check(run_beside_a_book(answer, {"bid": 110.0, "ask": 104.0})), 0, 20)


def test_one_side_taken_for_the_price_is_found():
    answer = by_price_or_book(trusts=lambda quotes: np.where(np.isnan(quotes.ask), quotes.bid, book_else_price(quotes)), heeds=lambda quotes: quotes.price > 0)
    assert_broken(PROPERTY.check(run_beside_a_book(answer, {"ask": np.nan, "bid": 90.0})), 0, 20)
