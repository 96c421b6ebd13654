"""Checks that raise (always, or when a finding is shrunk), that give nothing, that cannot say whether they apply; and a number where one should be."""

from indexlab.properties.property import Breach, Occasion, Outcome, Property
from indexlab.properties.run import Run


def raising(run: Run) -> Outcome:
    """Divide by nothing."""
    return Outcome(len(run.twins) // 0, 0)


def none_given(run: Run) -> None:
    """The index is beautiful."""


def touchy(run: Run) -> Outcome:
    """A batch of several twins is never right."""
    if len(run.twins) < 2:
        message = "this cannot be told of a twin alone"
        raise RuntimeError(message)
    return Outcome(len(run.twins), 1, 1, Breach(0, 0, 1.0, "Something is wrong.", "nothing wrong", "something", "clean twin"))


def undecided(_: Occasion) -> str:
    message = "no such key"
    raise KeyError(message)


RAISING = Property(id="raising", statement="the index survives a division by nothing", check=raising)
UNDECIDED = Property(id="undecided", statement="nobody knows when this applies", check=raising, applies=undecided)
NUMBER = 7
