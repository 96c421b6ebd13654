"""The example targets: right without a switch, to the textbook, and wrong with each defect where that defect bites."""

from __future__ import annotations

import json
import re
import shutil

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from indexlab.index.declaration import parse_declaration
from indexlab.index.determination import STATUSES
from indexlab.index.reference import determine
from indexlab.targets.process import ProcessTarget
from tests.targets.conversations import HERE, PATIENT, agreeing, planted, request

RULES = """
[staleness]
silence = "60s"
[outlier]
rule = "clamp"
band = "{band}"
[aggregation]
rule = "weighted-mean"
[quorum]
ok_from = 3
below = "halt"
"""
RIGHT = {
    "python": parse_declaration(RULES.format(band="1%"), file="python_index.toml"),
    "node": parse_declaration(RULES.format(band="0.5%"), file="node_index.toml"),
}
NODE = shutil.which("node")
LANGUAGES = ["python", pytest.param("node", marks=pytest.mark.skipif(NODE is None, reason="node is not on this machine"))]
SPREAD = [(0, s, 50_000.0 + 7 * s) for s in range(4)]
"""Four sources that do not quite agree, at the start."""
STREAM = [(t, s, 50_000.0 + t + 7 * s) for t in range(0, 130, 2) for s in range(4)]
MOVE = [(t, s, (50_000.0 if t < 10 else 30_000.0) + 7 * s) for t in range(0, 40, 2) for s in range(4)]
BITES = {
    "no-filter": [request([*SPREAD, (1, 3, 500_000.0)])],
    "no-staleness": [request([row for row in STREAM if row[1] < 3 or row[0] == 0], seconds=120)],
    "receive-clock": [request([(*row, row[0] - (90 if row[1] == 3 else 0)) for row in STREAM], seconds=120)],
    "late-replaces": [request([*SPREAD, (1, 3, 50_400.0, -30)])],
    "zero-accepted": [request([*SPREAD, (1, 3, 0.0)])],
    "quorum-ignored": [request(SPREAD[:2])],
    "order-dependent": [request(SPREAD)],
    "state-leak": [request([(5, s, 40_000.0) for s in range(4)], seconds=10), request(SPREAD)],
    "frozen": [request(MOVE, seconds=40)],
    "duplicate-counts": [request([*SPREAD, SPREAD[3]])],
}
"""Runs that a right index and the defect determine differently; negative event seconds lie before the start."""


def example(language, *defect):
    switch = ("--defect", *defect) if defect else ()
    return (
        planted("python_index.py", *switch) if language == "python" else ProcessTarget(" ".join([NODE, str(HERE / "node_index.js"), *switch]), limits=PATIENT)
    )


def is_right(language, asked, outcome):
    """Say whether an answer is the textbook's."""
    expected = determine(RIGHT[language], asked.basket, asked.quotes, asked.times)
    same_status = [STATUSES[code] for code in expected.status] == [STATUSES[code] for code in outcome.status]
    return same_status and np.allclose(expected.value, outcome.value, rtol=1e-12, atol=0, equal_nan=True)


@pytest.mark.parametrize("language", LANGUAGES)
def test_it_describes_itself_with_its_promise(language):
    with example(language) as target:
        told = target.describe()
    assert (told.name, told.version, told.provides, told.uses) == (f"{language}-index", "1.0.0", ("index",), ("price",))
    assert told.expect == {"max_age": "60s", "max_displacement": "1%", "min_sources": 3}


prices = st.sampled_from([float("nan"), 0.0, -1.0, 1e-9, 1e12]) | st.floats(45_000, 55_000) | st.floats(49_990, 50_010)
receives = st.integers(0, 100)
rows = st.tuples(receives, st.integers(0, 4), prices, st.sampled_from([0, 0, 0, 0.5, 1.0, 1.5, -30, -60, -90])).map(lambda row: (*row[:3], row[0] + row[3]))
runs = st.lists(rows, max_size=40).map(lambda drawn: request(sorted(drawn, key=lambda row: row[0]), seconds=110, n=5))


@pytest.fixture(scope="module", params=LANGUAGES)
def right(request):
    with example(request.param) as target:
        yield request.param, target


@settings(max_examples=150)
@given(asked=runs)
def test_the_right_index_is_the_textbook(right, asked):
    """One process determines every drawn run as the exact reference does: late, future, null, zero, negative and absurd observations among them."""
    language, target = right
    [outcome] = target.index([asked])
    assert is_right(language, asked, outcome)


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("defect", BITES)
def test_each_defect_bites_where_the_right_index_does_not(language, defect):
    with example(language) as target:
        assert all(is_right(language, asked, outcome) for asked, outcome in zip(BITES[defect], target.index(BITES[defect]), strict=True))
    with example(language, defect) as target:
        assert not is_right(language, BITES[defect][-1], target.index(BITES[defect])[-1])


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("defect", BITES)
def test_a_defect_leaves_the_quiet_market_alone(language, defect):
    """What is planted is one mistake: with equal prices and nothing broken each defect is the right index."""
    with example(language, defect) as target:
        [outcome] = target.index([agreeing(seconds=30)])
    assert is_right(language, agreeing(seconds=30), outcome)


def test_both_languages_plant_the_same_defects():
    for file in ("python_index.py", "node_index.js"):
        listed = re.findall(r"DEFECTS \+?= (\[.*?\])", (HERE / file).read_text())
        assert sorted(name for part in listed for name in json.loads(part)) == sorted(BITES)


@pytest.mark.parametrize("language", LANGUAGES)
def test_an_unknown_method_is_an_error_answer_and_an_unknown_defect_ends_the_start(language):
    with example(language, "nonsense") as target:
        outcome = target.index([agreeing()])[0]
    assert outcome.kind == "exited"
    assert "status 2" in outcome.detail
    assert "no-filter" in outcome.log
