"""Estimates and coverage made by hand for the report's tests, put beside the audits of `samples`."""

from __future__ import annotations

import msgspec

from indexlab.audit.estimate import estimated
from indexlab.audit.events import Coverage, CoverageCell, Estimate, FaultEffect
from indexlab.audit.statistics import probability_sentence
from tests.report.samples import EVIL, finding, judged

STRATA = {(fault, regime): 0.25 for fault in ("level", "stop") for regime in ("calm", "gap")}
COUNTS = {
    "hull": dict.fromkeys(STRATA, (250, 0)),
    "single-source": {("level", "calm"): (240, 3), ("level", "gap"): (10, 0)},
}


def estimate(**changes):
    """Two properties that were met, one of which broke, and one that never was."""
    figures = estimated(COUNTS, ["hull", "single-source", "quorum"], STRATA)
    parts = {"planned": 1_000, "done": 1_000, "seed": 1, "family": 3, "sentence": probability_sentence(1), "properties": figures}
    parts["distribution"] = [("fault kind", "uniform over 2: level, stop"), ("regime", "uniform over 2: calm, gap")]
    return Estimate(**{**parts, **changes})


def coverage(**changes):
    """Two faults in two regimes; one of the four was never seen, one premise never met."""
    cells = [
        CoverageCell("", "calm", 12, [12, 0], [12, 0], [0, 0], [0.0, 0.0]),
        CoverageCell("", "gap", 3, [3, 0], [3, 0], [0, 0], [0.0, 0.0]),
        CoverageCell("level", "calm", 400, [0, 400], [0, 380], [0, 31], [0.0, 0.0131]),
        CoverageCell("level", "gap", 60, [0, 60], [0, 0], [0, 0], [0.0, 0.0]),
        CoverageCell("stop", "calm", 80, [0, 80], [0, 80], [0, 0], [0.0, 0.0004]),
    ]
    parts = {
        "expected": 6, "filled": 5, "faults": ["", "level", "stop"], "regimes": ["calm", "gap"], "properties": ["hull", "single-source"],
        "bears": {"": ["hull"], "level": ["single-source"], "stop": ["single-source"]}, "cells": cells,
        "effects": [FaultEffect("level", 500, 460, 9_120, 27_600, 1_204), FaultEffect("stop", 90, 80, 2_000, 4_800, 0)],
        "blanks": ["stop touched no quote in gap"],
    }  # fmt: skip
    return Coverage(**{**parts, **changes})


def told(*, required=False, **changes):
    """The judged audit of `samples` with both; `changes` are of its one target."""
    target = msgspec.structs.replace(judged().targets[0], **{"estimate": estimate(), "coverage": coverage(), **changes})
    return msgspec.structs.replace(judged(), targets=[target], require_coverage=required)


def held(*, required):
    """The same where nothing broke and everything was judged."""
    kept = [one for one in judged().targets[0].properties if one.verdict == "holds"]
    return told(required=required, properties=kept)


def several():
    """Three findings of one property, which differ in what happened."""
    found = [finding(id=f"f-{place}", sentence=f"What happened, in its way number {place}.", file=f"findings/f-{place}.json") for place in range(3)]
    changed = [msgspec.structs.replace(one, finding=found[0], findings=found) if one.id == "silent-source" else one for one in judged().targets[0].properties]
    return told(properties=changed)


def foreign():
    """Names of faults, regimes and properties that a third party chose badly."""
    cell = CoverageCell(EVIL, EVIL, 1, [1], [1], [0], [float("inf")])
    table = coverage(faults=["", EVIL], regimes=[EVIL], properties=[EVIL], bears={EVIL: [EVIL]}, cells=[cell], effects=[], blanks=[EVIL])
    figures = estimated({EVIL: {(EVIL, EVIL): (3, 1)}}, [EVIL], {(EVIL, EVIL): 1.0})
    return told(coverage=table, estimate=estimate(properties=figures, distribution=[(EVIL, EVIL)], stopped=EVIL))
