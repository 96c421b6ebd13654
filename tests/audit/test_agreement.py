"""Two targets held against one another: what differs is found, shrunk and told from both sides; what is the same stays silent."""

from __future__ import annotations

import shlex
import sys
from dataclasses import replace
from pathlib import Path

import msgspec
import pytest

from indexlab.audit.events import Note
from indexlab.audit.plan import Budget
from indexlab.audit.prepare import prepared
from indexlab.audit.replay import replay_finding
from indexlab.audit.save import read_finding, save_finding
from indexlab.audit.second import options_for_second
from indexlab.market.errors import InputError
from indexlab.targets.options import TargetOptions
from indexlab.targets.resolve import open_target
from tests.audit.audits import audited, plan_of

TARGETS = Path(__file__).parents[1] / "targets"
PYTHON = f"exec:{shlex.join([sys.executable, '-S', str(TARGETS / 'python_index.py')])}"
WRITTEN = f"file:{TARGETS / 'python_index.toml'}"
RIGHT = "planted:none@clamp-mean"
BUILT_IN = Budget(batches=1, twins=6, shrink=300, seconds=1e9)
SWEPT = Budget(batches=1, twins=4, shrink=300, seconds=1e9, sweeps=1)

RULES = """
[methodology]
id = "{name}"
name = "{name}"

[staleness]
silence = "{silence}"
at_limit = "{at_limit}"

[outlier]
rule = "drop"
band = "{band}"
comparison = "{comparison}"
several = "median"

[quorum]
ok_from = 3
below = "{below}"
"""


USUAL = {"silence": "60s", "at_limit": "live", "band": "5%", "comparison": ">", "below": "halt"}


@pytest.fixture
def rules(tmp_path):
    """Write a methodology and return its label."""

    def written(name, **changes):
        path = tmp_path / f"{name}.toml"
        path.write_text(RULES.format(name=name, **(USUAL | changes)))
        return f"file:{path}"

    return written


def held_against(target, other, *, budget=BUILT_IN, **changes):
    """Audit one against the other, and judge nothing else."""
    return audited(target, against=other, only=("agreement",), budget=budget, **changes)


def verdict(told):
    return told.properties()["agreement"].verdict


@pytest.fixture(scope="module")
def unfiltered():
    return held_against("planted:no-filter@clamp-mean", RIGHT)


def test_a_rule_that_is_missing_is_found_and_shrunk_to_what_shows_it(unfiltered):
    (finding, saved), *_ = unfiltered.found
    assert verdict(unfiltered) == "violated"
    assert (finding.sources, finding.quotes, finding.faults) == (3, 3, 0)
    assert finding.from_sources >= 7
    assert finding.other_column == "none@clamp-mean"
    assert saved.against == RIGHT


def test_both_sides_explain_themselves_where_they_part(unfiltered):
    sides = unfiltered.found[0][0].sides
    assert (sides.target, sides.other) == ("planted:no-filter@clamp-mean", RIGHT)
    apart = [row for row in sides.rows if row.mark]
    assert apart
    assert {(row.reason, row.other_reason, row.mark) for row in apart} == {("used", "clamped", "another reason")}
    assert all(row.price and row.other_price and row.price != row.other_price for row in apart)
    assert sides.what == unfiltered.found[0][0].what == "moved-clamped"
    assert any(rule.startswith("B: ") and "is moved to the end of that band" in rule for rule in sides.rules)


def test_what_is_the_same_is_silent():
    told = held_against(RIGHT, "planted:none@clamp-mean")
    result = told.properties()["agreement"]
    assert (result.verdict, told.found) == ("holds", [])
    assert result.premise_met == result.scenarios == told.result.targets[0].scenarios > 300


@pytest.mark.long
def test_the_engine_and_the_textbook_agree():
    told = held_against("preset:deribit-2019", "preset:deribit-2019@reference", budget=Budget(batches=1, twins=2, shrink=100, seconds=1e9))
    assert verdict(told) == "holds"


