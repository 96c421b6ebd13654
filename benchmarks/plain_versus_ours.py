"""Beside the plain baseline: twins judged a second, and which planted defects each kills in how long.

python -m benchmarks.plain_versus_ours [--seconds 30] [--defects LABEL ...] [--out FILE]

How it is kept fair
- Both ask the very same target objects, in this process, on one core, in turn. The plain test reaches them through an adapter, which costs it time that its own
  Python index would not: its clock therefore counts examples, at the rate that it reaches with its Python index (measured first), whichever is kinder to it.
- Its time ends at the first example that fails, without shrinking; ours at the first batch in which a property is broken, without shrinking too.
- Whatever is counted as a kill must be silent on the right index: each searches that one first, for as long. A property of ours that cries out
  there kills nothing afterwards, and is printed as a false alarm; an alarm of the plain test ends the run.
- Imports and compilation are outside of both clocks.
"""

from __future__ import annotations

import argparse
import json
import math
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from itertools import count
from pathlib import Path
from statistics import median
from time import perf_counter
from typing import TYPE_CHECKING

import numpy as np
from hypothesis import HealthCheck, Phase, given, seed, settings
from msgspec import structs
from rich.console import Console
from rich.table import Table

from benchmarks import plain_hypothesis as plain
from benchmarks.measured import machine
from indexlab.audit.judge import Judge
from indexlab.audit.plan import AuditPlan
from indexlab.audit.prepare import prepared
from indexlab.audit.work import close_targets, do_unit, judge_of
from indexlab.market.quotes import Quotes
from indexlab.market.source import Source
from indexlab.properties.registry import properties
from indexlab.scenarios import sweeps
from indexlab.scenarios.baskets import drawn_basket
from indexlab.scenarios.expect import Layer, promised
from indexlab.scenarios.grids import Point, factors, twin
from indexlab.scenarios.recipes import built_in
from indexlab.scenarios.scenario import Batch, Scenario
from indexlab.scenarios.shapes import market_for
from indexlab.targets.planted.catalogue import defects, label_of
from indexlab.targets.planted.defect import NONE
from indexlab.targets.resolve import open_target
from indexlab.targets.target import Request

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from hypothesis.strategies import SearchStrategy

    from indexlab.audit.prepare import Prepared
    from indexlab.audit.tally import Tally
    from indexlab.targets.target import Target

LATEST = Path(__file__).with_name("plain_versus_ours.json")
MICRO, START = 1_000_000, 1_600_000_000
LENGTH, SOURCES, TWINS = 60, 8, 256
SWEPT = 256
METHOD = "drop-mean"
"""The methodology that the plain test's own Python index follows: the mean without what is 5 % away from the median, 60 s, three sources."""
MARKETS = plain.markets()
TIMES_US = (np.array(plain.TIMES, dtype=np.int64) + START) * MICRO


class OutOfTime(BaseException):
    """The budget is spent: no failure that Hypothesis would tell."""


@dataclass(frozen=True)
class Searched:
    """What a search came to: seconds to the kill (None: none), twins judged, and seconds on the clock altogether."""

    killed: float | None
    twins: int
    seconds: float
    by: str = ""


def by_python(clean: list[plain.Quote], broken: list[plain.Quote], _: int, times: range = plain.TIMES) -> bool:
    """The plain test on its own Python index."""
    return plain.holds(plain.index(clean, times), plain.index(broken, times))


def by_target(target: Target):
    """The plain test on a target: lists of quotes become columns, determinations become values or None."""

    def request(quotes: list[plain.Quote], sources: int) -> Request:
        received, event, source, price = zip(*quotes, strict=True)
        columns = {"receive_time": (np.array(received) + START) * MICRO, "event_time": (np.array(event) + START) * MICRO, "source": source}
        prices = [math.nan if one is None else one for one in price]
        basket = tuple(Source(f"s{position}", f"v{position}") for position in range(sources))
        return Request(basket, Quotes.from_columns(**columns, price=prices), TIMES_US)

    def judged(clean: list[plain.Quote], broken: list[plain.Quote], sources: int) -> bool:
        answers = target.index([request(clean, sources), request(broken, sources)])
        values = [[None if missing or math.isnan(value) else float(value) for value, missing in zip(a.value, a.status >= 2, strict=True)] for a in answers]
        return plain.holds(*values)

    return judged


