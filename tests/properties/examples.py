"""A violation of each property, run: a target of a few lines that is wrong in one thing, and what it was given; `properties show` prints them."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

import msgspec
import numpy as np

from indexlab.audit.evaluate import Setting, evaluate
from indexlab.index.determination import HALTED, HELD, OK, Determinations
from indexlab.margin.account import Account
from indexlab.margin.case import MarginAnswer, MarginCase
from indexlab.margin.rules_file import venue
from indexlab.market.panel import sample
from indexlab.market.quotes import Quotes
from indexlab.market.times import time_text
from indexlab.market.units import SECOND
from indexlab.properties.run import CLEAN, MarginTalk
from indexlab.scenarios.scenario import Batch, QuoteColumns, Scenario
from tests.properties import funding_talks
from tests.properties.recording import EXPECT, Answering, answering, at, basket, broken, late, level, living, market, mean, median, recorded, weighing

STEADY = partial(market, lambda *_: 100.0)
"""Everybody says 100."""
LADDER = partial(market, lambda _, venue: 100.0 + 0.5 * venue)
"""a 100, b 100.5, c 101, d 101.5, e 102."""
STEP = partial(market, lambda second, _: 110.0 if second >= 40 else 100.0)
"""100, and from 12:00:40 on 110."""
WAVE = partial(market, lambda second, venue: 110.0 if second >= 40 + venue // 2 else 100.0)
"""The same, in three steps: a and b first, c and d a second later, e last."""
NORMAL = answering()
SWINGS = tuple(fault for start in range(20, 50, 4) for fault in level(1.08, 0, start=start, end=start + 2))
LOSS = broken("stop", 0, 1, 2, end=36)


def answers(value, status=None):
    """Return determinations: halted where there is no value, else ok, or what is given."""
    value = np.asarray(value, dtype=float)
    return Determinations(value, np.where(np.isnan(value), HALTED, OK).astype(np.int8) if status is None else status)


def negative(request):
    right = NORMAL(request)
    return answers(np.where(np.arange(len(right.value)) == 30, -1.0, right.value), right.status)


class Leaking:
    """Keeps the last index of a run as the first of the next."""

    def __init__(self):
        self.last = None

    def __call__(self, request):
        value = NORMAL(request).value.copy()
        if self.last is not None:
            value[0] = (value[0] + self.last) / 2
        self.last = value[-1] * 1.01
        return answers(value)


def mean_of_messages(request):
    quotes, values = request.quotes, []
    for now in request.times:
        recent = (quotes.receive_time <= now) & (quotes.receive_time > now - 2_000_000)
        values.append(quotes.price[recent].mean())
    return answers(values)


def unbroken_unless_equal(prices):
    return median(prices) if max(prices.values()) > min(prices.values()) else np.nan


def step_guard(request):
    value = NORMAL(request).value.copy()
    for t in range(1, len(value)):
        value[t] = min(max(value[t], value[t - 1] * 0.999), value[t - 1] * 1.001)
    return answers(value)


def extrapolating(request):
    value = NORMAL(request).value
    return answers(np.append(value[:1], 2 * value[1:] - value[:-1]))


def latching(request):
    out, values = set(), []
    for prices in living(request):
        middle = median(prices)
        out |= {k for k, price in prices.items() if abs(price / middle - 1) > 0.05}
        values.append(mean({k: price for k, price in prices.items() if k not in out}))
    return answers(values)


def dropping(prices):
    middle = median(prices)
    return mean({k: price for k, price in prices.items() if abs(price / middle - 1) <= 0.05})


def unguarded_at_first(request):
    value = NORMAL(request).value.copy()
    value[:3] = answering(mean)(request).value[:3]
    return answers(value)


def creeping(request):
    value, values = None, []
    for prices in living(request, max_age=10**12):
        value = median(prices) if value is None else value + 0.001 * (max(prices.values()) - value)
        values.append(value)
    return answers(values)


def stuck_when_lost(request):
    value = NORMAL(request).value
    return answers(np.where(np.logical_or.accumulate(np.isnan(value)), np.nan, value))


def thin_mean_called_held(request):
    return answers(answering(mean, least=1)(request).value, np.where(NORMAL(request).status == OK, OK, HELD).astype(np.int8))


def by_the_calendar(request):
    return answers(NORMAL(request).value * (1.0 + 1e-6 * (request.times // 86_400_000_000)))


def zero_is_one(request):
    weights = [source.weight or 1.0 for source in request.basket]
    return answers(
        [sum(weights[k] * price for k, price in prices.items()) / sum(weights[k] for k in prices) if prices else np.nan for prices in living(request)]
    )


def unsorted(prices, weights):
    """Pick where the cumulative weight reaches half, in the order of the list where prices are far apart."""
    order = prices if max(prices.values()) > 1.2 * min(prices.values()) else sorted(prices, key=prices.get)
    running = np.cumsum([weights[k] for k in order])
    return list(order)[int(np.argmax(running >= running[-1] / 2))]


def by_volume(request):
    quotes = request.quotes
    panel = sample(quotes, request.times, len(request.basket), np.ones(len(quotes), dtype=bool), "event")
    volume = panel.of_newest(quotes.volume)
    return answers(np.nansum(panel.price * volume, axis=1) / np.nansum(volume, axis=1))


def stops_on_null(request):
    nulls = request.quotes.receive_time[np.isnan(request.quotes.price)]
    return answers(np.where(np.searchsorted(nulls, request.times, side="right") > 0, np.nan, NORMAL(request).value))


def all_used(request):
    right = NORMAL(request)
    return replace(right, reason=np.zeros((len(right.value), len(request.basket)), dtype=np.int8)) if request.explain else right


def quoted_in(run, currency, *places):
    """Return the run with some sources quoting in a currency, and its faults called the loss of its peg."""
    sources = tuple(msgspec.structs.replace(source, quote=currency) if k in places else source for k, source in enumerate(run.basket))
    return replace(run, basket=sources, twins=tuple(replace(twin, faults=("depeg",)) for twin in run.twins))


def on_one_exchange(run, *places):
    """Return the run with some sources on one venue."""
    return replace(run, basket=tuple(msgspec.structs.replace(each, venue="kraken") if k in places else each for k, each in enumerate(run.basket)))


def an_hour():
    """Return the run of an hour and more, a publication a minute, in which a says 0.5 % too much from the 16th minute on."""
    minute, count = 60, 85
    said = [(at(minute * m + 0.1 * (k + 1)), k) for m in range(count) for k in range(5)]
    received = np.array([row[0] for row in said], dtype=np.int64)
    quotes = Quotes.from_columns(receive_time=received, event_time=received, source=[row[1] for row in said], price=np.full(len(said), 100.0))
    times = tuple(at(minute * m + 1) for m in range(count))
    span = minute * SECOND
    expect = msgspec.structs.replace(EXPECT, interval=span, max_age=5 * span, max_recovery=10 * span, max_tracking_lag=5 * span)
    scenario = Scenario(sources=basket(1, 1, 1, 1, 1), quotes=QuoteColumns.of(quotes), times=times)
    return evaluate(Answering(creeping), Batch(scenario, (level(1.005, 0, start=960),)), Setting(expect, ("price",), frozenset(), 1))


def margined_at_entry():
    """Return the run whose margin case has a long of one bitcoin, and the answer of an engine that takes the maintenance margin of the price at entry."""
    run = recorded(quotes=STEADY())
    held = Account("ann", 1.0, 50_000.0, 4_800.0)
    case = MarginCase(venue("binance-usdm"), (held,), (at(30),), {"BTC": (45_400.0,)}, {"BTCUSDT": (45_400.0,)})
    return replace(run, margin=(MarginTalk(CLEAN, case, MarginAnswer((("liquidation",),), ((1.0,),)), ours=False),))


FIVE = "five sources that say 100"
LADDER_TEXT = "a says 100, b 100.5, c 101, d 101.5, e 102"
EXAMPLES = {
    "protocol": (f"{FIVE}; the target publishes -1 once", lambda: recorded(answer=negative)),
    "determinism": (
        f"{FIVE}; the target begins a run with the last index of the run before",
        lambda: recorded(quotes=STEADY(), answer=Leaking(), needs=("repeat",)),
    ),
    "source-order": (
        f"{LADDER_TEXT}; the target takes the mean of the first three listed",
        lambda: recorded(quotes=LADDER(), answer=answering(lambda prices: mean({k: prices[k] for k in sorted(prices)[:3]}))),
    ),
    "duplicates": (f"{LADDER_TEXT}; the target takes the mean of all messages of two seconds", lambda: recorded(quotes=LADDER(), answer=mean_of_messages)),
    "late-data": (f"{FIVE}; the target takes the last received of each source", lambda: recorded(quotes=STEADY(), answer=answering(mean, clock="receive"))),
    "scale": (
        f"{LADDER_TEXT}; the target rounds to cents, whatever the price",
        lambda: recorded(quotes=LADDER(), answer=answering(lambda prices: round(mean(prices), 2) + 0.001)),
    ),
    "time-shift": (
        f"{FIVE}; the target adds a hundredth of a basis point for every day since 1970",
        lambda: recorded(quotes=STEADY(), answer=by_the_calendar),
    ),
    "weight-zero": (
        f"{LADDER_TEXT}; the target takes the weighted mean, and a weight of 0 for one that was not given, which is 1",
        lambda: recorded(quotes=LADDER(), weights=(0.9, 1.1, 1.0, 1.3, 0.8), answer=zero_is_one),
    ),
    "hull": (f"{FIVE}; the target adds a spread of 2 %", lambda: recorded(quotes=STEADY(), answer=answering(lambda prices: 1.02 * median(prices)))),
    "unanimity": (
        "a says 104 and four others 100; a stops at 12:00:20, and the target takes the mean with no limit of age",
        lambda: recorded(broken("stop", 0), quotes=market(lambda _, venue: 104.0 if venue == 0 else 100.0), answer=answering(mean, max_age=10**12)),
    ),
    "minority-weight": (
        f"{LADDER_TEXT}, by weights of 31, 20, 18, 16 and 15; b says 301.5 from 12:00:20 on, and the target does not sort",
        lambda: recorded(level(3.0, 1), quotes=LADDER(), weights=(31, 20, 18, 16, 15), answer=weighing(unsorted)),
    ),
    "invalid-values": (
        f"{FIVE}; a says 0 from 12:00:20 on, and the target takes the mean of all",
        lambda: recorded(broken("zero", 0), quotes=STEADY(), answer=answering(mean, accept=lambda price: price >= 0)),
    ),
    "future-time": (
        "a says 110 and four others 100; from 12:00:20 on a stamps a minute ahead, at 12:00:30 it stops, and the target takes a negative age for fresh",
        lambda: recorded(
            late(60, 0, fault="skew", end=30) + broken("stop", 0, start=30),
            quotes=market(lambda _, venue: 110.0 if venue == 0 else 100.0),
            answer=answering(mean, ahead=10**12),
        ),
    ),
    "silent-source": (
        f"{LADDER_TEXT}; a falls silent at 12:00:20, and the target takes the mean with no limit of age",
        lambda: recorded(broken("stop", 0), quotes=LADDER(), answer=answering(mean, max_age=10**12)),
    ),
    "lagging-source": (
        f"{LADDER_TEXT}; from 12:00:20 on a comes 15 s late, and the target's limit of 10 s counts from the receipt",
        lambda: recorded(late(15, 0), quotes=LADDER(), answer=answering(mean, clock="receive")),
    ),
    "single-source": (
        f"{FIVE}; a says 150 from 12:00:20 on, and the target takes the mean",
        lambda: recorded(level(1.5, 0), quotes=STEADY(), answer=answering(mean)),
    ),
    "volume-capture": (
        f"{FIVE}; from 12:00:20 on a reports a million times its volume and says 104, and the target weighs by volume",
        lambda: recorded(broken("wash", 0, intensity=0.5) + level(1.04, 0), quotes=STEADY(), answer=by_volume),
    ),
    "quote-depeg": (
        "five sources of which c quotes in USDT, taken as dollars; at 12:00:20 USDT loses its peg, and c says 110 for 100",
        lambda: quoted_in(recorded(level(1.1, 2), quotes=STEADY(), answer=answering(mean)), "USDT", 2),
    ),
    "common-mode": (
        "seven sources that say 100, a and b legs on one exchange; both say 110 from 12:00:20 on, and the target takes the mean",
        lambda: on_one_exchange(recorded(level(1.1, 0, 1), quotes=STEADY(venues=7), answer=answering(mean)), 0, 1),
    ),
    "isolation": (
        f"{FIVE}; a says null from 12:00:20 on, and the target then gives no index",
        lambda: recorded(broken("null", 0), quotes=STEADY(), answer=stops_on_null),
    ),
    "small-bias": (
        "five sources that say 100, an hour and more; a says 100.5, and the target goes a thousandth of the way to the highest price each minute",
        an_hour,
    ),
    "start-up": (
        f"{FIVE}; a says 150 from the first quote on, and the target filters from its fourth publication on",
        lambda: recorded(level(1.5, 0, start=0), quotes=STEADY(), answer=unguarded_at_first),
    ),
    "quorum": (f"{FIVE}, of which three stop at 12:00:20; the target counts nobody", lambda: recorded(LOSS, quotes=STEADY(), answer=answering(least=1))),
    "availability": (
        f"{FIVE}; the target's measure of spread divides by zero where all say the same",
        lambda: recorded(quotes=STEADY(), answer=answering(unbroken_unless_equal)),
    ),
    "responsiveness": (
        "five sources go from 100 to 110 at 12:00:40; the target moves by at most 0.1 % a publication",
        lambda: recorded(quotes=STEP(), answer=step_guard),
    ),
    "partial-move": (
        "a and b go from 100 to 110 at 12:00:40, c and d a second later, e last; the target extrapolates its last step",
        lambda: recorded(quotes=WAVE(), answer=extrapolating, expect=msgspec.structs.replace(EXPECT, max_lead=3_000_000)),
    ),
    "recovery": (
        f"{LADDER_TEXT}; a says half as much again from 12:00:20 to 12:00:25, and the target leaves it out for good",
        lambda: recorded(level(1.5, 0, end=25), quotes=LADDER(), answer=latching),
    ),
    "no-flapping": (
        f"{LADDER_TEXT}; a swings between 100 and 108, and the target drops who is 5 % from the median (max_flapping = 1 %)",
        lambda: recorded(SWINGS, quotes=LADDER(), answer=answering(dropping), expect=msgspec.structs.replace(EXPECT, max_flapping=0.01)),
    ),
    "explanation": (
        f"{LADDER_TEXT}; a stops at 12:00:20, and the target gives the reason used for every source",
        lambda: recorded(broken("stop", 0), quotes=LADDER(), answer=all_used, retold=(0,)),
    ),
    "agreement": (
        f"{LADDER_TEXT}; a stops at 12:00:20, and the target counts it for 20 s, where the written rules say 10 s",
        lambda: recorded(broken("stop", 0), quotes=LADDER(), answer=answering(mean, max_age=20 * SECOND), against=answering(mean)),
    ),
    "margin-stability": (
        f"{FIVE}; a says 110 from 12:00:20 on, and the target takes the mean",
        lambda: recorded(level(1.1, 0), quotes=STEADY(), answer=answering(mean)),
    ),
    "margin-recovery": (
        f"{FIVE}, of which three stop from 12:00:20 to 12:00:36; the target halts, and never starts again",
        lambda: recorded(LOSS, quotes=STEADY(), answer=stuck_when_lost),
    ),
    "margin-rules": (
        "ann is long one bitcoin at 50 000 with 4 800 as collateral; the mark is 45 400, and the target takes the maintenance margin at the entry price",
        margined_at_entry,
    ),
    "no-silent-freeze": (
        f"{LADDER_TEXT}; a, b and c stop at 12:00:20, and the target calls the mean of the other two held",
        lambda: recorded(LOSS, quotes=LADDER(), answer=thin_mean_called_held),
    ),
    "funding-bounds": (funding_talks.SETTING, funding_talks.example),
}


def told(setting, run, outcome):
    """Return an example as `properties show` prints it: what was given, what was seen, what is wrong with it, what was promised."""
    breach = outcome.breach
    return "\n".join([setting, f"{time_text(int(run.times[breach.at]))[11:19]}   {breach.seen}", breach.sentence, f"promised: {breach.promised}"])
