"""What is wrong with a third party's package makes its own result inconclusive, and nothing else; a name that is taken is one clear line."""

import json

import pytest


def verdicts(folder):
    (target,) = json.loads((folder / "report.json").read_text())["targets"]
    return {one["id"]: (one["verdict"], one["reason"]) for one in target["properties"]}


def test_a_property_that_raises_or_is_none_is_inconclusive_and_nothing_else_is(audited, tmp_path):
    done = audited("broken", "preset:plain-median", "--only", "raising,none-given,undecided,nowhere,number,hull,single-source")
    assert done.returncode == 4, done.stderr
    found = verdicts(tmp_path / "run")
    assert {name for name, (verdict, _) in found.items() if verdict == "holds"} == {"hull", "single-source"}
    reasons = {name: reason for name, (verdict, reason) in found.items() if verdict == "inconclusive"}
    assert reasons.keys() == {"raising", "none-given", "undecided", "nowhere", "number"}
    assert "ZeroDivisionError" in reasons["raising"]
    assert "it must return an Outcome, was NoneType" in reasons["none-given"]
    assert "KeyError: 'no such key'" in reasons["undecided"]
    assert "entry point indexlab.properties nowhere cannot be loaded: ModuleNotFoundError" in reasons["nowhere"]
    assert "entry point indexlab.properties number must name a Property or a function that checks a run, was int" in reasons["number"]


def test_they_change_no_verdict_of_the_others(audited, tmp_path):
    done = audited("broken", "preset:plain-mean", "--only", "raising,single-source")
    assert done.returncode == 1, done.stderr
    assert {name: verdict for name, (verdict, _) in verdicts(tmp_path / "run").items()} == {"single-source": "violated", "raising": "inconclusive"}


def test_a_check_that_raises_while_its_finding_is_shrunk_keeps_the_finding_as_it_was(audited, indexlab, tmp_path):
    done = audited("broken", "preset:plain-median", "--only", "touchy")
    assert done.returncode == 1, done.stderr
    assert "BROKEN  touchy" in done.stdout
    (finding,) = (tmp_path / "run" / "findings").rglob("*.json")
    again = indexlab("broken", "replay", finding)
    assert again.returncode == 4, again.stderr
    assert "the check raised RuntimeError: this cannot be told of a twin alone" in again.stdout


def test_a_fault_that_fails_is_left_out_and_said_to_be(audited, indexlab, tmp_path):
    """Whatever else was to be broken is judged as ever; the audit ends with 4, since not everything that applies was looked at."""
    done = audited("broken", "preset:plain-median", "--only", "hull,single-source")
    assert done.returncode == 4, done.stderr
    assert {verdict for verdict, _ in verdicts(tmp_path / "run").values()} == {"holds"}
    said = " ".join(done.stdout.split())
    assert 'the fault "raising-fault" failed: RuntimeError: the cable is not long enough' in said
    assert 'the fault "none-fault" must give a Change, gave NoneType' in said
    assert 'the fault "nowhere-fault" (broken_index.no_such_module:FAULT) cannot be loaded' in said
    assert "a third party's fault failed, and what it was to break could not be judged" in said
    shown = indexlab("broken", "faults", "show", "raising-fault")
    assert (shown.returncode, len(shown.stderr.splitlines())) == (2, 1)


def test_a_target_that_raises_is_a_finding_of_protocol(audited):
    done = audited("broken", "raising:", "--only", "protocol,single-source")
    assert done.returncode == 1, done.stderr
    assert "BROKEN  protocol" in done.stdout
    assert "index raised RuntimeError: the index is on holiday" in done.stdout


@pytest.mark.parametrize(
    ("group", "bundled", "broken"),
    [
        ("properties", "single-source", ["raising", "none-given", "undecided", "nowhere", "number"]),
        ("faults", "spike", ["raising-fault", "none-fault", "nowhere-fault", "number-fault"]),
    ],
)
def test_lists_name_what_cannot_be_used_beside_what_can(indexlab, group, bundled, broken):
    done = indexlab("broken", group, "list")
    assert done.returncode == 0, done.stderr
    assert {bundled, *broken} <= {line.split()[0] for line in done.stdout.splitlines() if line}
    assert "cannot be loaded: ModuleNotFoundError: No module named 'broken_index.no_such_module'" in done.stdout


def test_a_methodology_that_cannot_be_used_is_left_out_and_takes_no_other_away(indexlab):
    done = indexlab("broken", "methods", "list")
    assert done.returncode == 0, done.stderr
    assert "plain-median" in done.stdout
    assert "slipped" not in done.stdout
    nowhere, number, slipped = done.stderr.splitlines()
    assert nowhere.startswith("left out: entry point indexlab.methodologies nowhere cannot be loaded: ModuleNotFoundError: ")
    assert number == 'left out: entry point indexlab.methodologies number must name a folder or a package of TOML files, was "broken_index.faults:NUMBER"'
    assert 'slipped.toml: aggregation.rule must be one of "weighted-mean"' in slipped
    shown = indexlab("broken", "methods", "show", "slipped")
    assert shown.returncode == 2
    assert 'slipped.toml: aggregation.rule must be one of "weighted-mean"' in shown.stderr


@pytest.mark.parametrize(
    ("group", "said"),
    [
        ("properties", 'the property "hull" (clashing_index:NOTHING) has the name of a bundled one; rename the entry point'),
        ("faults", 'the fault "spike" (clashing_index:NOTHING) has the name of a bundled one; rename the entry point'),
        ("methods", 'plain-mean.toml: the methodology "plain-mean" has the name of a bundled one; rename the file'),
    ],
)
def test_a_name_that_is_taken_is_one_line(indexlab, group, said):
    done = indexlab("clashing", group, "list")
    assert (done.returncode, done.stdout, len(done.stderr.splitlines())) == (2, "", 1)
    assert said in done.stderr
