"""Planted defects of the margin side: without one the target is the engine, each of them changes something, and what people read of them is true."""

import re
import subprocess
import sys

import msgspec
import pytest

from indexlab.margin.answer import answer
from indexlab.market.errors import InputError
from indexlab.targets.planted_margin.applied import applied, ruled
from indexlab.targets.planted_margin.catalogue import defects, find_venue, label_of, looked_at, planted_venues, venues_of
from indexlab.targets.planted_margin.defect import Answered, Cased, Ruled, Stepped
from indexlab.targets.planted_margin.features import FEATURES
from indexlab.targets.planted_margin.target import open_planted_margin
from indexlab.targets.resolve import open_target
from tests.architecture.tree import HERE
from tests.quality.margin_occasions import occasion

REAL = [defect for defect in defects() if not defect.equivalent]
SEEDS = 30
ALONE = {"funding-window-not-trailing"}
"""Defects of a rule that one file alone has."""


@pytest.mark.parametrize("venue", planted_venues())
def test_without_a_defect_it_is_the_engine(venue):
    with open_target(label_of("none", venue)) as target:
        cases = [occasion(venue, seed) for seed in range(3)]
        assert target.margin([case for case, _ in cases]) == [right for _, right in cases]


def differs(defect, venue):
    return any(applied(defect.how, case, answer) != right for case, right in (occasion(venue, seed) for seed in range(SEEDS)))


def test_every_defect_changes_something():
    assert [defect.id for defect in REAL if not differs(defect, looked_at(defect.id)[0])] == []


def test_what_a_defect_leaves_alone_stays_to_the_letter():
    """Parts that are not named come from the engine: a defect of funding moves no state."""
    for defect in REAL:
        parts = getattr(defect.how, "parts", ())
        if parts:
            venue = looked_at(defect.id)[0]
            case, right = occasion(venue, 0)
            given = applied(defect.how, case, answer)
            assert {name for name in right.__struct_fields__ if getattr(given, name) != getattr(right, name)} <= set(parts), defect.id


def test_a_defect_can_be_asked_about_a_case_without_funding_or_reduction_or_times():
    for defect in REAL:
        case, _ = occasion(looked_at(defect.id)[0], 1)
        bare = msgspec.structs.replace(case, funding=None, liquidation=None)
        assert len(applied(defect.how, bare, answer).state) == len(case.times)
        empty = {name: dict.fromkeys(getattr(case, name), ()) for name in ("index", "mark", "status", "last", "short_mark")}
        assert applied(defect.how, msgspec.structs.replace(bare, times=(), **empty), answer).state == ()


def test_there_are_enough_and_each_stands_once():
    assert len(REAL) >= 60
    assert len({defect.id for defect in defects()}) == len(defects())
    assert len({defect.what for defect in defects()}) == len(defects())
    assert all(re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", defect.id) for defect in defects())
    assert all(not defect.what.endswith(".") and "|" not in defect.what for defect in defects())
    assert len({defect.family for defect in REAL}) >= 10


def test_each_is_planted_in_two_venues_or_more():
    assert {defect.id for defect in REAL if len(venues_of(defect.id)) < 2} == ALONE
    assert all(sorted(looked_at(defect.id)) == sorted(venues_of(defect.id)) for defect in REAL)


def test_every_venue_has_its_share():
    used = {venue for defect in REAL for venue in looked_at(defect.id)[:2]}
    assert used == set(planted_venues())


def test_every_feature_is_asked_for_and_known():
    asked = {name for defect in defects() for name in defect.needs}
    assert asked == set(FEATURES)


def test_a_target_promises_what_the_right_one_promises():
    right, broken = open_planted_margin("none@okx"), open_planted_margin("haircut-on-debts@okx")
    assert right.describe() == broken.describe()
    assert broken.label == "planted-margin:haircut-on-debts@okx"
    assert "margin" in right.describe().provides


@pytest.mark.parametrize(
    ("rest", "line"),
    [
        ("haircut-on-debt@okx", 'planted-margin is no planted defect, was "haircut-on-debt"; did you mean "haircut-on-debts"?'),
        ("haircut-on-debts@okk", 'planted-margin is no venue that defects are planted in, was "okk"; did you mean "okx"?'),
        (
            "haircut-on-debts",
            'target planted-margin:haircut-on-debts must name a defect and a venue, was "haircut-on-debts"; write "planted-margin:haircut-on-debts@okx"',
        ),
    ],
)
def test_what_is_unknown_is_said_in_one_line(rest, line):
    with pytest.raises(InputError) as caught:
        open_target(f"planted-margin:{rest}")
    assert str(caught.value) == line


def test_a_defect_is_not_opened_where_it_changes_nothing():
    with pytest.raises(InputError, match=r"changes nothing at okx; it is planted in specimen-inverse, "):
        open_target("planted-margin:inverse-as-linear@okx")


def test_rules_are_changed_by_dotted_keys_and_a_section_that_is_not_there_stays_away():
    rules = find_venue("specimen-linear")
    changed = ruled(rules, Ruled({"states.warning": None, "matrix.stress": ()}, {"tiers.maintenance_rate": 2.0, "matrix.price_shocks": 0.5}))
    assert changed.states.warning is None
    assert changed.matrix.stress == ()
    assert changed.matrix.price_shocks == tuple(0.5 * shock for shock in rules.matrix.price_shocks)
    assert [tier.maintenance_rate for tier in changed.contracts[0].tiers] == [2 * tier.maintenance_rate for tier in rules.contracts[0].tiers]
    assert rules == find_venue("specimen-linear")
    without = msgspec.structs.replace(rules, matrix=None)
    assert ruled(without, Ruled({"matrix.stress": ()})) == without


def test_every_way_of_being_wrong_is_used():
    assert {type(defect.how) for defect in REAL} == {Ruled, Cased, Stepped, Answered}


def test_the_catalogue_is_light():
    code = "import sys; from indexlab.targets.planted_margin.catalogue import defects, looked_at; [looked_at(one.id) for one in defects()]; print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=HERE).stdout.split()
    assert not {"numpy", "numba"} & set(loaded)


def test_the_page_lists_what_there_is():
    page = (HERE / "docs" / "defects.md").read_text().partition("## The margin side")[2]
    rows = [line for line in page.splitlines() if line.startswith("| `")]
    assert rows == [row_of(defect) for defect in defects()]
    assert f"**{len(REAL)}**" in page


def row_of(defect):
    named = [venue for venue in looked_at(defect.id) if not venue.startswith("specimen-")]
    where = "every venue" if len(venues_of(defect.id)) == len(planted_venues()) else ", ".join(sorted(named)) or "specimens alone"
    return f"| `{defect.id}` | {defect.family} | {defect.what} | {where} | {defect.equivalent or defect.origin} |"
