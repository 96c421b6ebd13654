"""The plan: found upward, read strictly, flags over the file over what the target says over defaults."""

import itertools
import os
from pathlib import Path

import pytest

from indexlab.audit.effective import Flags, effective_plan
from indexlab.audit.plan import BUDGETS, PROFILES, find_plan, read_plan
from indexlab.audit.venues import rules_named
from indexlab.index.catalogue import preset_names
from indexlab.margin.rules_file import venue, venue_path
from indexlab.market.errors import InputError
from tests.audit.audits import audited

FULL = """
[target]
use = "preset:thalex"
sources = [{ id = "kraken", venue = "kraken", quote = "USD", weight = 0.4 }, { id = "lmax", venue = "lmax" }]
[expect]
max_age = "3m"
waive = { quorum = "one source is enough" }
[run]
profile = "ci"
seed = 7
jobs = 3
only = ["single-source", "quorum"]
skip = ["quorum"]
fixtures = ["calm-hour"]
out = "elsewhere"
"""


def effective(here, **flags):
    plan, folder, _ = effective_plan(Flags(**flags), here, 2, lambda: 0.0, lambda: False)
    return plan, folder


def written(folder, text, name="indexlab.toml"):
    folder.mkdir(parents=True, exist_ok=True)
    (folder / name).write_text(text)
    return folder


def test_it_is_found_upward_and_the_nearest_one_counts(tmp_path):
    deep = tmp_path / "a" / "b"
    deep.mkdir(parents=True)
    written(tmp_path, "[run]\nseed = 1\n")
    assert find_plan(deep) == tmp_path / "indexlab.toml"
    written(tmp_path / "a", "[run]\nseed = 2\n")
    assert find_plan(deep) == tmp_path / "a" / "indexlab.toml"
    assert effective(deep)[0].seed == 2


def test_a_table_in_pyproject_is_a_plan_and_a_pyproject_without_one_is_passed_over(tmp_path):
    deep = written(tmp_path / "a", "[project]\nname = 'x'\n", "pyproject.toml")
    written(tmp_path, "[tool.indexlab.run]\nseed = 3\n", "pyproject.toml")
    assert find_plan(deep) == tmp_path / "pyproject.toml"
    assert effective(deep)[0].seed == 3
    written(tmp_path, "[run]\nseed = 4\n")
    assert find_plan(deep) == tmp_path / "indexlab.toml"


def test_everything_that_a_plan_may_say_is_heard(tmp_path):
    plan, folder = effective(written(tmp_path, FULL))
    assert (plan.targets, plan.survey, plan.profile, plan.seed, plan.jobs) == (("preset:thalex",), False, "ci", 7, 3)
    assert (plan.only, plan.skip, plan.fixtures) == (("single-source", "quorum"), ("quorum",), ("calm-hour",))
    assert [(source.id, source.weight) for source in plan.sources] == [("kraken", 0.4), ("lmax", 1.0)]
    assert str(folder) == "elsewhere"
    [layer] = plan.layers
    assert layer.origin == "indexlab.toml"
    assert layer.table == {"max_age": "3m", "waive": {"quorum": "one source is enough"}}


def test_flags_win_over_the_file(tmp_path):
    flags = {"targets": ("okx-2018",), "profile": "nightly", "only": ("hull",), "skip": ("scale",), "fixtures": ("true-crash",), "seed": 0, "jobs": 1}
    plan, folder = effective(written(tmp_path, FULL), out=tmp_path / "mine", expect=(("max_age", "90s"),), **flags)
    assert (plan.targets, plan.profile, plan.only, plan.skip) == (("preset:okx-2018",), "nightly", ("hull",), ("scale",))
    assert (plan.fixtures, plan.seed, plan.jobs, folder) == (("true-crash",), 0, 1, tmp_path / "mine")
    assert [layer.origin for layer in plan.layers] == ["--expect", "indexlab.toml"]


def test_without_a_plan_and_a_target_it_is_a_survey_of_all_methodologies(tmp_path):
    plan, folder = effective(tmp_path)
    assert plan.survey
    assert plan.targets == tuple(f"preset:{name}" for name in preset_names())
    assert (str(folder), plan.profile, plan.seed, plan.jobs) == (os.path.join("reports", "survey-0"), "quick", 0, 2)  # noqa: PTH118 - a relative text


