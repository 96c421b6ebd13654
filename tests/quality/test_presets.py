"""The bundled methodologies under the promise and the waivers that their files declare: the audit reports nothing but the declared."""

import pytest

from indexlab.index.catalogue import preset_names
from tests.audit.audits import audited

CONTROL = "plain-mean"
"""Nobody's rules, bundled to be broken: its file waives nothing, so that an audit of it shows what a broken promise looks like."""
NAMES = tuple(name for name in preset_names() if name != CONTROL)


def undeclared(name, **changes):
    """Audit one preset; return what is neither kept, nor waived, nor without occasion."""
    told = audited(f"preset:{name}", budget=None, **changes)
    return {one.id: one.reason for one in told.properties().values() if one.verdict not in {"holds", "waived", "not-applicable"}}


@pytest.mark.long
@pytest.mark.parametrize("seed", [1, 2, 3, 4, 5])
@pytest.mark.parametrize("name", NAMES)
def test_a_preset_breaks_nothing_but_what_it_declares_at_quick(name, seed):
    assert undeclared(name, seed=seed) == {}


@pytest.mark.long
@pytest.mark.parametrize("name", NAMES)
def test_a_preset_breaks_nothing_but_what_it_declares_at_ci(name):
    assert undeclared(name, profile="ci") == {}


@pytest.mark.long
def test_the_control_is_found_broken_and_nothing_about_it_is_left_open():
    told = audited(f"preset:{CONTROL}", budget=None, seed=1).properties().values()
    assert {"single-source", "invalid-values", "margin-stability"} <= {one.id for one in told if one.verdict == "violated"}
    assert not [one.id for one in told if one.verdict in {"inconclusive", "waived"}]
