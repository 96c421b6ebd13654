"""What runs of pytest within pytest load is forgotten after each of them, and numba, for one, cannot be loaded twice: here it is loaded before."""

import pytest

from tests.audit.audits import audited
from tests.pytest_plugin.audits import FEW


@pytest.fixture(scope="session", autouse=True)
def loaded():
    audited("preset:plain-mean", budget=FEW, only=("hull", "margin-stability"))