@pytest.mark.parametrize(
    ("targets", "name"),
    [
        (("plain-mean",), "plain-mean-5"),
        (("file:rules/acme.v2.toml",), "acme.v2-5"),
        (("exec:./bin/acme-index --stdio",), "acme-index-5"),
        (("plain-mean", "thalex"), "audit-5"),
        (("exec:../../",), "target-5"),
        (("exec:" + "a" * 300,), "a" * 60 + "-5"),
    ],
)
def test_a_run_s_folder_is_named_after_its_target_and_seed(tmp_path, targets, name):
    _, folder = effective(tmp_path, targets=targets, seed=5)
    assert folder.parts == ("reports", name)


def test_a_target_named_twice_is_audited_once(tmp_path):
    assert effective(tmp_path, targets=("thalex", "preset:thalex"))[0].targets == ("preset:thalex",)


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ('[run]\nprofil = "ci"\n', 'indexlab.toml: run.profil is no key of [run]; did you mean "profile"?'),
        ('[target]\nuses = "x"\n', 'indexlab.toml: target.uses is no key of [target]; did you mean "use"?'),
        ('[targets]\nuse = "x"\n', 'indexlab.toml: [targets] is no section of a plan; did you mean "target"?'),
        ('[run]\nprofile = "nightli"\n', 'indexlab.toml: run.profile must be one of quick, ci, nightly, was "nightli"; did you mean "nightly"?'),
        ('[run]\nseed = "1"\n', "indexlab.toml: run.seed must be a whole number of at least 0, was '1'"),
        ("[run]\nseed = true\n", "indexlab.toml: run.seed must be a whole number of at least 0, was True"),
        ("[run]\njobs = 0\n", "indexlab.toml: run.jobs must be a whole number of at least 1 and at most 256, was 0"),
        ('[run]\nonly = "hull"\n', "indexlab.toml: run.only must be a list of texts, was 'hull'"),
        ('[target]\nuse = ""\n', "indexlab.toml: target.use must be a text, was ''"),
        ("run = 3\n", "indexlab.toml: [run] must be a table, was 3"),
        ("[run]\nestimate = -1\n", "indexlab.toml: run.estimate must be a whole number of at least 0 and at most 10000000, was -1"),
        ('[run]\nrequire_coverage = "yes"\n', "indexlab.toml: run.require_coverage must be true or false, was 'yes'"),
    ],
)
def test_what_a_plan_may_not_say_is_an_error_with_the_nearest_word(tmp_path, text, line):
    with pytest.raises(InputError) as caught:
        read_plan(written(tmp_path, text) / "indexlab.toml")
    assert str(caught.value).removeprefix(f"{tmp_path}/") == line


def test_independent_cases_and_coverage_are_asked_for_by_flag_or_plan(tmp_path):
    """Unasked, the profile decides how many cases are run; a flag of 0 runs none whatever the plan says."""
    assert (effective(tmp_path)[0].estimate, effective(tmp_path)[0].require_coverage) == (None, False)
    assert [BUDGETS[profile, "in-process"].estimate for profile in PROFILES] == [0, 3_000, 50_000]
    written(tmp_path, "[run]\nestimate = 500\nrequire_coverage = true\n")
    plan, _ = effective(tmp_path)
    assert (plan.estimate, plan.require_coverage) == (500, True)
    assert effective(tmp_path, estimate=0)[0].estimate == 0


def test_the_strongest_promise_wins_flag_plan_target_default(tmp_path):
    """The target declares 90 s of age and 2 %; the plan says 2 %, the flag 3 m."""
    (tmp_path / "acme.toml").write_text(
        '[aggregation]\nrule = "median"\n[quorum]\nok_from = 3\nbelow = "halt"\n[staleness]\nsilence = "90s"\n'
        '[expect]\nmax_age = "90s"\nmax_displacement = "3%"\nmargin_headroom = "4%"\n[expect.waive]\nhull = "the target\'s"\n'
    )
    written(tmp_path, '[expect]\nmax_displacement = "2%"\nmax_age = "2m"\n[expect.waive]\nquorum = "the plan\'s"\n')
    plan, _ = effective(tmp_path, targets=(f"file:{tmp_path}/acme.toml",), expect=(("max_age", "3m"),), only=("hull",))
    held_to = audited(*plan.targets, layers=plan.layers, only=("hull",)).result.targets[0].expect
    assert (held_to["max_age"], held_to["max_displacement"], held_to["margin_headroom"], held_to["min_sources"]) == ("3m", "2%", "4%", 3)
    assert held_to["waive"] == {"hull": "the target's", "quorum": "the plan's"}


