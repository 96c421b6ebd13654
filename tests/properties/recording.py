"""Runs recorded cheaply: five venues that speak once a second, targets of a few lines, and answers changed by hand.

Publication number p (from 0) is at second p + 1 and has seen what was said at second p: venue k speaks at second s + 0.1 (k + 1), 50 ms after its event.
The promise is short, so that a minute judges every limit: ages near the limit are 8 to 12 s.
"""

from __future__ import annotations

import statistics
from dataclasses import replace

import numpy as np

from indexlab.audit.evaluate import Setting, evaluate
from indexlab.audit.judge import USUAL_VENUE
from indexlab.audit.margin_talks import MarginSetting
from indexlab.faults.sizes import intensity_of_delay, intensity_of_factor
from indexlab.faults.spec import FaultSpec
from indexlab.index.determination import HALTED, OK, REASONS, Determinations
from indexlab.margin.rules_file import venue
from indexlab.market.quotes import MAX_AHEAD_US, Quotes
from indexlab.market.source import Source
from indexlab.market.times import parse_time
from indexlab.market.units import SECOND
from indexlab.properties.registry import properties
from indexlab.properties.run import CLEAN, Trace
from indexlab.scenarios.expect import Expect
from indexlab.scenarios.scenario import Batch, QuoteColumns, Scenario
from indexlab.targets.target import PRICE

START = parse_time("2024-03-05T12:00:00Z")
EXPECT = Expect(max_age=10 * SECOND, max_recovery=5 * SECOND, max_tracking_lag=2 * SECOND, max_lead=SECOND)
ALL_KINDS = frozenset(kind for prop in properties() for kind in prop.needs)


def at(second):
    """Return the time of a second of the recording, microseconds."""
    return START + round(second * SECOND)


def within_a_basis_point(_, venue):
    """A quiet market at 100: each venue keeps its own hair's breadth."""
    return 100.0 + 0.002 * venue


def market(price=within_a_basis_point, *, venues=5, seconds=60):
    """Return what was said: `price(second, venue)`, None where the venue says nothing in that second."""
    said = [(at(s + 0.1 * (k + 1)), k, price(s, k)) for s in range(seconds) for k in range(venues)]
    said = [row for row in said if row[2] is not None]
    received = np.array([row[0] for row in said], dtype=np.int64)
    return Quotes.from_columns(
        receive_time=received, event_time=received - 50_000, source=[row[1] for row in said], price=[row[2] for row in said], volume=np.ones(len(said))
    )


def basket(*weights):
    """Return as many sources as weights, named a, b, c, …"""
    return tuple(Source("abcdefgh"[k], f"venue {k}", weight=weight) for k, weight in enumerate(weights))


def broken(fault, *who, start=20.0, end=None, intensity=1.0, direction="up"):
    """Return the fault list of one twin; times in seconds."""
    return (FaultSpec(fault, who, at(start), None if end is None else at(end), intensity, direction),)


def level(factor, *who, start=20.0, end=None):
    """Return a twin in which prices are off by a factor."""
    return broken("level", *who, start=start, end=end, intensity=intensity_of_factor(factor), direction="up" if factor > 1 else "down")


def late(seconds, *who, start=20.0, end=None, fault="lag"):
    """Return a twin in which messages come late, or another fault that is measured in time is at work."""
    return broken(fault, *who, start=start, end=end, intensity=intensity_of_delay(seconds * SECOND))


class Answering:
    """A target made of a function from Request to Determinations (or a failure)."""

    kind = "in-process"

    def __init__(self, answer, label="test"):
        self.answer = answer
        self.label = label

    def index(self, requests):
        return [self.answer(request) for request in requests]


def median(prices):
    """Return the plain median of {venue: price}."""
    return statistics.median(prices.values())


def mean(prices):
    """Return the plain mean of {venue: price}."""
    return statistics.fmean(prices.values())


def living(request, *, max_age=EXPECT.max_age, clock="event", accept=lambda price: price > 0, excludes=False, ahead=MAX_AHEAD_US):
    """Give at each publication {source: price} of those that are live, in plain Python: the newest accepted price, stale beyond `max_age`.

    `excludes`: from an observation that is not accepted a venue is left out until its next one that is. `ahead`: how far an event time may lie ahead.
    """
    quotes, newest, out, row = request.quotes, {}, set(), 0
    received, event, source, price = (getattr(quotes, name).tolist() for name in ("receive_time", "event_time", "source", "price"))
    for now in request.times.tolist():
        while row < len(received) and received[row] <= now:
            stamp = event[row] if clock == "event" else received[row]
            if not accept(price[row]) or event[row] - received[row] > ahead:
                out.add(source[row])
            elif source[row] not in newest or stamp >= newest[source[row]][0]:
                newest[source[row]] = (stamp, price[row])
                out.discard(source[row])
            row += 1
        yield {k: told for k, (stamp, told) in newest.items() if now - stamp <= max_age and not (excludes and k in out)}


