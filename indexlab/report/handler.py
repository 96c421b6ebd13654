"""What hears the events of an audit: anything with a `handle`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from indexlab.audit.events import Event

__all__ = ["Handler"]


class Handler(Protocol):
    """One listener of the event stream; handlers know nothing of one another, and one that does not care for an event ignores it."""

    def handle(self, event: Event) -> None:
        """Take one event, in the order in which the audit gave it."""
