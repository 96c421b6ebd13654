"""What is kept of a unit, merged into what came before it, gives what the unit itself would have given: to the bit, whatever the counts and floats."""

from __future__ import annotations

import copy
import dataclasses
import math

import msgspec
import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from indexlab.audit.coverage import Cell, CoverageTally
from indexlab.audit.estimate import EstimateTally
from indexlab.audit.events import Worst
from indexlab.audit.pieces import estimate_of, estimate_piece, finding_of, finding_piece, result_of, result_piece, tally_of, tally_piece
from indexlab.audit.tally import Candidate, PropertyTally, Tally
from indexlab.audit.work import ShrunkFinding
from indexlab.faults.spec import FaultSpec
from indexlab.market.source import Source
from indexlab.scenarios.scenario import QuoteColumns, Scenario
from tests.report.samples import finding, judged

NAMES = ("hull", "single-source", "protocol")
counts = st.integers(0, 2**53)
sizes = st.one_of(st.floats(0.0, allow_nan=False), st.just(math.inf), st.just(5e-324), st.just(0.1 + 0.2))
words = st.sampled_from(["", "no price", "late — «ü»"])
scenarios = st.builds(
    lambda price, fault: Scenario(
        sources=(Source("kraken", "kraken"),),
        quotes=QuoteColumns((1, 2), (1, 2), (0, 0), (price, None)),
        times=(3,),
        faults=(FaultSpec(fault=fault, sources=(0,), start=0, intensity=0.1 + 0.2),),
    ),
    st.floats(allow_nan=False, allow_infinity=False),
    st.sampled_from(["stop", "level", "lag"]),
)
candidates = st.builds(Candidate, st.just("?"), st.text("0123456789-", max_size=9), scenarios, st.integers(0, 2**64 - 1), st.booleans(), words)


@st.composite
def property_tallies(draw: st.DrawFn, name: str) -> PropertyTally:
    tally = PropertyTally(*(draw(counts) for _ in range(4)), unmet=draw(words), no_occasion=draw(words), errors=draw(words))
    if draw(st.booleans()):
        tally.worst = Worst(draw(sizes), "ratio", draw(words), fault=draw(words))
    for candidate in draw(st.lists(candidates, max_size=4)):
        tally.keep(dataclasses.replace(candidate, property=name))
    return tally


@st.composite
def coverages(draw: st.DrawFn) -> CoverageTally:
    names = tuple(draw(st.lists(st.sampled_from(NAMES), unique=True)))
    tally = CoverageTally(names)
    for key in draw(st.lists(st.tuples(st.sampled_from(["", "stop"]), st.sampled_from(["calm", "gap"])), unique=True)):
        rows = draw(st.lists(st.tuples(st.integers(0, 9), st.integers(0, 9), st.integers(0, 9)), min_size=len(names), max_size=len(names)))
        worst = [draw(sizes) for _ in names]
        tally.cells[key] = Cell(draw(st.integers(0, 99)), np.array(rows, dtype=np.int64).reshape(-1, 3), np.array(worst))
    for kind in draw(st.lists(st.sampled_from(["stop", "level"]), unique=True)):
        tally.effects[kind] = np.array([draw(counts) for _ in range(5)], dtype=np.int64)
    return tally


@st.composite
def tallies(draw: st.DrawFn) -> Tally:
    names = draw(st.lists(st.sampled_from(NAMES), unique=True))
    return Tally(
        properties={name: draw(property_tallies(name)) for name in names},
        scenarios=draw(counts),
        evaluations=draw(counts),
        by_fault=draw(st.dictionaries(st.sampled_from(["stop", "level", "lag + stop"]), sizes)),
        headroom=draw(sizes),
        missing=draw(counts),
        publications=draw(counts),
        notes=draw(st.lists(words.filter(bool), unique=True)),
        failed_faults=draw(st.lists(words.filter(bool), unique=True)),
        coverage=draw(coverages()),
        borders=draw(st.dictionaries(st.sampled_from(["late", "even"]), counts)),
        status_changes=draw(counts),
        second_failed=draw(words),
    )


