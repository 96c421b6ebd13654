"""What happened to an index of calls so far, made into a recorded run and judged by the same pure checks as an audit's runs."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

import msgspec
import numpy as np
from hypothesis import event

from indexlab.faults.spec import FaultSpec
from indexlab.index.determination import Determinations
from indexlab.market.quotes import Quotes
from indexlab.testing.calls import told

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from indexlab.market.source import Basket
    from indexlab.properties.property import Property
    from indexlab.properties.run import Run, Trace, Variation
    from indexlab.scenarios.expect import Expect
    from indexlab.testing.calls import MakeIndex, Observation

__all__ = ["JUDGED", "History"]

JUDGED: Final = (
    *("protocol", "hull", "quorum", "availability", "single-source", "isolation"),
    *("silent-source", "lagging-source", "late-data", "duplicates", "invalid-values"),
)
"""The properties that a history of calls is held to."""
_KINDS: Final = {"late": "late-data", "twice": "duplicates"}
_TOLD: Final = {"late-data": "hearing old observations late", "duplicates": "hearing an observation twice in a row"}


@dataclass(slots=True)
class History:
    """Messages in the order of their arrival, and what was published: times (microseconds), values (NaN: none), status codes.

    `fault` is what has been wrong with one source, and from when on; None where nothing has. `nothing` is how the index last said that it has no value.
    """

    make: MakeIndex
    basket: Basket
    expect: Expect
    sent: list[Observation] = field(default_factory=list)
    times: list[int] = field(default_factory=list)
    values: list[float] = field(default_factory=list)
    codes: list[int] = field(default_factory=list)
    fault: FaultSpec | None = None
    restarts: int = 0
    nothing: str = "None"

    def again(self) -> tuple[float, int]:
        """Return what a new index publishes last when it is told the same: value (NaN: none) and status code."""
        answer = told(self.make, self.basket, self.sent, self.times)
        return float(answer.value[-1]), int(answer.status[-1])

    def newest(self, source: int) -> int | None:
        """Return the newest event time of a source's valid observations, or None."""
        return max((each.event_time for each in self.sent if each.source == source and each.valid), default=None)

    def problem(self, properties: Sequence[Property]) -> str | None:
        """Return the first breach of any of these properties as text, or None."""
        run = self._run()
        for prop in properties:
            outcome = prop.check(run)
            if outcome.premise_met:
                event(f"{prop.id} was judged")
            if outcome.breach is not None:
                return self._in_words(prop, run)
        return None

    def _trace(self, kept: Sequence[Observation]) -> Trace:
        """Return what a new index publishes when it is told only these messages."""
        from indexlab.properties.run import Trace

        return Trace(self._quotes(kept), told(self.make, self.basket, kept, self.times), self.nothing)

    def _quotes(self, kept: Sequence[Observation]) -> Quotes:
        return Quotes.from_columns(
            receive_time=[each.receive_time for each in kept],
            event_time=[each.event_time for each in kept],
            source=[each.source for each in kept],
            price=np.array([np.nan if each.price is None else each.price for each in kept], dtype=np.float64),
            sources=len(self.basket),
        )

    def _run(self) -> Run:
        """Return the run so far: as it was, beside the same without the fault, without who was gone at last, without what came late or twice."""
        from indexlab.properties.run import Run, Trace, Twin
        from indexlab.scenarios.scenario import Batch, Scenario

        live = Trace(self._quotes(self.sent), Determinations(np.array(self.values), np.array(self.codes, dtype=np.int8)), self.nothing)
        touched = [each.receive_time for each in self.sent if each.price != each.truly]
        broken: list[tuple[FaultSpec, list[int]]] = [] if self.fault is None or not touched else [(self.fault, touched)]
        gone = self._gone()
        if gone:
            broken.append((FaultSpec("stop", gone, max(each.receive_time for each in self.sent if each.source in gone)), []))
        return Run(
            expect=self.expect,
            basket=self.basket,
            times=np.array(self.times, dtype=np.int64),
            uses=("price",),
            clean_trace=self._trace([each._replace(price=each.truly) for each in self.sent]) if touched else live,
            broken_traces=(live,) * len(broken),
            twins=tuple(Twin(frozenset(spec.sources), min(rows, default=None), max(rows, default=None), len(rows), (spec.fault,)) for spec, rows in broken),
            batch=Batch(Scenario(self.basket), tuple((spec,) for spec, _ in broken)),
            variations=tuple(self._variations([spec for spec, _ in broken])),
            numbers=tuple(range(len(broken))),
        )

    def _variations(self, broken: Sequence[FaultSpec]) -> Iterator[Variation]:
        from indexlab.properties.run import CLEAN, Variation

        for extra, kind in _KINDS.items():
            if any(each.extra == extra for each in self.sent):
                yield Variation(kind, 0 if broken else CLEAN, self._trace([each for each in self.sent if each.extra != extra]), _TOLD[kind])
        for twin, spec in enumerate(broken):
            faulty = frozenset(spec.sources)
            if spec.fault == "stop" or not all(each.valid for each in self.sent):
                yield Variation("absent", twin, self._trace([each for each in self.sent if each.source not in faulty]), sources=faulty)
            if spec.fault != "stop" and not all(each.valid for each in self.sent):
                yield Variation("removed", twin, self._trace([each for each in self.sent if each.valid]), sources=faulty)

    def _gone(self) -> tuple[int, ...]:
        """Return who has said nothing newer than «max_age» and the margin at the last publication, but has said something."""
        newest = {place: moment for place in range(len(self.basket)) if (moment := self.newest(place)) is not None}
        limit = self.times[-1] - self.expect.max_age - self.expect.age_margin
        return tuple(place for place, moment in newest.items() if moment <= limit)

    def _in_words(self, prop: Property, run: Run) -> str:
        from indexlab.audit.explain import told as told_finding
        from indexlab.audit.shrink import Shrunk
        from indexlab.audit.tally import Candidate
        from indexlab.report.text import finding_text

        outcome, scenario = prop.check(run), run.batch.base
        if outcome.breach is not None and outcome.breach.twin >= 0:
            scenario = msgspec.structs.replace(scenario, faults=run.batch.twins[outcome.breach.twin])
        size = len(self.basket), len(run.clean_trace.quotes), len(scenario.faults)
        candidate = Candidate(prop.id, "of calls", scenario, 0, retold=False)
        finding = told_finding(Shrunk(candidate, run, outcome, 0, reproduced=True, capped=False, before=size), prop, "index", "")
        return "\n" + finding_text(finding, again=[])