def test_without_a_second_target_it_does_not_apply():
    result = audited("preset:plain-median", only=("agreement",)).properties()["agreement"]
    assert (result.verdict, result.reason) == ("not-applicable", "no --against")


@pytest.mark.parametrize(
    ("changes", "reasons"),
    [
        ({"silence": "61s"}, {"stale"}),
        ({"at_limit": "stale"}, {"stale"}),
        ({"band": "5.1%"}, {"outlier"}),
        ({"below": "hold"}, {"stale", "invalid", "absent"}),
    ],
)
def test_a_hair_s_difference_between_two_sets_of_rules_is_found(rules, changes, reasons):
    """An age a second longer, an age of exactly the limit, a wider band, another status when too few are left."""
    told = held_against(rules("ours", **changes), rules("theirs"), budget=SWEPT)
    assert verdict(told) == "violated"
    finding = told.found[0][0]
    assert finding.faults == 0
    assert finding.quotes <= 8
    assert set(finding.sides.what.split("-")[1:]) & reasons


def test_two_differences_are_two_findings_however_many_faults_show_them(rules):
    """A wider band and a longer limit of age: told apart before they are shrunk, and not shrunk into one another."""
    told = held_against(rules("ours", band="8%", silence="70s"), rules("theirs"), budget=SWEPT)
    found = {finding.what: finding for finding, _ in told.found}
    assert {"moved-outlier", "moved-stale"} <= set(found)
    assert len(found) == len(told.found)
    assert all((found[what].faults, found[what].quotes <= 6) == (0, True) for what in ("moved-outlier", "moved-stale"))


def test_a_price_at_exactly_the_end_of_a_band_is_a_tie_and_said_to_be_one(rules):
    """The one counts what the other drops, until every price is moved by a hair: seen, counted, and no finding."""
    told = held_against(rules("ours", comparison=">="), rules("theirs"), budget=SWEPT)
    result = told.properties()["agreement"]
    assert (result.verdict, result.breaches, told.found) == ("holds", 0, [])
    ties = told.result.targets[0].measures["ties"]["agreement"]
    assert ties > 0
    assert f"{ties} were not there again" in result.reason


def test_the_tolerance_lets_small_differences_be(rules):
    """Bands of 1 % and 2 %, and prices a little beyond: the means of seven are a seventh of that apart."""
    ours, theirs = rules("ours", below="degrade"), rules("theirs")
    assert verdict(held_against(ours, theirs)) == "violated"
    loose = held_against(ours, theirs, expect={"same_status": False, "max_disagreement": "1%"})
    assert verdict(loose) == "violated"  # one gives a value where the other gives none
    assert {finding.what.partition("-")[0] for finding, _ in loose.found} == {"appeared"}


def test_a_service_is_held_against_what_was_written_down():
    few = Budget(batches=1, twins=2, shrink=60, seconds=1e9)
    assert verdict(held_against(PYTHON, WRITTEN, budget=few)) == "holds"
    told = held_against(f"{PYTHON} --defect no-filter", WRITTEN, budget=few)
    finding = told.found[0][0]
    assert (finding.sources, finding.quotes, finding.faults) == (3, 3, 0)
    assert finding.sides.notes == ["A gives no prices, weights or reasons"]
    assert {row.other_reason for row in finding.sides.rows} == {"used", "clamped"}


def test_the_second_one_s_failures_are_not_the_first_one_s(tmp_path):
    """The verdict is open, what went wrong is said, and nothing else of the first one is touched."""
    script = tmp_path / "second.py"
    script.write_text((TARGETS / "python_index.py").read_text().replace("    values, row, last = [], 0, None\n", "    raise SystemExit(3)\n"))
    label = f"exec:{shlex.join([sys.executable, '-S', str(script)])}"
    told = audited(RIGHT, against=label, only=("agreement", "protocol"), budget=Budget(batches=1, twins=1, shrink=10, seconds=0.0))
    results = told.properties()
    assert (results["agreement"].verdict, results["protocol"].verdict) == ("inconclusive", "holds")
    assert "second.py failed" in results["agreement"].reason
    assert [event.text for event in told.events if isinstance(event, Note) and "which it is held against, failed" in event.text]


