"""What a target is held against: from the flag, the plan file, or nothing; found from where it was named, and never in a survey."""

import pytest

from indexlab.audit.effective import Flags, effective_plan
from indexlab.audit.events import AuditStarted
from indexlab.audit.plan import Budget
from indexlab.audit.prepare import checked
from indexlab.market.errors import InputError
from indexlab.scenarios.expect import Layer, promised
from tests.audit.audits import audited


def planned(here, **flags):
    return effective_plan(Flags(**flags), here, 2, lambda: 0.0, lambda: False)[0]


def written(folder, text):
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "indexlab.toml").write_text(text)
    return folder


def test_the_flag_wins_over_the_file_and_a_bare_name_is_a_preset(tmp_path):
    written(tmp_path, '[target]\nuse = "preset:thalex"\nagainst = "preset:okx-2018"\n')
    assert planned(tmp_path).against == "preset:okx-2018"
    assert planned(tmp_path, against="deribit-2019").against == "preset:deribit-2019"
    assert planned(tmp_path / "elsewhere", targets=("preset:thalex",)).against == "preset:okx-2018"


def test_without_either_there_is_nothing_and_the_report_does_not_speak_of_it(tmp_path):
    plan = planned(tmp_path, targets=("preset:thalex",))
    assert plan.against == ""
    assert "against" not in plan.as_table()
    assert planned(tmp_path, targets=("preset:thalex",), against="okx-2018").as_table()["against"] == "preset:okx-2018"


@pytest.mark.parametrize("label", ["rules.toml", "./service --stdio"])
def test_a_path_or_a_command_without_its_scheme_is_refused_with_the_scheme(tmp_path, label):
    with pytest.raises(InputError, match="without its scheme; did you mean"):
        checked(planned(tmp_path, targets=("preset:thalex",), against=label))


def test_a_methodology_s_file_is_found_from_where_it_was_named(tmp_path):
    """The audit runs where the plan's own target lies, or where the user stands."""
    deep = tmp_path / "a" / "b"
    deep.mkdir(parents=True)
    written(tmp_path, '[target]\nuse = "preset:thalex"\nagainst = "file:rules.toml"\n')
    assert planned(tmp_path).against == planned(deep).against == "file:rules.toml"
    assert planned(deep, targets=("preset:thalex",)).against == f"file:{tmp_path / 'rules.toml'}"
    assert planned(deep, against="file:mine.toml").against == f"file:{deep / 'mine.toml'}"
    assert planned(deep, against=f"file:{deep}/mine.toml").against == f"file:{deep}/mine.toml"


@pytest.mark.parametrize(
    ("text", "flags", "key"), [("", {"against": "okx-2018"}, "--against"), ('[target]\nagainst = "preset:okx-2018"\n', {}, "target.against")]
)
def test_a_survey_holds_nobody_against_anything(tmp_path, text, flags, key):
    written(tmp_path, text)
    with pytest.raises(InputError, match=rf"^{key} holds a target against another, and no target is named; name one: a survey judges nobody$"):
        planned(tmp_path, **flags)


def test_the_tolerance_is_an_expectation_and_needs_a_second_target(tmp_path):
    plan = planned(tmp_path, targets=("preset:thalex",), against="okx-2018", tolerance="1bp", expect=(("max_disagreement", "3bp"),))
    assert promised(plan.layers).max_disagreement == pytest.approx(1e-4)
    with pytest.raises(InputError, match=r"^--tolerance says how far two targets may be apart, and there is no other one; name it with --against$"):
        planned(tmp_path, targets=("preset:thalex",), tolerance="1bp")
    with pytest.raises(InputError, match=r"--tolerance.*max_disagreement must be"):
        checked(planned(tmp_path, targets=("preset:thalex",), against="okx-2018", tolerance="wide"))


@pytest.mark.parametrize("given", [{"max_disagreement": "200%"}, {"max_disagreement": -1}, {"same_status": "yes"}])
def test_what_makes_no_sense_is_refused(given):
    with pytest.raises(InputError, match="must be"):
        promised([Layer("here", given)])


def test_a_promise_speaks_of_the_two_only_where_it_was_given():
    given = {"max_disagreement": "3bp", "same_status": False}
    assert {"max_disagreement", "same_status"}.isdisjoint(promised([]).as_table())
    table = promised([Layer("here", given)]).as_table()
    assert {key: table[key] for key in given} == given
    assert promised([Layer("again", table)]) == promised([Layer("here", given)])


def test_the_audit_says_what_is_held_against_what():
    told = audited("preset:plain-median", against="preset:plain-median", only=("agreement",), budget=Budget(batches=1, twins=1, shrink=1, seconds=1e9))
    started = next(event for event in told.events if isinstance(event, AuditStarted))
    assert started.against == told.result.plan["against"] == "preset:plain-median"
