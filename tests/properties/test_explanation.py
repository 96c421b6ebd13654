"""`explanation`: weights and prices add up to the index, no reason contradicts the run, and an explained answer is the answer."""

from dataclasses import replace

import numpy as np
import pytest

from indexlab.index.determination import DEGRADED, HALTED, REASONS, Determinations
from indexlab.properties.explanation import PROPERTY
from indexlab.properties.run import CLEAN, Trace
from tests.properties.recording import answering, assert_broken, assert_holds, assert_unmet, broken, level, market, recorded, retold_otherwise, weighing

APART = market(lambda _, k: 100.0 + 0.5 * k)
RUN = recorded(level(1.5, 0), broken("stop", 1), quotes=APART, answer=weighing(), retold=(CLEAN, 1))


def told_otherwise(run, twin, publication, **columns):
    """Return the run with cells of the explained answer changed: weight=(source, value), used=…, reason=(source, name)."""

    def changed(answer):
        parts = {"weight": answer.weight.copy(), "used": answer.used.copy(), "reason": answer.reason.copy()}
        for name, (source, value) in columns.items():
            parts[name][publication, source] = REASONS.index(value) if name == "reason" else value
        return replace(answer, **parts)

    return replace(
        run,
        variations=tuple(
            replace(each, trace=Trace(each.trace.quotes, changed(each.trace.answer))) if (each.kind, each.twin) == ("explained", twin) else each
            for each in run.variations
        ),
    )


def test_a_right_target_holds_on_clean_and_broken_runs():
    assert_holds(PROPERTY.check(RUN), met=2)


@pytest.mark.parametrize("twin", [CLEAN, 1])
def test_weights_that_do_not_add_up_are_found(twin):
    """From 33 on: until five seconds later the index could be on its way, as by a step guard."""
    outcome = PROPERTY.check(told_otherwise(RUN, twin, slice(33, None), weight=(4, 0.5)))
    assert_broken(outcome, twin, 38)
    assert outcome.breach.what == "sum"
    assert "add up" in outcome.breach.sentence


def test_a_source_without_weight_counts_nothing_whatever_its_price():
    assert_holds(PROPERTY.check(told_otherwise(RUN, CLEAN, 33, used=(4, np.nan))), met=2)
    taken = int(np.argmax(next(each for each in RUN.of_kind("explained")).trace.answer.weight[33]))
    assert_broken(PROPERTY.check(told_otherwise(RUN, CLEAN, 33, used=(taken, np.nan))), CLEAN, 33)


def test_only_what_is_ok_must_add_up():
    """Status by hand in both answers: degraded is by a rule of its own."""
    run = told_otherwise(RUN, CLEAN, slice(33, None), weight=(4, 0.5))
    status = run.clean_trace.status.copy()
    status[33:] = DEGRADED
    quiet = retold_otherwise(run, "explained", CLEAN, [0], factor=1.0)
    variations = tuple(
        replace(each, trace=Trace(each.trace.quotes, replace(told.trace.answer, status=status))) if (each.kind, each.twin) == ("explained", CLEAN) else each
        for each, told in zip(quiet.variations, run.variations, strict=True)
    )
    degraded = replace(run, clean_trace=Trace(run.clean_trace.quotes, replace(run.clean_trace.answer, status=status)), variations=variations)
    assert_holds(PROPERTY.check(degraded), met=2)


# ------------------------------------------------------------------------------------------------------------- reasons


@pytest.mark.parametrize("reason", ["used", "clamped"])
def test_a_source_that_is_not_live_is_neither_used_nor_clamped(reason):
    """Source 1 is silent from 20 s on in twin 1: 11.8 s old at publication 30 (not judged), dead from publication 31 on."""
    outcome = PROPERTY.check(told_otherwise(RUN, 1, 40, reason=(1, reason)))
    assert_broken(outcome, 1, 40)
    assert f'"{reason}"' in outcome.breach.sentence
    assert_holds(PROPERTY.check(told_otherwise(RUN, 1, 29, reason=(1, reason))), met=2)
    assert_holds(PROPERTY.check(told_otherwise(RUN, CLEAN, 40, reason=(1, reason))), met=2)


def test_a_source_that_is_live_is_not_stale():
    outcome = PROPERTY.check(told_otherwise(RUN, CLEAN, 40, reason=(3, "stale")))
    assert_broken(outcome, CLEAN, 40)
    assert "d is" in outcome.breach.sentence
    assert "it is live" in outcome.breach.sentence


@pytest.mark.parametrize("reason", ["invalid", "cooling", "absent", "outlier"])
def test_other_reasons_are_the_target_s_own(reason):
    assert_holds(PROPERTY.check(told_otherwise(RUN, CLEAN, 40, reason=(4, reason))), met=2)


def test_a_source_at_the_index_is_no_outlier():
    """Source 2 is the median of 100, 100.5, 101, 101.5 and 102."""
    outcome = PROPERTY.check(told_otherwise(RUN, CLEAN, 40, reason=(2, "outlier")))
    assert_broken(outcome, CLEAN, 40)
    assert "within 1 bp" in outcome.breach.sentence


# ------------------------------------------------------------------------------------------------------------- the answer itself


@pytest.mark.parametrize(("change", "what"), [({"factor": 1.001}, "moved"), ({"status": HALTED}, "lost"), ({"status": DEGRADED}, "status")])
def test_another_answer_when_explained_is_found(change, what):
    plain = recorded(quotes=APART, answer=weighing())
    value, status = plain.clean_trace.value.copy(), plain.clean_trace.status.copy()
    value[17] *= change.get("factor", 1.0)
    status[17] = change.get("status", status[17])
    value[17] = np.nan if status[17] == HALTED else value[17]
    variations = tuple(
        replace(each, trace=Trace(each.trace.quotes, replace(each.trace.answer, value=value, status=status))) if each.kind == "explained" else each
        for each in plain.variations
    )
    outcome = PROPERTY.check(replace(plain, variations=variations))
    assert_broken(outcome, CLEAN, 17)
    assert outcome.breach.what == f"explained-{what}"


def test_a_target_that_explains_nothing_has_no_occasion():
    outcome = PROPERTY.check(recorded(quotes=APART, answer=answering()))
    assert_unmet(outcome)
    assert "no weights" in outcome.no_occasion


def test_reasons_alone_are_judged_too():
    def answer(request):
        told = weighing()(request)
        return Determinations(told.value, told.status, reason=told.reason)

    run = recorded(quotes=APART, answer=answer)
    assert_holds(PROPERTY.check(run))
