"""The registry: what is bundled, what third parties bring, and what is said of a bad one."""

import subprocess
import sys
from importlib.metadata import EntryPoint
from pathlib import Path

import pytest

from indexlab.faults import registry
from indexlab.faults.fault import FAMILIES, Fault
from indexlab.faults.registry import BUNDLED, GROUP, fault, fault_names
from indexlab.market.errors import InputError


@pytest.fixture
def foreign(monkeypatch):
    """Let a test say which third-party entry points there are."""

    def bring(**found: str) -> None:
        entries = [EntryPoint(name, value, GROUP) for name, value in found.items()]
        monkeypatch.setattr(registry, "entry_points", lambda **_: entries)
        fault.cache_clear()

    yield bring
    fault.cache_clear()


@pytest.mark.parametrize("name", BUNDLED)
def test_every_bundled_fault_is_what_its_file_says(name: str) -> None:
    """One small file a fault: named after it, with a statement and an example of where it happened."""
    found = fault(name)
    assert found.name == name
    assert found.summary
    assert 0 < found.example <= 1
    module = sys.modules[f"indexlab.faults.{name.replace('-', '_')}"]
    assert (module.__doc__ or "").startswith(f"{name}: ")
    told = " ".join(str(module.__doc__).split())
    assert "It happened: " in told or "tands for " in told
    assert found.family in FAMILIES
    assert len(Path(str(module.__file__)).read_text().splitlines()) <= 80


def test_an_unknown_name_is_answered_with_the_nearest() -> None:
    with pytest.raises(InputError, match='there is no fault "relabeled-lag"; did you mean "relabelled-lag"'):
        fault("relabeled-lag")


def test_a_third_party_brings_its_fault(foreign) -> None:
    foreign(hers="indexlab.faults.stop:FAULT", mine="indexlab.faults.stop:FAULT")
    assert fault_names() == (*BUNDLED, "hers", "mine")


@pytest.mark.parametrize(
    ("value", "said"),
    [
        ("no.such.module:FAULT", "cannot be loaded: ModuleNotFoundError"),
        ("indexlab.faults.stop:NOTHING", "cannot be loaded: AttributeError"),
        ("indexlab.faults.sizes:MAX_DECADES", "must be an object of indexlab.faults.fault.Fault, was int"),
        ("indexlab.faults.stop:FAULT", 'must have the name of its entry point, was "stop"'),
    ],
)
def test_a_bad_third_party_is_named_and_hurts_no_other(foreign, value: str, said: str) -> None:
    foreign(mine=value)
    with pytest.raises(InputError) as refused:
        fault("mine")
    assert str(refused.value).startswith(f'the fault "mine" ({value}) ')
    assert said in str(refused.value)
    assert isinstance(fault("spike"), Fault)


def test_a_third_party_cannot_take_a_bundled_name(foreign) -> None:
    foreign(spike="somewhere:FAULT")
    with pytest.raises(InputError, match=r'"spike" \(somewhere:FAULT\) has the name of a bundled one; rename the entry point'):
        fault_names()


@pytest.mark.parametrize(
    ("statement", "absent"),
    [
        ("import indexlab.faults.registry as r; r.fault_names()", {"numpy", "numba", "polars", "scipy"}),
        ("import indexlab.faults.registry as r, indexlab.faults.show as s; [s.picture(n) for n in r.fault_names()]", {"numba", "polars", "scipy"}),
        ("import indexlab.faults.spec, indexlab.faults.sizes, indexlab.margin.account", {"numpy", "numba"}),
    ],
)
def test_naming_faults_loads_nothing_heavy(statement: str, absent: set[str]) -> None:
    root = Path(registry.__file__).resolve().parents[2]
    run = subprocess.run([sys.executable, "-c", f"import sys; {statement}; print(*sys.modules)"], cwd=root, capture_output=True, text=True, check=True)
    assert not absent & set(run.stdout.split())