def plain(value: object) -> object:
    """A value that `==` compares to the bit and in its order, whatever lies in it."""
    if isinstance(value, np.ndarray):
        return str(value.dtype), plain(value.tolist())
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return [(field.name, plain(getattr(value, field.name))) for field in dataclasses.fields(value)]
    if isinstance(value, dict):
        return [(key, plain(inner)) for key, inner in value.items()]
    if isinstance(value, list | tuple):
        return [plain(inner) for inner in value]
    return value.hex() if isinstance(value, float) else value


@given(st.lists(tallies(), max_size=4))
def test_tallies_that_were_kept_merge_into_what_they_would_have_merged_into(parts):
    true, kept = Tally(), Tally()
    for part in parts:
        piece = tally_piece(part, kept)
        true.merge(copy.deepcopy(part))
        kept.merge(tally_of(piece))
        assert plain(kept) == plain(true)


def test_no_count_is_forgotten():
    """A tally that gets a new field fails here until it is kept, and drawn above."""
    kept = {field.name for field in dataclasses.fields(Tally)}
    assert kept == {
        *("properties", "scenarios", "evaluations", "by_fault", "headroom", "missing", "publications", "notes", "failed_faults"),
        *("coverage", "borders", "status_changes", "second_failed"),
    }
    kept = {field.name for field in dataclasses.fields(PropertyTally)}
    # by_twin ends with its batch, independent is made of what is kept of the cases
    assert kept - {"by_twin", "independent"} == {"scenarios", "premise_met", "breached", "ties", "worst", "unmet", "no_occasion", "errors", "candidates"}
    assert {field.name for field in dataclasses.fields(EstimateTally)} == {"done", "counts", "candidates", "errors", "unrun"}
    assert {field.name for field in dataclasses.fields(Candidate)} == {"property", "scenario_id", "scenario", "setting_seed", "retold", "what", "said"}


@given(st.data())
def test_what_is_known_already_is_not_written_again(data):
    """A journal does not grow with every breach: only kinds of breach that are new, and a worst case that is worse, are in it."""
    part = data.draw(tallies())
    known = Tally()
    known.merge(copy.deepcopy(part))
    again = tally_of(tally_piece(part, known))
    assert not any(counts.candidates or counts.worst for counts in again.properties.values())
    assert not any((again.notes, again.failed_faults, again.by_fault))


strata = st.dictionaries(st.tuples(st.sampled_from(["stop", "lag"]), st.sampled_from(["calm", "gap"])), st.tuples(counts, counts))


@st.composite
def estimates(draw: st.DrawFn) -> EstimateTally:
    tally = EstimateTally(draw(counts), draw(st.dictionaries(st.sampled_from(NAMES), strata.filter(bool))), unrun=draw(words))
    tally.errors = draw(st.dictionaries(st.sampled_from(NAMES), words))
    for name in draw(st.lists(st.sampled_from(NAMES), unique=True)):
        tally.candidates[name] = [dataclasses.replace(draw(candidates), property=name)]
    return tally


@given(st.lists(estimates(), max_size=4))
def test_cases_that_were_kept_merge_into_what_they_would_have_merged_into(parts):
    true, kept = EstimateTally(), EstimateTally()
    for part in parts:
        piece = estimate_piece(part, kept)
        true.merge(copy.deepcopy(part))
        kept.merge(estimate_of(piece))
        assert plain(kept) == plain(true)


@given(scenarios)
def test_a_finding_is_what_it_was(scenario):
    made = ShrunkFinding(finding(), scenario)
    assert finding_of(finding_piece(made)) == made


@given(sizes, sizes)
def test_a_result_is_what_it_was(worst, moved):
    [result] = judged().targets
    first, *rest = result.properties
    first = msgspec.structs.replace(first, worst=Worst(worst, "ratio", "as large as that"))
    result = msgspec.structs.replace(result, properties=[first, *rest], measures={**result.measures, "worst_displacement_by_fault": {"level": moved}})
    assert result_of(result_piece(result)) == result
