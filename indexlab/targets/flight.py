"""Requests on their way to a process: a line each, or a line a batch, a few in flight at once, each answer matched with its own by the id."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from indexlab.market.errors import TargetFailure
from indexlab.targets.protocol import Pieces, batch_parts, decode_batch, decode_result, id_of, outcome_of, request_parts, shape_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from indexlab.targets.life import Life
    from indexlab.targets.target import Outcome, Request

__all__ = ["Flight", "Parcel"]

_IN_FLIGHT: Final = 4
"""So many runs are with a target at once: one that it works on, the others so that it finds the next at hand."""
_BATCHES_IN_FLIGHT: Final = 2
_OUT_OF_ORDER: Final = "the target answers out of order; its answers were matched by their ids"


@dataclass(frozen=True, slots=True)
class Parcel:
    """What goes out as one line: a run, or a batch of runs."""

    request_id: int
    requests: Sequence[Request]
    is_batch: bool

    def parts(self, uses: Sequence[str], pieces: Pieces) -> list[bytes]:
        """Return the line, in parts to be written one after another."""
        if self.is_batch:
            return batch_parts(self.request_id, self.requests, uses, pieces)
        return request_parts(self.request_id, self.requests[0], uses, pieces)

    def decode(self, line: bytes) -> list[Outcome]:
        """Read the line that answers it; what is wrong with one run is its outcome. Raises TargetFailure where the line is no answer to it."""
        if self.is_batch:
            return decode_batch(line, self.request_id, [shape_of(request) for request in self.requests])
        return [outcome_of(decode_result(line, self.request_id), shape_of(self.requests[0]))]


class Flight:
    """Parcels in the order in which they are wanted, the first few of which are in flight to one life."""

    def __init__(self, parcels: Iterable[Parcel], uses: Sequence[str]) -> None:
        """Nothing is sent yet."""
        self.parcels = deque(parcels)
        self._uses, self._pieces = uses, Pieces()
        self._life: Life | None = None
        self._sent: deque[Parcel] = deque()
        self._first_id = 0  # that this life was sent
        self._early: dict[int, bytes] = {}

    def send_ahead(self, life: Life) -> None:
        """Send what has room to be in flight. A new life is asked one thing until it has answered: what it cannot bear is told apart from what came after."""
        if life is not self._life:
            self._life = life
            self._sent.clear()
            self._early.clear()
            self._first_id = self.parcels[0].request_id
        room = (_BATCHES_IN_FLIGHT if self.parcels[0].is_batch else _IN_FLIGHT) if life.answered else 1
        while len(self._sent) < min(room, len(self.parcels)):
            parcel = self.parcels[len(self._sent)]
            life.pipes.send(*parcel.parts(self._uses, self._pieces))
            self._sent.append(parcel)

    def land(self, life: Life, next_line: Callable[[], bytes]) -> list[Outcome]:
        """Return the outcomes of the first parcel, and take it off; answers to others in flight are kept. Raises TargetFailure."""
        parcel = self.parcels[0]
        line = self._early.pop(parcel.request_id, None)
        came_early = line is not None
        while True:
            line = line if line is not None else next_line()
            try:
                outcomes = parcel.decode(line)
                break
            except TargetFailure as failure:
                if failure.kind != "wrong-id":
                    raise
                self._keep(line, life, failure)
                line = None
        self.drop(1)
        return [_noted(outcome) for outcome in outcomes] if came_early else outcomes

    def drop(self, count: int) -> list[Parcel]:
        """Take the first parcels off, and return them."""
        dropped = [self.parcels.popleft() for _ in range(count)]
        for parcel in dropped:
            if self._sent and self._sent[0] is parcel:
                self._sent.popleft()
        return dropped

    def unpack(self, next_id: Callable[[], int]) -> None:
        """Take what is left apart into single runs; nothing may be in flight."""
        runs = [request for parcel in self.parcels for request in parcel.requests]
        self.parcels = deque(Parcel(next_id(), (request,), is_batch=False) for request in runs)
        self._life = None

    def suspects(self) -> int:
        """Return how many parcels the last line, or its absence, can be about: the first; all in flight where answers do not keep to an order."""
        return len(self._sent) if self._life is not None and self._life.is_out_of_order else 1

    def _keep(self, line: bytes, life: Life, failure: TargetFailure) -> None:
        """Keep an answer that came before its turn; raises the failure where nobody waits for it."""
        given = id_of(line)
        in_flight = [parcel.request_id for parcel in self._sent][1:]
        if given in in_flight and given not in self._early:
            life.is_out_of_order = True
            self._early[given] = line
            return
        if given is not None and (given in self._early or self._first_id <= given < self.parcels[0].request_id):
            raise TargetFailure(failure.kind, f"{failure.detail}, which was answered already")
        raise failure


def _noted(outcome: Outcome) -> Outcome:
    return outcome if isinstance(outcome, TargetFailure) else replace(outcome, notes=(*outcome.notes, _OUT_OF_ORDER))
