"""`source-order`, `duplicates`, `late-data`, `scale`: the same run told differently gives the same index and the same statuses."""

import math
import statistics

import msgspec
import numpy as np
import pytest

from indexlab.audit.judge import Judge
from indexlab.index.determination import DEGRADED, HALTED, HELD, OK, Determinations
from indexlab.market.panel import sample
from indexlab.market.quotes import Quotes, invalid_price
from indexlab.properties.property import Occasion
from indexlab.properties.registry import find_property
from indexlab.properties.run import CLEAN
from indexlab.scenarios.scenario import Batch, QuoteColumns, Scenario
from indexlab.targets.target import Description
from tests.properties.recording import (
    EXPECT,
    Answering,
    answering,
    assert_broken,
    assert_holds,
    assert_unmet,
    at,
    basket,
    level,
    market,
    recorded,
    retold_otherwise,
    rewritten,
)

KINDS = ("source-order", "duplicates", "late-data", "scale")
RUN = recorded(level(1.5, 0), level(0.8, 3), retold=(CLEAN, 1))
every_kind = pytest.mark.parametrize("kind", KINDS)


def verdict(run, kind):
    return find_property(kind).check(run)


@every_kind
def test_a_right_target_holds_on_clean_and_broken_runs(kind):
    assert_holds(verdict(RUN, kind), met=2)


@every_kind
@pytest.mark.parametrize("twin", [CLEAN, 1])
def test_another_index_is_found_where_it_begins(kind, twin):
    assert_broken(verdict(retold_otherwise(RUN, kind, twin, [13, 40], factor=1 + 2e-5), kind), twin, 13)


@every_kind
def test_a_tenth_of_a_basis_point_is_the_same(kind):
    assert_holds(verdict(retold_otherwise(RUN, kind, 1, slice(None), factor=1 + 0.9e-5), kind), met=2)


@every_kind
def test_a_tick_is_the_same(kind):
    """At an index of 100 with a tick of 0.25; further away it is not."""
    ticked = recorded(quotes=market(lambda _, k: 1e5 + k), expect=msgspec.structs.replace(EXPECT, tick=0.25))
    assert_holds(verdict(retold_otherwise(ticked, kind, CLEAN, [9], factor=1 + 0.2 / 1e5), kind))
    assert_broken(verdict(retold_otherwise(ticked, kind, CLEAN, [9], factor=1 + 1.2 / 1e5), kind), CLEAN, 9)


@every_kind
@pytest.mark.parametrize("status", [DEGRADED, HELD, HALTED])
def test_another_status_is_found(kind, status):
    assert_broken(verdict(retold_otherwise(RUN, kind, 1, [22], status=status), kind), 1, 22)


@every_kind
def test_the_run_that_is_missing_a_value_may_be_either(kind):
    assert_broken(verdict(rewritten(RUN, CLEAN, [5], value=np.nan), kind), CLEAN, 5)
    both = retold_otherwise(rewritten(RUN, CLEAN, [5], value=np.nan), kind, CLEAN, [5], value=np.nan)
    assert_holds(verdict(both, kind), met=2)


def by_place_when_far_apart(prices):
    """Wrong: where prices are far apart, a source counts by its place in the list."""
    if max(prices.values()) < 1.2 * min(prices.values()):
        return statistics.median(prices.values())
    return sum((k + 1) * price for k, price in prices.items()) / sum(k + 1 for k in prices)


def test_a_target_to_which_the_order_of_the_list_means_something_is_found():
    """In the run with faults alone, from the publication on that has seen them."""
    twin = level(1.3, 0) + level(1.6, 1) + level(2.0, 2) + level(0.6, 3)
    run = recorded(twin, answer=answering(by_place_when_far_apart), retold=(CLEAN, 0))
    assert_broken(verdict(run, "source-order"), 0, 20)
    assert_holds(verdict(run, "duplicates"), met=2)


def by_messages(request):
    """Wrong: the mean of all messages of the last second, however often each was sent."""
    received, price = request.quotes.receive_time, request.quotes.price
    fresh = [price[(received > now - 10**6) & (received <= now)] for now in request.times]
    return Determinations(np.array([each.mean() for each in fresh]), np.zeros(len(fresh), dtype=np.int8))


