"""`positive`: the smallest property there is, a function."""

import numpy as np

from indexlab.properties.property import Breach, Outcome
from indexlab.properties.run import CLEAN, Run


def positive(run: Run) -> Outcome:
    """No published index is 0 or less."""
    value = run.clean.value[0]
    wrong = np.flatnonzero(value <= 0)
    breach = None
    if len(wrong):
        at = int(wrong[0])
        breach = Breach(CLEAN, at, 1.0, "The index fell to 0 or below.", "an index above 0", f"index {value[at]}", "clean twin")
    return Outcome(scenarios=1, premise_met=1, breached=int(len(wrong) > 0), breach=breach)
