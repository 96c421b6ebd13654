"""The report's words say what was seen and no more."""

import math

import msgspec
import pytest

from indexlab.report.words import count_of, displacement_text, headline, scenarios_text, short_names, worst_finding
from tests.report.samples import held, judged, survey


@pytest.mark.parametrize(
    ("ratio", "said"),
    [
        (None, "–"),
        (math.nan, "–"),
        (0.0, "0.0 bp"),
        (0.00131, "13.1 bp"),
        (0.42, "42 %"),
        (1.9, "190 %"),
        (13.2, "13×"),
        (1.43e11, "1.4e11×"),
        (math.inf, "no bound"),
    ],
)
def test_displacements_are_short(ratio, said):
    """A few characters, in the unit that suits the size."""
    assert displacement_text(ratio) == said


def test_counts_have_their_noun():
    """One fault, two faults, thin groups."""
    assert [count_of(1, "fault"), count_of(2, "fault"), count_of(100_000, "property", "properties")] == ["1 fault", "2 faults", "100 000 properties"]


def test_the_headline_names_what_broke():
    """A broken promise is said with its name, and that something else could not be judged."""
    assert headline(judged()) == (
        "BROKEN",
        "acme-index breaks 1 of 16 properties (silent-source), in 10 000 scenarios. 1 property could not be judged.",
        "broken",
    )


def test_inconclusive_is_not_held():
    """Without a violation, what could not be judged comes before what held."""
    target = msgspec.structs.replace(judged().targets[0], properties=[held("hull"), held("quorum", verdict="inconclusive")])
    said = headline(msgspec.structs.replace(judged(), targets=[target]))
    assert said == ("INCONCLUSIVE", "Found no violation in 10 000 scenarios, but quorum could not be judged for acme-index.", "open")


def test_a_survey_has_no_verdict():
    """It counts who broke the common expectations, and judges nobody."""
    said = headline(survey())
    assert said.word == "SURVEY"
    assert "1 broke at least one (plain-mean); for 7 no violation was found. A survey judges nobody" in said.text


def test_scenarios_are_counted_over_all_targets():
    """The total, and how it is shared."""
    assert scenarios_text(survey()) == "32 000 scenarios (4 000 for each of 8 targets)"


def test_names_are_short_and_different():
    """Two targets that call themselves the same are told apart by their labels, or by their place."""
    target = judged().targets[0]
    other = msgspec.structs.replace(target, target="exec:./acme-index --fast")
    assert short_names([target]) == ["acme-index"]
    assert short_names([target, other]) == ["exec:./acme-index", "exec:./acme-index --fast"]
    assert short_names([target, target]) == ["exec:./acme-index #1", "exec:./acme-index #2"]


def test_the_worst_finding_is_a_moved_margin_state():
    """Of many findings the one about margin states is shown first; without findings there is none."""
    assert worst_finding(survey()).property == "margin-stability"
    assert worst_finding(msgspec.structs.replace(judged(), targets=[])) is None
