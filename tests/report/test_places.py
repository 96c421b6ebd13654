"""Where a finding is shown: always somewhere, always the same, never with a path of the machine."""

import pytest

from indexlab.report.places import Place, Places, repository

PLAN = '# ours\n[target]\n  use = "exec:./acme --stdio"  # in Go\n\n[expect]\nmax_age = "60s"\n'
RULES = '[methodology]\nid = "mine"\n\n[staleness]\nsilence = "60s"\n\n[outlier]\nrule = "clamp"\n'


@pytest.fixture
def house(tmp_path):
    """A repository with a service that has a plan, a methodology and a program."""
    here = tmp_path / "services" / "index feed"
    here.mkdir(parents=True)
    (tmp_path / ".git").mkdir()
    (here / "indexlab.toml").write_text(PLAN)
    (here / "mine.toml").write_text(RULES)
    (here / "acme.py").write_text("print()\n")
    return here


def places(here, use="exec:./acme --stdio", plan=True):
    return Places(here, repository(here, {}), here / "indexlab.toml" if plan else None, use)


def test_the_plan_s_own_target_is_shown_where_the_plan_names_it(house):
    place = places(house).of("exec:./acme --stdio", "hull")
    assert place == Place("services/index feed/indexlab.toml", 3, 3, 3 + len('use = "exec:./acme --stdio"  # in Go'))
    assert place.uri == "services/index%20feed/indexlab.toml"


@pytest.mark.parametrize(("prop", "line"), [("single-source", 7), ("silent-source", 4), ("hull", 1), ("protocol", 1)])
def test_a_methodology_is_shown_where_its_rule_stands(house, prop, line):
    for label in ("file:mine.toml", "file:mine.toml@reference"):
        place = places(house).of(label, prop)
        assert (place.path, place.line) == ("services/index feed/mine.toml", line)


def test_without_a_plan_a_program_of_the_repository_is_shown(house):
    assert places(house, plan=False).of("exec:python3 acme.py --stdio", "hull").path == "services/index feed/acme.py"


def test_a_target_that_nothing_names_is_shown_in_the_plan_or_where_one_would_lie(house):
    assert places(house).of("preset:plain-mean", "hull") == Place("services/index feed/indexlab.toml", 1, 1, 7)
    assert places(house, plan=False).of("preset:plain-mean", "hull") == Place("indexlab.toml")
    assert places(house, plan=False).of("exec:'unfinished", "hull") == Place("indexlab.toml")
    assert places(house, plan=False).of("exec:/bin/sh", "hull") == Place("indexlab.toml")


@pytest.mark.parametrize("label", ["file:/nowhere/mine.toml", "file:../../../outside.toml", "file:mine.toml\0"])
def test_what_lies_outside_is_named_by_its_name_alone(house, label):
    (house.parents[2] / "outside.toml").write_text(RULES)
    place = places(house).of(label, "single-source")
    assert "/" not in place.path
    assert place.line >= 1


def test_the_root_is_what_ci_checked_out_else_the_repository_else_the_folder(tmp_path, house):
    assert repository(house, {}) == tmp_path
    assert repository(house, {"GITHUB_WORKSPACE": str(house)}) == house
    assert repository(house, {"GITHUB_WORKSPACE": str(house / "elsewhere"), "CI_PROJECT_DIR": str(house.parent)}) == house.parent
    bare = tmp_path.parent / "bare"
    bare.mkdir(exist_ok=True)
    assert repository(bare, {}) == bare
