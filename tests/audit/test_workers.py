"""Workers leave nothing behind: neither a wish to hurry, nor a process."""

from indexlab.audit.work import enough
from indexlab.audit.workers import Workers


def test_a_wish_to_hurry_ends_with_the_audit_that_had_it():
    """In one process, what is done after an interrupted audit must not be cut short by it."""
    workers = Workers(1)
    assert list(workers.in_order(lambda _, item: (item, enough.ask()), None, [1, 2], stop=lambda: False, hurry=lambda: True)) == [(1, True), (2, True)]
    workers.close(at_once=False)
    assert enough.ask() is False
