"""`agreement`: two targets that are asked the same give the same index and the same status, wherever both answered."""

from dataclasses import replace

import msgspec
import numpy as np
import pytest

from indexlab.index.determination import DEGRADED, HALTED, HELD, OK, Determinations
from indexlab.market.errors import TargetFailure
from indexlab.properties.agreement import PROPERTY
from indexlab.properties.property import Occasion
from indexlab.properties.run import CLEAN
from tests.properties.recording import EXPECT, answering, assert_broken, assert_holds, assert_unmet, broken, level, market, mean, recorded, rewritten

APART = market(lambda _, k: 100.0 + 0.5 * k)
TWINS = (level(1.5, 0), broken("stop", 1), level(1.2, 2, start=40))
RUN = recorded(*TWINS, quotes=APART, answer=answering(), against=answering())


def expecting(run, **changes):
    """The same run held to another promise."""
    return replace(run, expect=msgspec.structs.replace(run.expect, **changes))


def test_the_same_rules_agree_on_every_run():
    assert_holds(PROPERTY.check(RUN), met=4)


@pytest.mark.parametrize("twin", [CLEAN, 0, 1, 2])
def test_another_value_is_found_in_any_run_at_its_first_publication(twin):
    outcome = PROPERTY.check(rewritten(RUN, twin, [33, 40], factor=1.0001))
    assert_broken(outcome, twin, 33)
    assert outcome.breach.what.startswith("moved-")
    assert outcome.breach.reference == "rules.toml"
    assert outcome.breach.size == pytest.approx(1e-4)
    assert outcome.worst.text == "1.000 bp apart"


@pytest.mark.parametrize(("apart", "found"), [(0.9e-5, False), (1.1e-5, True), (-0.9e-5, False), (-1.1e-5, True)])
def test_it_may_be_a_tenth_of_a_basis_point(apart, found):
    assert (PROPERTY.check(rewritten(RUN, 0, [33], factor=1 + apart)).breach is not None) == found


@pytest.mark.parametrize(
    ("changes", "found"), [({}, True), ({"max_disagreement": 0.001}, False), ({"tick": 0.1}, False), ({"max_disagreement": 0.0, "tick": 0.01}, True)]
)
def test_the_tolerance_is_the_plan_s_and_one_tick(changes, found):
    outcome = PROPERTY.check(expecting(rewritten(RUN, CLEAN, [33], factor=1.0005), **changes))
    assert (outcome.breach is not None) == found


@pytest.mark.parametrize(("status", "other", "what"), [(OK, DEGRADED, "status"), (HELD, HALTED, "status"), (OK, HELD, "lost"), (HALTED, DEGRADED, "appeared")])
def test_the_status_must_be_the_same_and_a_value_to_act_on_be_there_or_not(status, other, what):
    """The second one's status is changed where the first one's is given: whose value is gone says what happened."""
    run = rewritten(RUN, CLEAN, [33], status=other)
    theirs = rewritten(RUN, CLEAN, [33], status=status).clean_trace
    run = replace(run, against=replace(run.against, clean_trace=theirs))
    assert_broken(PROPERTY.check(run), CLEAN, 33)
    assert PROPERTY.check(run).breach.what.partition("-")[0] == what
    loose = PROPERTY.check(expecting(run, same_status=False))
    assert (loose.breach is None) == (what == "status")


def test_an_earlier_value_published_again_must_be_the_same_one():
    held = rewritten(RUN, CLEAN, [33], status=HELD)
    run = replace(held, against=replace(held.against, clean_trace=held.clean_trace))
    assert_holds(PROPERTY.check(run), met=4)
    assert_broken(PROPERTY.check(rewritten(run, CLEAN, [33], factor=1.01)), CLEAN, 33)


def test_held_without_a_number_is_no_other_value_than_held_with_one():
    held = rewritten(RUN, CLEAN, [33], status=HELD)
    run = replace(held, against=replace(held.against, clean_trace=rewritten(held, CLEAN, [33], value=np.nan).clean_trace))
    assert_holds(PROPERTY.check(run), met=4)


def test_what_a_broken_run_shares_with_the_clean_one_is_told_of_the_clean_one():
    run = rewritten(RUN, CLEAN, slice(30, None), factor=1.01)
    for twin in (0, 1):
        run = rewritten(run, twin, slice(30, None), factor=1.02)
    run = rewritten(run, 2, slice(10, 20), factor=1.01)
    outcome = PROPERTY.check(run)
    assert_broken(outcome, CLEAN, 30, breached=4)
    assert outcome.by_twin.broken.tolist() == [True, True, True]
    assert outcome.by_twin.what == ("", "", "moved-far")


