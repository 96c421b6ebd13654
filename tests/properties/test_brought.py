"""What third parties bring: a property or a function is taken as it is, and whatever its check gives is looked at before anything stumbles over it."""

from dataclasses import replace
from importlib.metadata import EntryPoint

import numpy as np
import pytest

from indexlab.market.errors import InputError
from indexlab.properties import brought as module
from indexlab.properties.brought import GROUP, brought
from indexlab.properties.property import Breach, ByTwin, Occasion, Outcome, Property
from tests.properties.recording import EXPECT, level, recorded

RUN = recorded(level(1.5, 0), level(1.5, 1))
GOOD = Outcome(2, 2, 1, Breach(1, 3, 0.1, "It moved.", "no move", "a move", "clean twin"))
NONE = np.zeros(3, dtype=bool)


@pytest.fixture
def bring(monkeypatch):
    """Let a test say what entry points give."""

    def given(**found):
        class Given(EntryPoint):
            def load(self):
                return found[self.name]

        entries = [Given(name, f"acme:{name}", GROUP) for name in found]
        monkeypatch.setattr(module, "entry_points", lambda group: entries if group == GROUP else [])
        return brought({"hull"})

    return given


def prop_giving(outcome, name="mine"):
    return Property(name, "something holds", lambda _: outcome)


def test_a_property_is_taken_as_it_is(bring):
    mine = replace(prop_giving(GOOD), needs=("absent",), metamorphic=True, hurt="us", applies=lambda _: "not today")
    (found,) = bring(mine=mine)
    assert replace(found, check=mine.check, applies=mine.applies) == mine
    assert found.check(RUN) is GOOD
    assert found.applies(Occasion(EXPECT, ("price",), ("index",))) == "not today"


def test_a_function_is_a_property_of_its_entry_points_name(bring):
    def check(run):
        """Something holds.

        And more is said of it.
        """
        return GOOD

    (found,) = bring(mine=check)
    assert (found.id, found.statement) == ("mine", "something holds")
    assert found.check(RUN) is GOOD


@pytest.mark.parametrize(
    ("outcome", "said"),
    [
        (None, "it must return an Outcome, was NoneType"),
        (replace(GOOD, premise_met=np.int64(2)), "its counts must be whole numbers from 0 on"),
        (replace(GOOD, scenarios=-1), "its counts must be whole numbers from 0 on"),
        (replace(GOOD, breached=0), "it must show a breach exactly where it counts one, counted 0"),
        (replace(GOOD, breach=None), "it must show a breach exactly where it counts one, counted 1"),
        (replace(GOOD, breach="it moved"), "its breach must be a Breach, was str"),
        (replace(GOOD, breach=replace(GOOD.breach, twin=2)), "its breach must lie in one of 2 twins"),
        (replace(GOOD, breach=replace(GOOD.breach, at=-1)), "its breach must lie in one of 2 twins"),
        (replace(GOOD, by_twin=ByTwin(NONE, NONE, np.zeros(3))), r"by_twin must have an entry for each of the 2 broken twins, had \[3\]"),
    ],
)
def test_an_outcome_that_nobody_could_use_is_the_checks_own_failure(bring, outcome, said):
    (found,) = bring(mine=prop_giving(outcome))
    with pytest.raises(TypeError, match=said):
        found.check(RUN)


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (7, "must name a Property or a function that checks a run, was int"),
        (prop_giving(GOOD, "yours"), 'must have the name of its property "yours"'),
    ],
)
def test_what_is_no_property_stands_in_the_list_with_what_is_wrong_with_it(bring, given, said):
    (found,) = bring(mine=given)
    assert (found.id, found.statement) == ("mine", f"entry point indexlab.properties mine {said}")
    with pytest.raises(InputError, match=said):
        found.check(RUN)


def test_an_applies_that_raises_leaves_it_to_the_check_to_raise_the_same(bring):
    def undecided(occasion):
        raise KeyError(occasion.provides)

    (found,) = bring(mine=replace(prop_giving(GOOD), applies=undecided))
    assert found.applies(Occasion(EXPECT, ("price",), ("index",))) == ""
    with pytest.raises(KeyError):
        found.check(RUN)


def test_a_name_that_is_taken_is_refused(bring):
    with pytest.raises(InputError, match=r'^the property "hull" \(acme:hull\) has the name of a bundled one; rename the entry point'):
        bring(hull=prop_giving(GOOD, "hull"))