def test_a_target_that_fails_has_not_agreed():
    """Even where nobody asks for `protocol`: the verdict is open."""
    result = held_against("planted:crash-at-null@clamp-mean", RIGHT).properties()["agreement"]
    assert result.verdict == "inconclusive"
    assert result.reason.startswith("the target failed: ")


class Counting:
    """A target that remembers how many runs it was asked for, and whether any of them was explained."""

    def __init__(self, inner):
        self.inner, self.asked, self.explained = inner, 0, 0

    def __getattr__(self, name):
        return getattr(self.inner, name)

    def index(self, requests):
        self.asked += len(requests)
        self.explained += sum(request.explain for request in requests)
        return self.inner.index(requests)


def test_by_itself_it_asks_for_no_more_than_it_compares(monkeypatch, rules):
    counted = {}

    def opened(label, *_):
        return counted.setdefault(label, Counting(open_target(label)))

    monkeypatch.setattr("indexlab.audit.work._target", opened)
    told = held_against(rules("ours"), rules("theirs"))
    scenarios = told.result.targets[0].scenarios
    assert [each.asked for each in counted.values()] == [scenarios, scenarios]
    assert [each.explained for each in counted.values()] == [0, 0]


def test_both_get_whatever_one_of_them_needs():
    """A book for the one, rates for the other, sizes at the borders of both; and the promise of the rules where the first one promises nothing."""
    plan = replace(plan_of("right:drop-5-percent"), against="preset:deribit-2019", only=("agreement",))
    ready = prepared(plan, ("agreement",), "right:drop-5-percent")
    assert ready.job.world.book
    assert {0.05, 0.005} <= set(ready.job.world.thresholds)
    bare = prepared(replace(plan, against="right:clamp-30bp"), ("agreement",), "preset:plain-median")
    assert bare.job.expect.max_age == 15_000_000
    assert prepared(replace(plan, against="right:clamp-30bp"), ("agreement",), "right:drop-5-percent").job.expect.max_age == 60_000_000


def test_secrets_of_the_first_one_are_not_sent_to_the_second():
    options = TargetOptions(answer_s=3.0, headers=(("Authorization", "secret"),))
    assert options_for_second(options) == TargetOptions(answer_s=3.0)


def test_any_number_of_workers_finds_the_same(unfiltered):
    again = held_against("planted:no-filter@clamp-mean", RIGHT, jobs=2)
    assert [msgspec.json.encode(finding) for finding, _ in again.found] == [msgspec.json.encode(finding) for finding, _ in unfiltered.found]


@pytest.fixture
def file(unfiltered, tmp_path):
    finding, saved = unfiltered.found[0]
    return save_finding(tmp_path, finding, saved)


def test_a_finding_is_asked_of_both_again(file):
    answer = replay_finding(file, None)
    assert (answer.answer, answer.finding.sides.other) == ("BROKEN", RIGHT)
    assert answer.finding.sides.rows == read_finding(file).finding.sides.rows
    assert replay_finding(file, RIGHT).answer == "FIXED"
    assert replay_finding(file, None, against="planted:no-filter@clamp-mean").answer == "FIXED"


def test_a_second_one_that_fails_leaves_a_replay_open(file):
    answer = replay_finding(file, None, against=f"exec:{shlex.join([sys.executable, '-c', 'raise SystemExit(3)'])}")
    assert answer.answer == "INCONCLUSIVE"
    assert "failed" in answer.why


def test_a_file_that_does_not_name_the_second_one_says_what_to_do(file):
    saved = msgspec.json.decode(file.read_bytes())
    del saved["against"]
    file.write_bytes(msgspec.json.encode(saved))
    with pytest.raises(InputError, match=r"against is about two targets, and does not name the second; name it with --against$"):
        replay_finding(file, None)
    assert replay_finding(file, None, against=RIGHT).answer == "BROKEN"