@pytest.mark.parametrize(
    ("twins", "quotes", "what"),
    [
        ((level(1.0, 0),), market(), "moved"),
        ((level(1.0, 0),), APART, "moved-far"),
        ((broken("stop", 1),), market(), "moved-stale"),
        ((broken("stop", 1, 2, 3),), market(), "moved-few-stale"),
        ((broken("null", 1),), market(), "moved-stale-invalid"),
        ((level(1.5, 0) + broken("stop", 1),), market(), "moved-stale-far"),
    ],
)
def test_the_circumstances_are_those_of_the_first_publication_where_they_part(twins, quotes, what):
    run = recorded(*twins, quotes=quotes, answer=answering(least=1), against=answering(least=1))
    assert PROPERTY.check(rewritten(run, 0, slice(50, None), factor=1.01)).breach.what == what


def failing(request):
    """Fail on every run in which c says more than 110, and answer the others."""
    return TargetFailure("misfit", "no such price") if float(np.nanmax(request.quotes.price)) > 110 else answering()(request)


def test_where_the_second_one_failed_nobody_is_judged_and_the_verdict_is_open():
    run = recorded(*TWINS, quotes=APART, answer=answering(), against=failing)
    outcome = PROPERTY.check(run)
    assert_holds(outcome, met=2)
    assert "file:rules.toml failed: no such price" in outcome.undecided
    assert outcome.by_twin.met.tolist() == [False, True, False]
    assert PROPERTY.check(rewritten(run, 0, [33], factor=2.0)).breach is None
    assert_broken(PROPERTY.check(rewritten(run, 1, [33], factor=2.0)), 1, 33)


def test_where_the_second_one_failed_on_the_clean_run_the_broken_ones_are_judged():
    run = recorded(*TWINS, quotes=APART, answer=answering(), against=answering())
    run = replace(run, against=replace(run.against, clean_trace=None, failures=(TargetFailure("exit", "it is gone"),)))
    assert PROPERTY.check(run).premise_met == 3
    assert_broken(PROPERTY.check(rewritten(run, 1, [33], factor=2.0)), 1, 33)


def test_one_that_always_fails_leaves_it_open():
    outcome = PROPERTY.check(recorded(quotes=APART, answer=answering(), against=lambda _: TargetFailure("timeout", "no answer")))
    assert_unmet(outcome)
    assert "no answer" in outcome.unmet


@pytest.mark.parametrize(
    ("label", "head"),
    [
        ("file:/somewhere/else/rules.toml", "rules.toml"),
        ("preset:okx-2018@reference", "okx-2018@reference"),
        ("exec:/usr/bin/python3.11 -S ./index.py --stdio", "index.py"),
        ("exec:./acme-index --stdio", "acme-index"),
        ("https://user@index.example:8080/v1/", "index.example:8080"),
        ("python:acme.index:INDEX", "acme.index:INDEX"),
        ("exec:", "exec:"),
    ],
)
def test_the_second_one_has_a_short_name_in_the_table(label, head):
    run = rewritten(RUN, CLEAN, [33], factor=1.01)
    assert PROPERTY.check(replace(run, against=replace(run.against, label=label))).breach.reference == head


def test_without_a_second_one_there_is_nothing_to_judge():
    assert_unmet(PROPERTY.check(recorded(quotes=APART, answer=answering())))
    assert PROPERTY.applies(Occasion(EXPECT, ("price",), ("index",))) == "no --against"
    assert PROPERTY.applies(Occasion(EXPECT, ("price",), ("index",), against="preset:plain-mean")) == ""


def test_another_rule_is_found_where_it_takes_hold():
    """A mean is a median until somebody is off."""
    outcome = PROPERTY.check(recorded(*TWINS, quotes=APART, answer=answering(mean), against=answering()))
    assert outcome.breached == 3
    assert outcome.breach.twin == 0
    assert "the target gives another index than rules.toml" in outcome.breach.sentence


def test_numbers_beyond_all_bounds_are_compared_without_a_word():
    def huge(request):
        value = np.full(len(request.times), 1e308)
        return Determinations(value, np.zeros(len(value), dtype=np.int8))

    outcome = PROPERTY.check(recorded(quotes=APART, answer=huge, against=answering(lambda _: 1e-308)))
    assert outcome.breach is not None
    assert "without bound" in outcome.worst.text
