"""The examples in the docstrings of what `indexlab.testing` offers are there, run, and say what comes out."""

import doctest
import inspect

import pytest

import indexlab.testing
from indexlab.audit.plan import Budget
from indexlab.testing.machine import IndexMachine
from tests.audit.audits import spending

OFFERED = {name: getattr(indexlab.testing, name) for name in indexlab.testing.__all__}
FUNCTIONS = {name: found for name, found in OFFERED.items() if inspect.isfunction(found) and name != "close_all"}


@pytest.mark.parametrize("name", sorted(FUNCTIONS))
def test_a_function_has_an_example_that_runs(name):
    function = FUNCTIONS[name]
    (test,) = doctest.DocTestFinder(recurse=False).find(function, name, globs=dict(OFFERED))
    assert test.examples, f"{name} has no example"
    said = []
    with spending(Budget(batches=1, twins=2, shrink=40, seconds=1e9)):
        result = doctest.DocTestRunner(verbose=False).run(test, out=said.append)
    assert result.failed == 0, "".join(said)


def test_everything_offered_says_what_it_is():
    for name, found in OFFERED.items():
        assert (inspect.getdoc(found) or "").strip(), name
    assert issubclass(indexlab.testing.index_machine(lambda sources: None), IndexMachine)


def test_what_is_offered_is_sorted_and_there():
    assert indexlab.testing.__all__ == sorted(indexlab.testing.__all__)
