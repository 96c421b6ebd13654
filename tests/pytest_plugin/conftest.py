"""What runs of pytest within pytest load is forgotten after each of them, and numba, for one, cannot be loaded twice: here it is loaded before."""

import pytest
from hypothesis import core

from tests.audit.audits import audited
from tests.pytest_plugin.audits import FEW


@pytest.fixture(scope="session", autouse=True)
def loaded():
    audited("preset:plain-mean", budget=FEW, only=("hull", "margin-stability"))


@pytest.fixture(autouse=True)
def _own_seed(monkeypatch):
    """A run within ours that is given `--hypothesis-seed` leaves it behind for the whole process: later tests would draw by it, and keep no example."""
    monkeypatch.setattr(core, "global_force_seed", core.global_force_seed)