def answering(combine=median, *, least=3, **live):
    """Return a target's answer: what is made of the live prices (see `living`), halted below `least` of them."""

    def answer(request):
        value = np.array([combine(prices) if len(prices) >= least else np.nan for prices in living(request, **live)])
        return Determinations(value, np.where(np.isnan(value), HALTED, OK).astype(np.int8))

    return answer


def weighted_median(prices, weights):
    """Return the source at which the cumulative weight reaches half, by price."""
    half, running = sum(weights[k] for k in prices) / 2, 0.0
    for k in sorted(prices, key=prices.get):
        running += weights[k]
        if running >= half:
            return k
    raise AssertionError


def weighing(pick=weighted_median, *, least=3, **live):
    """Return the answer of a target that publishes the price of the source that `pick` takes, by the given weights (0 is absence), and explains it."""

    def answer(request):
        weights = [source.weight for source in request.basket]
        lives = [{k: price for k, price in prices.items() if weights[k] > 0} for prices in living(request, **live)]
        shape = (len(lives), len(weights))
        value, weight, used = np.full(shape[0], np.nan), np.zeros(shape), np.full(shape, np.nan)
        reason = np.full(shape, REASONS.index("stale"), dtype=np.int8)
        for row, prices in enumerate(lives):
            if len(prices) < least:
                continue
            taken = pick(prices, weights)
            value[row], weight[row, taken] = prices[taken], 1.0
            for k, price in prices.items():
                used[row, k], reason[row, k] = price, REASONS.index("used")
        status = np.where(np.isnan(value), HALTED, OK).astype(np.int8)
        reason[np.isnan(value)] = REASONS.index("absent")
        return Determinations(value, status, weight, used, reason) if request.explain else Determinations(value, status)

    return answer


def recorded(
    *twins,
    answer=None,
    quotes=None,
    weights=None,
    expect=EXPECT,
    needs=ALL_KINDS,
    retold=(CLEAN,),
    accounts=(),
    seconds=60,
    uses=PRICE,
    against=None,
    margin=False,
):
    """Return the run of a target over the market and its twins, with every variation that properties ask for; `against` is a second target's answer.

    `margin`: margin cases are asked beside it, of the clean run and the first twin.
    """
    told = market(seconds=seconds) if quotes is None else quotes
    venues = 1 + int(told.source.max(initial=4))
    times = tuple(at(second) for second in range(1, seconds + 1))
    second = None if against is None else Answering(against, "file:rules.toml")
    scenario = Scenario(sources=basket(*(weights or [1.0] * venues)), quotes=QuoteColumns.of(told), times=times, accounts=tuple(accounts))
    asked = MarginSetting(venue(USUAL_VENUE), 1, 0, theirs=False, cases=margin)
    return evaluate(Answering(answer or answering()), Batch(scenario, twins), Setting(expect, uses, frozenset(needs), 1, retold, margin=asked), second)


def rewritten(run, twin, publications, *, value=None, factor=None, status=None):
    """Return the run with a twin's answer (-1: the clean one's) changed at some publications (a number, or several)."""
    changed = _changed(run.trace(twin), publications, value, factor, status)
    if twin == CLEAN:
        return replace(run, clean_trace=changed)
    return replace(run, broken_traces=tuple(changed if number == twin else trace for number, trace in enumerate(run.broken_traces)))


def retold_otherwise(run, kind, twin, publications, *, value=None, factor=None, status=None):
    """Return the run with the answer of one variation of a twin changed at some publications."""
    return replace(
        run,
        variations=tuple(
            replace(each, trace=_changed(each.trace, publications, value, factor, status)) if (each.kind, each.twin) == (kind, twin) else each
            for each in run.variations
        ),
    )


def _changed(trace, publications, value, factor, status):
    values, statuses = trace.answer.value.copy(), trace.answer.status.copy()
    if factor is not None:
        values[publications] *= factor
    if value is not None:
        values[publications] = value
    if status is not None:
        statuses[publications] = status
        if status == HALTED:
            values[publications] = np.nan
    return Trace(trace.quotes, Determinations(values, statuses))


def trace_of(run, kind, twin):
    """Return the answer to one variation."""
    return next(each.trace for each in run.variations if (each.kind, each.twin) == (kind, twin))


def assert_holds(outcome, *, met=1):
    """The premise was met that often, and nothing was found."""
    assert (outcome.premise_met, outcome.breached, outcome.breach) == (met, 0, None)
    assert outcome.worst is not None


def assert_broken(outcome, twin, publication, *, breached=1):
    """Broken in that many runs, with this witness, told in one line."""
    assert outcome.breach is not None, "nothing was found"
    assert (outcome.breach.twin, outcome.breach.at) == (twin, publication)
    assert outcome.breached == breached <= outcome.premise_met
    for text in (outcome.breach.sentence, outcome.breach.promised, outcome.breach.seen):
        assert text
        assert "\n" not in text


def assert_unmet(outcome):
    """No verdict: the premise was never met, and the reason is said."""
    assert (outcome.premise_met, outcome.breached, outcome.breach) == (0, 0, None)
    assert outcome.unmet
