"""`indexlab power` at the command line: what is measured is shown and written, and what was asked wrongly is one line."""

import json

import pytest

from tests.cli.commands import ran


@pytest.fixture(scope="module")
def measured(tmp_path_factory):
    folder = tmp_path_factory.mktemp("power") / "out"
    return ran("power", "--only", "null-as-zero", "--jobs", 1, "--out", folder), folder


def test_it_says_what_was_killed_and_writes_what_it_says(measured):
    told, folder = measured
    given = json.loads((folder / "power.json").read_text())
    assert told.exit_code == (1 if given["alarms"] else 0)
    assert (given["defects"], given["killed"], given["survivors"], given["pairs"]) == (1, 1, [], 4)
    assert given["matrix"]["null-as-zero"]["invalid-values"] > 0
    assert given["right_targets"] == 0
    assert "1 of 1 planted defect killed" in told.output.replace("\n", " ")
    assert f"report: {folder}/power.html" in told.output.replace("\n", "")
    assert "null-as-zero" in (folder / "power.html").read_text()


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        (("--only", "null-as-zer"), 'is no planted defect; did you mean "null-as-zero"?'),
        (("in-proces",), 'TARGET-KIND must be one of in-process, process, was "in-proces"; did you mean "in-process"?'),
        (("--profile", "fast"), 'must be one of quick, ci, nightly, was "fast"'),
        (("--only", ","), "names nothing"),
    ],
)
def test_what_there_is_not_is_one_clear_line(arguments, line):
    told = ran("power", *arguments)
    assert told.exit_code == 2
    assert line in told.output
