"""What is said of the harness's own power: in the terminal, on a page of its own, and in every audit's report."""

import io
import json

import msgspec
import pytest

from indexlab.audit import power_record
from indexlab.audit.power import Looked, PowerFinished, PowerStarted, Tried
from indexlab.audit.power_record import Alarm, Attempt, Equivalent, Kill, Measured, Power, RightRun, Smallest, Survivor, power_bytes
from indexlab.properties.registry import properties
from indexlab.report import power_view
from indexlab.report.document import report_bytes
from indexlab.report.html import page
from indexlab.report.power_page import power_page
from indexlab.report.power_terminal import PowerTerminal
from indexlab.report.power_text import headline, power_text
from tests.report import samples

SMALLEST = Smallest(3, 4, 1, ["spike"], 40, "kraken alone moved the index by 5 %.")
KILL = Kill("single-source", ["margin-stability"], "0000-00000c", 27, 0.25, SMALLEST)
SLOW = msgspec.structs.replace(KILL, property="quorum", seconds=12.0, evaluations=4000, smallest=None)
HOSTILE = "<script>alert(1)</script>\x1b[2J"


def sample(**changes):
    names = [prop.id for prop in properties()]
    given = {
        "defects": 3,
        "killed": 1,
        "survivors": [Survivor("frozen", ["clamp", "median"], ["median: a time limit"])],
        "equivalent": [Equivalent("reordered", [], "a sum does not depend on the order of its terms")],
        "false_alarms": 1,
        "seconds_median": 0.25,
        "seconds_max": 12.0,
        "matrix": {"no-filter": {"single-source": 54, "margin-stability": 50}, "no-quorum": {"quorum": 3}, "frozen": {}},
        "schema": 1,
        "indexlab": "0.1.0",
        "kind": "in-process",
        "profile": "ci",
        "seed": 7,
        "interrupted": False,
        "pairs": 5,
        "pairs_killed": 3,
        "not_run": [],
        "properties": names,
        "properties_that_kill_nothing": ["determinism"],
        "right_targets": 37,
        "right_profile": "quick",
        "right_scenarios": 120_000,
        "alarms": [Alarm("right:median", "recovery", "violated", "The index was not back in time.")],
        "kills": [Measured("no-filter", "clamp", KILL), Measured("no-quorum", "clamp", SLOW)],
    }
    return Power(**{**given, **changes})


WHOLE = {"survivors": [], "alarms": [], "false_alarms": 0, "killed": 3}


@pytest.fixture
def shipped(monkeypatch):
    """Let this measurement be the one that comes with the package."""

    def ship(power):
        monkeypatch.setattr(power_view, "shipped_power", lambda: power)

    return ship


def test_survivors_come_first_then_false_alarms_then_the_slowest():
    text = power_text(sample(), "reports/power-7")
    places = [
        text.index(word) for word in ("SURVIVOR", "FALSE ALARM", "the slowest kills", "by property", "properties that kill nothing: determinism", "NOT ALL")
    ]
    assert places == sorted(places)
    assert text.index("no-quorum@clamp") < text.index("no-filter@clamp")
    assert text.endswith("report: reports/power-7/power.html")
    assert "3 sources, 4 quotes, 1 fault" in text


@pytest.mark.parametrize(
    ("changes", "word"),
    [
        ({}, "NOT ALL KILLED"),
        (WHOLE, "KILLED ALL"),
        ({**WHOLE, "alarms": [Alarm("x", "y", "violated", "z")]}, "NOT SILENT"),
        ({"interrupted": True}, "INTERRUPTED"),
        ({**WHOLE, "not_run": ["a@b"]}, "NOT ALL KILLED"),
    ],
)
def test_the_last_line_says_how_it_went_and_with_what(changes, word):
    said = headline(sample(**changes))
    assert said.startswith(f"{word}: ")
    assert "profile ci, seed 7" in said
    assert "37 right targets at quick with seed 7" in said


def test_nothing_is_said_of_right_targets_that_were_not_looked_at():
    assert headline(sample(right_targets=0)).endswith("No right target was looked at.")


def test_a_measurement_of_nothing_is_said_too():
    empty = sample(**WHOLE, matrix={}, kills=[], seconds_median=None, seconds_max=None, defects=0, pairs=0, pairs_killed=0, equivalent=[])
    assert "0 planted defects" in power_text(empty)
    assert b"0 defects by 0 properties" in power_page(empty)


def test_without_a_terminal_each_is_a_line_and_the_result_goes_to_the_output():
    out, err = io.StringIO(), io.StringIO()
    terminal = PowerTerminal("somewhere", out, err, {})
    terminal.handle(PowerStarted("0.1.0", "in-process", "ci", 7, 2, 3, 5, 37))
    terminal.handle(Tried(Attempt("no-filter", "clamp", KILL, {}, 30), 1))
    terminal.handle(Tried(Attempt("frozen", "clamp", None, {}, 30, problem="it broke\x1b[2J"), 2))
    terminal.handle(Looked(RightRun("right:median", 300, 30), 3))
    terminal.handle(PowerFinished(sample()))
    terminal.close()
    assert err.getvalue().splitlines()[1:] == ["no-filter@clamp: killed by single-source", "frozen@clamp: SURVIVES (it broke)", "right:median: silent"]
    assert out.getvalue().startswith("1 SURVIVOR")


def test_every_audit_s_report_carries_the_matrix(shipped):
    shipped(sample())
    told, html = json.loads(report_bytes(samples.judged())), page(samples.judged())
    assert told["power"]["matrix"] == sample().matrix
    assert (told["power"]["defects"], told["power"]["killed"], told["power"]["profile"], told["power"]["seed"]) == (3, 1, "ci", 7)
    assert "<td>54" in html
    assert "frozen" in html
    assert "3 defects by 3 properties" in html


def test_a_measurement_of_another_version_or_of_fewer_properties_is_called_that(shipped):
    version = samples.judged().version
    shipped(sample(indexlab=version, properties=[prop.id for prop in properties()][1:]))
    assert "whose power may differ" not in page(samples.judged())
    assert f"newer than the measurement: {properties()[0].id}." in page(samples.judged())
    shipped(sample(indexlab="0.0.1"))
    assert "Measured with indexlab 0.0.1" in page(samples.judged())
    assert json.loads(report_bytes(samples.judged()))["power"]["same_version"] is False


def test_a_version_without_a_measurement_says_so(shipped):
    shipped(None)
    assert "No measurement of power comes with this version" in page(samples.judged())
    assert json.loads(report_bytes(samples.judged()))["power"] is None


def test_what_is_shipped_is_read_and_what_is_no_measurement_is_none(monkeypatch, tmp_path):
    monkeypatch.setattr(power_record.resources, "files", lambda _: tmp_path)
    assert power_record.shipped_power() is None
    (tmp_path / "power.json").write_bytes(power_bytes(sample()))
    assert power_record.shipped_power() == sample()
    (tmp_path / "power.json").write_text('{"defects": "many"}')
    assert power_record.shipped_power() is None


def test_a_page_of_its_own_takes_nothing_from_what_it_shows():
    hostile = sample(alarms=[Alarm(HOSTILE, "recovery", "violated", HOSTILE)], matrix={HOSTILE: {"quorum": 1}}, equivalent=[Equivalent(HOSTILE, [], HOSTILE)])
    written = power_page(hostile).decode()
    assert "<script" not in written
    assert "default-src &#39;none&#39;; style-src &#39;sha256-" in written
    assert "\x1b" not in written
    assert "\x1b" not in power_text(hostile)
