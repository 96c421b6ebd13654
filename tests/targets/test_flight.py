"""What is in flight comes home in the order in which it is wanted, whatever the order of the answers."""

from __future__ import annotations

import json
from collections import deque

import pytest
from hypothesis import given
from hypothesis import strategies as st

from indexlab.market.errors import TargetFailure
from indexlab.targets.flight import Flight, Parcel
from indexlab.targets.target import PRICE
from tests.targets.conversations import agreeing, request

RUN = request([(0, 0, 5.0)], seconds=1, n=1)


class Life:
    """A life whose lines are kept, for a test to answer them."""

    def __init__(self, answered=True):
        self.answered, self.is_out_of_order, self.pipes, self.sent = answered, False, self, []

    def send(self, *parts):
        line = json.loads(b"".join(parts))
        count = len(line["params"]) if line["method"] == "index_batch" else None
        self.sent.append((line["id"], count))


def parcels(sizes, first_id=10):
    """A single run for 0, else a batch of so many."""
    return [Parcel(first_id + place, (RUN,) * max(size, 1), is_batch=size > 0) for place, size in enumerate(sizes)]


def line(request_id, count=None):
    result = {"index": [float(request_id)], "status": ["ok"]}
    return json.dumps({"id": request_id, "result": result if count is None else [result] * count}).encode()


@given(st.lists(st.integers(0, 3), min_size=1, max_size=12), st.data())
def test_every_answer_lands_where_it_belongs(sizes, data):
    life, flight, unanswered, landed = Life(), Flight(parcels(sizes), PRICE), deque(), []

    def next_line():
        unanswered.extend(life.sent)
        life.sent.clear()
        assert len(unanswered) <= 4
        place = data.draw(st.integers(0, len(unanswered) - 1))
        request_id, count = unanswered[place]
        del unanswered[place]
        return line(request_id, count)

    while flight.parcels:
        flight.send_ahead(life)
        landed += flight.land(life, next_line)
    assert [outcome.value[0] for outcome in landed] == [10.0 + place for place, size in enumerate(sizes) for _ in range(max(size, 1))]


def test_a_new_life_is_asked_one_thing_until_it_has_answered():
    life, flight = Life(answered=False), Flight(parcels([0] * 6), PRICE)
    flight.send_ahead(life)
    assert [request_id for request_id, _ in life.sent] == [10]
    life.answered = True
    flight.land(life, lambda: line(10))
    flight.send_ahead(life)
    assert [request_id for request_id, _ in life.sent] == [10, 11, 12, 13, 14]
    another = Life(answered=False)
    flight.send_ahead(another)
    assert [request_id for request_id, _ in another.sent] == [11]


@pytest.mark.parametrize(
    ("lines", "detail", "suspects"),
    [
        ([line(17)], "it was 7 more", 1),
        ([line(9)], "it was 1 less", 1),
        ([line(12), line(12)], "it was 2 more, which was answered already", 4),
        ([line(12), line(11), line(14)], "it was 4 more", 4),
    ],
)
def test_an_id_that_nobody_waits_for_is_named_and_who_can_be_to_blame(lines, detail, suspects):
    life, flight = Life(), Flight(parcels([0] * 8), PRICE)
    flight.send_ahead(life)
    with pytest.raises(TargetFailure) as caught:
        flight.land(life, iter(lines).__next__)
    assert caught.value.kind == "wrong-id"
    assert caught.value.detail.endswith(detail)
    assert flight.suspects() == suspects
    assert [parcel.request_id for parcel in flight.drop(suspects)] == list(range(10, 10 + suspects))


def test_what_was_answered_before_is_told_from_what_was_never_asked():
    life, flight = Life(), Flight(parcels([0] * 3), PRICE)
    flight.send_ahead(life)
    flight.land(life, lambda: line(10))
    for request_id, ending in ((10, "1 less, which was answered already"), (9, "2 less")):
        with pytest.raises(TargetFailure, match=f"it was {ending}$"):
            flight.land(life, lambda request_id=request_id: line(request_id))


def test_a_line_without_an_id_is_not_taken_for_another_answer():
    life, flight = Life(), Flight([Parcel(1, (agreeing(),), is_batch=False)], PRICE)
    flight.send_ahead(life)
    with pytest.raises(TargetFailure, match="it is missing"):
        flight.land(life, lambda: b'{"result": {}}')