def test_a_target_that_counts_messages_is_found():
    run = recorded(quotes=market(lambda _, k: 100.0 + 5 * k), answer=by_messages)
    outcome = verdict(run, "duplicates")
    assert outcome.breached == 1
    assert_holds(verdict(run, "source-order"))


def test_a_target_that_takes_the_last_received_is_found():
    run = recorded(answer=answering(clock="receive"))
    assert verdict(run, "late-data").breached == 1
    assert_holds(verdict(run, "duplicates"))


def test_a_target_that_rounds_to_a_currency_unit_is_found():
    run = recorded(quotes=market(lambda _, k: 1.017 + 0.0001 * k), answer=answering(lambda prices: round(statistics.median(prices.values()), 2)))
    assert_broken(verdict(run, "scale"), CLEAN, 0)


def test_no_verdict_without_an_occasion():
    alone = recorded(quotes=Quotes.from_columns(receive_time=[at(1)], source=[0], price=[1.0]), weights=[1.0])
    assert_unmet(verdict(alone, "source-order"))
    silent = recorded(quotes=Quotes.empty())
    for kind in ("duplicates", "late-data", "scale"):
        assert_unmet(verdict(silent, kind))
    coarse = recorded(expect=msgspec.structs.replace(EXPECT, tick=0.01))
    assert_unmet(verdict(coarse, "scale"))


def test_late_data_does_not_apply_where_the_last_received_counts():
    occasion = Occasion(msgspec.structs.replace(EXPECT, clock="receive"), ("price",), ("index",))
    assert 'clock = "receive"' in find_property("late-data").applies(occasion)
    for kind in ("source-order", "duplicates", "scale"):
        assert find_property(kind).applies(occasion) == ""
    assert find_property("late-data").applies(Occasion(EXPECT, ("price",), ("index",))) == ""
    assert not recorded(expect=occasion.expect).of_kind("late-data")


def test_the_variations_are_those_of_their_run():
    """The factor is a power of two from 2^-27 to 2^20, the order another one, late data older than what was known."""
    scaling = RUN.of_kind("scale")[0]
    factor = scaling.trace.quotes.price[0] / RUN.clean_trace.quotes.price[0]
    assert math.log2(factor) in set(range(-27, 21)) - {0}
    assert np.allclose(scaling.trace.value / RUN.clean_trace.value, factor)
    later = RUN.of_kind("late-data")[0].trace.quotes
    good = ~invalid_price(later.price)
    assert np.array_equal(sample(later, RUN.times, 5, good, "event").price, RUN.clean.price[0])


def tied(prices):
    """What hangs on a tie: of the two prices furthest from the median, equally far, the one listed first decides."""
    middle = statistics.median(prices.values())
    return prices[min(prices, key=lambda k: (-abs(prices[k] - middle), k))]


def judged(answer, quotes):
    target = Answering(answer)
    judge = Judge(target, Description("test"), EXPECT, (find_property("source-order"),))
    scenario = Scenario(sources=basket(*[1.0] * 5), quotes=QuoteColumns.of(quotes), times=tuple(at(second) for second in range(1, 6)))
    return judge.judge(Batch(scenario, ()), 0, 1).properties["source-order"]


def test_a_breach_that_hangs_on_a_tie_is_a_measure_and_no_finding():
    """It is gone when every price is moved by a relative 1e-9 of its own; one that does not hang on a tie stays."""
    quotes = market(lambda _, k: 100.0 + (k == 3) - (k == 1), seconds=5)
    tie = judged(answering(tied), quotes)
    assert (tie.breached, tie.ties, tie.candidates) == (0, 1, [])
    assert tie.premise_met == 1
    real = judged(answering(lambda prices: sum((k + 1) * price for k, price in prices.items()) / 15), quotes)
    assert (real.breached, real.ties, len(real.candidates)) == (1, 0, 1)


def test_ok_is_the_status_of_what_these_targets_publish():
    assert set(RUN.clean.status[0].tolist()) == {OK}