def test_in_a_survey_nobody_s_own_promise_counts():
    """All are held against the same expectations, though thalex and others promise less of themselves."""
    told = audited("preset:thalex", "preset:plain-mean", survey=True, only=("hull",))
    first, second = told.result.targets
    assert first.expect == second.expect


def test_each_profile_spends_more_than_the_one_before_it():
    for kind in ("in-process", "process"):
        spent = [BUDGETS[profile, kind] for profile in PROFILES]
        for less, more in itertools.pairwise(spent):
            assert less.batches < more.batches
            assert less.shrink < more.shrink
            assert less.seconds < more.seconds


def test_what_a_plan_names_is_found_from_where_it_lies(tmp_path):
    """A plan is found from any folder below; its target runs in its folder, and what flags name stays where the user stands."""
    below = tmp_path / "a" / "b"
    below.mkdir(parents=True)
    (tmp_path / "markets").mkdir()
    (tmp_path / "indexlab.toml").write_text('[target]\nuse = "exec:./acme"\n[run]\nfixtures = ["markets", "calm-hour"]\n')
    plan, folder, base = effective_plan(Flags(), below, 2, lambda: 0.0, lambda: False)
    assert base == tmp_path
    assert plan.fixtures == (str(tmp_path / "markets"), "calm-hour")
    assert folder.as_posix() == "reports/acme-0"
    _, given, _ = effective_plan(Flags(out=Path("mine")), below, 2, lambda: 0.0, lambda: False)
    assert given == below / "mine"
    _, _, stays = effective_plan(Flags(targets=("plain-mean",)), below, 2, lambda: 0.0, lambda: False)
    assert stays == below


def test_a_plan_s_venue_is_a_name_or_a_file_found_from_where_the_plan_lies(tmp_path, monkeypatch):
    below = tmp_path / "rules" / "deep"
    below.mkdir(parents=True)
    (tmp_path / "acme.toml").write_text(venue_path("okx").read_text())
    for name, found in (("okx", "okx"), ("acme.toml", "acme.toml")):
        written(tmp_path, f'[margin]\nvenue = "{name}"\n')
        assert effective(tmp_path)[0].venue == found
        assert effective(tmp_path)[0].as_table()["venue"] == found
    monkeypatch.chdir(below)
    plan, _, _ = effective_plan(Flags(targets=("okx-2018",)), below, 1, lambda: 0.0, lambda: False)
    assert rules_named(plan.venue).states == venue("okx").states
    written(tmp_path, '[margin]\nvenue = "okex"\n')
    with pytest.raises(InputError, match=r'indexlab\.toml: margin\.venue is no venue, was "okex"; did you mean "okx"\?'):
        effective(tmp_path)
    written(tmp_path, '[margin]\nvenue = "nosuch"\n')
    with pytest.raises(InputError, match=r'was "nosuch"; write one of binance-2025, .*, okx, or a file of rules that ends in \.toml'):
        effective(tmp_path)
    written(tmp_path, '[margin]\nvenue = "gone.toml"\n')
    with pytest.raises(InputError, match=r"gone\.toml"):
        effective(tmp_path)
    written(tmp_path, "[margin]\nvenus = 1\n")
    with pytest.raises(InputError, match=r'margin\.venus is no key of \[margin\]; did you mean "venue"\?'):
        effective(tmp_path)


def test_a_plan_s_mark_is_the_index_or_the_venue_s_and_no_venue_with_two_marks_makes_it(tmp_path):
    for text, mark in (("", "index"), ('[margin]\nmark = "index"\n', "index"), ('[margin]\nmark = "venue"\n', "venue")):
        written(tmp_path, text)
        plan, _ = effective(tmp_path)
        assert (plan.mark, plan.as_table().get("mark", "index")) == (mark, mark)
    written(tmp_path, '[margin]\nmark = "venues"\n')
    with pytest.raises(InputError, match=r'indexlab\.toml: margin\.mark must be one of index, venue, was "venues"; did you mean "venue"\?'):
        effective(tmp_path)
    (tmp_path / "acme.toml").write_text(venue_path("mango-v4").read_text())
    for name in ("drift", "acme.toml"):
        written(tmp_path, f'[margin]\nvenue = "{name}"\nmark = "venue"\n')
        with pytest.raises(InputError, match=r'indexlab\.toml: margin\.mark must be "index" for (drift|mango-v4), which marks longs and shorts at two prices'):
            effective(tmp_path)
        written(tmp_path, f'[margin]\nvenue = "{name}"\n')
        assert effective(tmp_path)[0].mark == "index"
