"""The registry: what third parties bring stands behind the bundled ones, and what is wrong with one is its own trouble alone."""

import pytest

from indexlab.market.errors import InputError
from indexlab.properties import brought as plug_ins
from indexlab.properties import registry
from indexlab.properties.property import Outcome, Property
from tests.audit.audits import audited
from tests.cli.commands import ran


class Entry:
    """An entry point that gives what it is given, or raises it."""

    def __init__(self, name, given):
        self.name, self.value, self._given = name, f"some_package:{name}", given

    def load(self):
        if isinstance(self._given, Exception):
            raise self._given
        return self._given


def fine(_):
    """Whatever happens, it holds."""
    return Outcome(1, 1)


def raising(_):
    """Whatever happens, it raises."""
    message = "no such thing"
    raise RuntimeError(message)


BROUGHT = (
    Entry("holding", fine),
    Entry("raising", raising),
    Entry("gone", ImportError("no module named elsewhere")),
    Entry("a-number", 7),
    Entry("touchy", Property("touchy", "it minds everything", fine, applies=raising)),
)
BUNDLED = len(registry.properties())


@pytest.fixture
def with_plug_ins(monkeypatch):
    """Let these plug-ins be installed."""
    monkeypatch.setattr(plug_ins, "entry_points", lambda group: BROUGHT if group == plug_ins.GROUP else ())
    registry.properties.cache_clear()
    yield
    monkeypatch.undo()
    registry.properties.cache_clear()


@pytest.mark.usefixtures("with_plug_ins")
def test_what_others_bring_comes_last():
    assert [prop.id for prop in registry.properties()[-len(BROUGHT) :]] == ["a-number", "gone", "holding", "raising", "touchy"]
    assert len(registry.properties()) == BUNDLED + len(BROUGHT)
    assert registry.find_property("holding").statement == "whatever happens, it holds"


@pytest.mark.usefixtures("with_plug_ins")
def test_the_list_names_what_is_wrong_with_one():
    done = ran("properties", "list")
    assert done.exit_code == 0
    lines = {line.split()[0]: line for line in done.stdout.splitlines()}
    assert "cannot be loaded: ImportError: no module named elsewhere" in lines["gone"]
    assert "must name a Property or a function that checks a run, was int" in lines["a-number"]
    assert len(lines) == BUNDLED + len(BROUGHT)


@pytest.mark.usefixtures("with_plug_ins")
def test_the_audit_goes_on_and_only_they_are_inconclusive():
    told = audited("preset:plain-median", only=("hull", *(entry.name for entry in BROUGHT)))
    verdicts = {one.id: one.verdict for one in told.properties().values()}
    assert verdicts == {"hull": "holds", "holding": "holds"} | dict.fromkeys(("raising", "gone", "a-number", "touchy"), "inconclusive")
    reasons = {one.id: one.reason for one in told.properties().values()}
    assert reasons["raising"] == "the check raised RuntimeError: no such thing"
    assert "no module named elsewhere" in reasons["gone"]
    assert "no such thing" in reasons["touchy"]


def test_without_plug_ins_there_are_the_bundled_ones_and_a_slip_gets_the_nearest():
    assert len(registry.properties()) == BUNDLED
    with pytest.raises(InputError, match='did you mean "start-up"'):
        registry.find_property("startup")