def plain_search(judged, seconds: float, markets: SearchStrategy = MARKETS, *, number: int = 0, most: float = math.inf) -> Searched:
    """Let Hypothesis draw until an example fails, or `seconds` or `most` examples are spent."""
    began, examples, failed = perf_counter(), count(1), []

    @seed(number)
    @settings(max_examples=10**9, database=None, deadline=None, phases=[Phase.generate], suppress_health_check=list(HealthCheck), report_multiple_bugs=False)
    @given(markets)
    def search(market: tuple[list[plain.Quote], list[plain.Quote], int]) -> None:
        search.examples = next(examples)
        if not failed and (search.examples > most or perf_counter() - began > seconds):
            raise OutOfTime
        if not judged(*market):
            failed.append((perf_counter() - began, search.examples))
            raise AssertionError

    search.examples = 0
    with suppress(AssertionError, OutOfTime):
        search()
    taken, twins = failed[0] if failed else (perf_counter() - began, search.examples)
    return Searched(taken if failed else None, twins, taken, "the bound" if failed else "")


def our_plan(label: str) -> AuditPlan:
    """The plan of `indexlab audit LABEL --profile ci`, in one process."""
    given_nothing = {"layers": (), "only": (), "skip": (), "fixtures": (), "sources": None, "folder": ""}
    return AuditPlan(targets=(label,), survey=False, profile="ci", seed=0, jobs=1, clock=perf_counter, stop=lambda: False, **given_nothing)


def our_parts(ready: Prepared) -> Iterator[Tally]:
    """An audit's batches in an audit's order: the built-in ones one by one, then sweeps and guided search as the units that they are."""
    judge = judge_of(ready.job)
    for number, batch in enumerate(built_in(ready.job.world, ready.job.seed)):
        yield judge.judge(batch, number, ready.job.seed)
    for unit in ready.units:
        if unit.kind != "built-in":
            yield do_unit(ready.job, unit)


def our_search(target: Target, seconds: float, *, passed_over: Collection[str] = ()) -> Searched:
    """Do what an audit does until a property is broken that is not waived (or `passed_over`)."""
    ready = prepared(our_plan(target.label), tuple(prop.id for prop in properties()), target.label)
    began, twins = perf_counter(), 0
    ignored = {*passed_over, *ready.job.expect.waive}
    for tally in our_parts(ready):
        twins += tally.scenarios
        broken = [name for name, counts in tally.properties.items() if counts.breached and name not in ignored]
        taken = perf_counter() - began
        if broken or taken > seconds:
            return Searched(taken if broken and taken <= seconds else None, twins, taken, ", ".join(broken if taken <= seconds else []))
    return Searched(None, twins, perf_counter() - began)


def alarms(right: Target, seconds: float) -> list[str]:
    """Return what of ours cries out at the right index, searched for `seconds`."""
    found: list[str] = []
    began = perf_counter()
    while (left := seconds - (perf_counter() - began)) > 0:
        searched = our_search(right, left, passed_over=found)
        if searched.killed is None:
            break
        found += searched.by.split(", ")
    return found


def rates(right: Target, seconds: float, passed_over: Collection[str]) -> dict[str, float]:
    """Twins judged a second on the right index, as each is written and on scenarios of one size (60 publications, 8 sources that speak once a second)."""
    mine, adapted, ours = plain_search(by_python, seconds), plain_search(by_target(right), seconds), our_search(right, seconds, passed_over=passed_over)
    if mine.killed is not None or adapted.killed is not None:
        message = f"the plain test cried out at the right index {right.label}"
        raise SystemExit(message)
    alike = plain_search(partial(by_python, times=range(LENGTH)), seconds, plain.markets(SOURCES, SOURCES, LENGTH, (1, 1)))
    return {
        "plain": mine.twins / mine.seconds,
        "plain_adapted": adapted.twins / adapted.seconds,
        "ours": ours.twins / ours.seconds,
        "plain_same_size": alike.twins / alike.seconds,
        "ours_same_size": our_rate(our_batches(right), seconds),
        "ours_same_assertion": our_rate(our_batches(right, ("single-source", "margin-stability"), SWEPT), seconds),
    }


