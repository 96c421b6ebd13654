"""Every case that somebody published for the rules of an index, through the engine and the textbook; what cannot be met is excepted by name and reason."""

from __future__ import annotations

from pathlib import Path

import pytest

from indexlab.index.catalogue import preset_names
from tests.conformance import connect_cases, other_cases, pyth_cases, venue_cases
from tests.conformance.page_cases import ABSENT, IS_HERE, VECTORS, examples, listed, table, vectors

FAMILIES = (*venue_cases.FAMILIES, *connect_cases.FAMILIES, *other_cases.FAMILIES, *pyth_cases.FAMILIES)
CASES = [pytest.param(family, name, id=f"{family.rule}: {name}") for family in FAMILIES for name in family.cases]
PAGE = Path(__file__).resolve().parents[2] / "docs" / "conformance.md"
needs_cases = pytest.mark.skipif(not IS_HERE, reason=ABSENT)


@pytest.mark.parametrize(("family", "name"), CASES)
def test_a_case_is_met_or_excepted(family, name):
    """An exception that is met is none any more."""
    problem = family.problem(name)
    if name in family.excepted:
        assert problem is not None, "this case is met, and still excepted"
    else:
        assert problem is None, problem


@needs_cases
def test_no_case_of_any_file_is_left_out():
    met = {(family, name) for family in FAMILIES for name in family.cases if name not in family.excepted}
    excepted = {(family, name) for family in FAMILIES for name in family.excepted}
    assert not met & excepted
    names = sorted(name for _, name in met | excepted)
    files = [path.name for path in VECTORS.glob("*.json") if not path.name.startswith("margin_")]
    several = {name: len(one["in"]) for name, one in examples().items() if isinstance(one.get("in"), list) and isinstance(one["out"], list)}
    singles = [name for name in examples() if name not in several and name != "pyth-doc-illustration"]
    expected = [case["name"] for file in files for case in vectors(file)["cases"]]
    expected += singles + [f"{name}/{number + 1}" for name, count in several.items() for number in range(count)]
    expected += ["pyth-doc-illustration/docs", "pyth-doc-illustration/algorithm"]
    expected += [clock for clock, _, _ in venue_cases.TABLE]
    assert names == sorted(expected)


@needs_cases
def test_what_is_excepted_or_met_loosely_is_a_case():
    for family in FAMILIES:
        assert {*family.excepted, *family.loose} <= set(family.cases), family.rule
        assert not {*family.excepted} & {*family.loose}


def test_the_presets_of_the_page_exist():
    named = {name.split()[0] for family in FAMILIES for name in family.preset.split(", ")}
    assert named - {"in", "none", "with"} <= set(preset_names())


@needs_cases
def test_a_value_that_is_not_above_zero_is_no_value():
    """What is excepted for that reason is met where nothing is expected instead."""
    for family in FAMILIES:
        for name, reason in family.excepted.items():
            if reason == pyth_cases.NOT_POSITIVE:
                family.check(expecting_nothing(family.cases[name]))


def expecting_nothing(case):
    if "q" in case:
        return {**case, "out": [0, 0, "unknown"]}
    if "out" in case:
        return {**case, "out": None}
    is_pyth = isinstance(case["expected"], dict)
    return {**case, "expected": {**case["expected"], "status": "unknown"} if is_pyth else None}


@needs_cases
def test_but_for_the_confidence_of_a_held_value_pyth_s_excepted_steps_are_met():
    step = vectors("pyth_upd_aggregate_stateful.json")["cases"][9]
    pyth_cases.check_step({**step, "expected": {key: expected for key, expected in step["expected"].items() if key != "conf"}})
    example = examples()["pyth-stale-2"]
    pyth_cases.check_stale({**example, "out": {key: expected for key, expected in example["out"].items() if key != "conf_kept"}})


@needs_cases
def test_ojo_s_excepted_means_are_what_its_code_weighs():
    """The reason that is given for them is the whole reason."""
    for case in vectors("ojo_price_feeder.json")["cases"]:
        if case["name"] in other_cases.WEIGHED_OTHERWISE:
            candles = [said["ATOM"][0] for said in case["inputs"].values() if said["ATOM"][0]["age_s"] < 600]
            weights = [float(candle["volume"]) * 0.16 / candle["age_s"] for candle in candles]
            mean = sum(float(candle["price"]) * weight for candle, weight in zip(candles, weights, strict=True)) / sum(weights)
            assert mean == pytest.approx(float(case["expected"]["ATOM"]), rel=1e-12)


@needs_cases
def test_the_page_says_what_is_run():
    """The rows and lists of its first half are these, no more and no fewer: where this fails, the lines below are what it should say."""
    lines = PAGE.read_text().partition("\n## Margin\n")[0].splitlines()
    rows = table(FAMILIES)
    numbers = [[int(cell) for cell in row.split("|")[-4:-1]] for row in rows]
    total = f"| all | | | {' | '.join(str(sum(column)) for column in zip(*numbers, strict=True))} |"
    assert [line for line in lines if line.startswith("| ")][1:] == [*rows, total]
    assert [line for line in lines if line.startswith("- ")] == [*listed(FAMILIES, "excepted"), *listed(FAMILIES, "loose")]
