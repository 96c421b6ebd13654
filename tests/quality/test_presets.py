"""The bundled methodologies under the promise and the waivers that their files declare: the audit reports nothing but the declared."""

import pytest

from indexlab.index.catalogue import preset_names
from tests.audit.audits import audited


def undeclared(name, **changes):
    """Audit one preset; return what is neither kept, nor waived, nor without occasion."""
    told = audited(f"preset:{name}", budget=None, **changes)
    return {one.id: one.reason for one in told.properties().values() if one.verdict not in {"holds", "waived", "not-applicable"}}


@pytest.mark.long
@pytest.mark.parametrize("seed", [1, 2, 3, 4, 5])
@pytest.mark.parametrize("name", preset_names())
def test_a_preset_breaks_nothing_but_what_it_declares_at_quick(name, seed):
    assert undeclared(name, seed=seed) == {}


@pytest.mark.long
@pytest.mark.parametrize("name", preset_names())
def test_a_preset_breaks_nothing_but_what_it_declares_at_ci(name):
    assert undeclared(name, profile="ci") == {}