def our_batches(right: Target, names: Collection[str] = (), twins: int = TWINS) -> Iterator[int]:
    """Judge batch after batch of `twins` value faults, each twin of 60 publications and 8 sources, with the rack of accounts; how many.

    By all properties, or by those named: a sweep of one market judges a thousand twins at once by what needs no other runs.
    """
    said = right.describe()
    expect = promised([Layer("its own", said.expect)], known_properties=[prop.id for prop in properties()])
    chosen = tuple(prop for prop in properties() if not names or prop.id in names)
    judge, basket = Judge(right, said, expect, chosen, SOURCES), drawn_basket(SOURCES, 1)
    for number in count():
        market = structs.replace(market_for(expect, "volatile", LENGTH, number), spacing=2 * expect.interval)  # about a quote a second and source
        if names:
            sizes, begin, end = factors(), LENGTH // 3 * market.interval, LENGTH * market.interval
            twin_faults = tuple(twin(Point(k % SOURCES, sizes[k % len(sizes)], begin, end), market.start) for k in range(twins))
        else:
            twin_faults = sweeps.values(twins, SOURCES, (market.start + LENGTH // 3 * market.interval, None), number)
        yield judge.judge(Batch(Scenario(sources=basket, market=market), twin_faults), number, 0).scenarios


def our_rate(batches: Iterator[int], seconds: float) -> float:
    """Twins judged a second."""
    began, twins, taken = perf_counter(), 0, 0.0
    for judged in batches:
        twins, taken = twins + judged, perf_counter() - began
        if taken > seconds:
            break
    return twins / taken


def compared(label: str, seconds: float, plain_rate: float, passed_over: Collection[str]) -> dict[str, object]:
    """Search one defect with both; the plain one has the examples that its Python index would manage in `seconds`."""
    with open_target(label) as target:
        theirs = plain_search(by_target(target), 10 * seconds, most=plain_rate * seconds)
        ours = our_search(target, seconds, passed_over=passed_over)
        close_targets()
    killed = None if theirs.killed is None else min(theirs.killed, theirs.twins / plain_rate)
    return {"defect": label, "plain": killed, "plain_examples": theirs.twins, "ours": ours.killed, "ours_twins": ours.twins, "by": ours.by}


def summary(rows: list[dict[str, object]], speed: dict[str, float], seconds: float) -> dict[str, object]:
    """The figures: how many each killed, and the median ratio of times where both did."""
    both = [row["plain"] / row["ours"] for row in rows if row["plain"] is not None and row["ours"] is not None]
    return {
        "machine": machine(),
        "seconds": seconds,
        "twins_a_second": {name: round(figure, 1) for name, figure in speed.items()},
        "twins_ratio": {
            "as_written": round(speed["ours"] / speed["plain"], 1),
            "same_size": round(speed["ours_same_size"] / speed["plain_same_size"], 1),
            "same_size_and_assertion": round(speed["ours_same_assertion"] / speed["plain_same_size"], 1),
        },
        "defects": len(rows),
        "killed": {name: sum(row[name] is not None for row in rows) for name in ("plain", "ours")},
        "killed_by_both": len(both),
        "median_time_ratio": round(median(both), 2) if both else None,
        "rows": rows,
    }


def shown(found: dict[str, object]) -> None:
    console, table = Console(width=140), Table("defect", "plain", "ours", "killed by")
    for row in found["rows"]:
        times = ["-" if row[name] is None else f"{row[name]:.3f} s" for name in ("plain", "ours")]
        table.add_row(row["defect"], *times, row["by"])
    console.print(table)
    console.print({name: value for name, value in found.items() if name not in {"rows", "machine"}})


def some_defects(how_many: int) -> list[str]:
    """Return labels of defects planted in METHOD, evenly spaced over the catalogue (which goes by the rule that is changed); none that is equivalent."""
    fitting = [defect.id for defect in defects() if METHOD in defect.methods and not defect.equivalent]
    places = np.unique(np.linspace(0, len(fitting) - 1, how_many).round().astype(int))
    return [label_of(fitting[place], METHOD) for place in places]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seconds", type=float, default=3.0, help="for each defect and each of the two (the figures of the note: 30)")
    parser.add_argument("--defects", nargs="*", help="labels of targets (default: a part of the catalogue of planted defects)")
    parser.add_argument("--most", type=int, default=25, help="how many defects of the catalogue, evenly spaced")
    parser.add_argument("--right", default=label_of(NONE, METHOD), help="the right index")
    parser.add_argument("--out", type=Path, default=LATEST)
    asked = parser.parse_args()
    with open_target(asked.right) as right:
        our_search(right, 0.0)  # loads and compiles
        plain_search(by_target(right), 0.5)
        false = alarms(right, asked.seconds)
        speed = rates(right, asked.seconds, false)
    rows = [compared(label, asked.seconds, speed["plain"], false) for label in asked.defects or some_defects(asked.most)]
    found = summary(rows, speed, asked.seconds) | {"false_alarms": false}
    asked.out.write_text(json.dumps(found, indent=1) + "\n")
    shown(found)


if __name__ == "__main__":
    main()
