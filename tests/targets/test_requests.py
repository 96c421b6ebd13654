"""The server's side: what a client sends is read strictly, and what encode_request writes comes back to the bit."""

from __future__ import annotations

import contextlib
import json
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from indexlab.index.determination import Determinations
from indexlab.market.errors import InputError
from indexlab.market.levels import Levels
from indexlab.market.quotes import Quotes
from indexlab.market.rates import Rate
from indexlab.market.source import Source
from indexlab.targets import requests
from indexlab.targets.protocol import decode_description, decode_determinations, encode_request
from indexlab.targets.requests import check_describe, encode_description, encode_result, read_call, read_params, read_request, read_requests
from indexlab.targets.target import BOOK, Description, Request
from tests.targets.conversations import START, agreeing

SOURCES = [{"id": "a", "venue": "a", "quote": "USD"}, {"id": "b", "venue": "b", "quote": "EUR", "weight": 2, "upstream": "feed"}]
OBSERVATIONS = {"receive_time": [10, 20, 20], "event_time": [9, 20, 19], "source": [0, 1, 0], "price": [1.5, None, 3]}
RATE = {"receive_time": [5, 6], "event_time": [5, 5], "price": [1.1, None]}
RIGHT = {"sources": SOURCES, "observations": OBSERVATIONS, "times": [15, 30]}

number = st.floats(allow_infinity=False, allow_nan=False)
nullable = number | st.just(math.nan)
moment = st.integers(0, 2**53 - 1)
side = st.lists(st.tuples(nullable, nullable), max_size=3)


@st.composite
def runs(draw):
    n, sources = draw(st.integers(0, 5)), draw(st.integers(1, 3))

    def column(of=nullable):
        return np.array(draw(st.lists(of, min_size=n, max_size=n)), dtype=np.float64)

    quotes = Quotes.from_columns(
        receive_time=np.array(sorted(draw(st.lists(moment, min_size=n, max_size=n))), dtype=np.int64),
        event_time=np.array(draw(st.lists(moment, min_size=n, max_size=n)), dtype=np.int64),
        source=np.array(draw(st.lists(st.integers(0, sources - 1), min_size=n, max_size=n)), dtype=np.int64),
        price=column(),
        bid=draw(st.none() | st.builds(column)),
        ask=draw(st.none() | st.builds(column)),
        volume=draw(st.none() | st.builds(column)),
        confidence=draw(st.none() | st.builds(column)),
        trade_size=draw(st.none() | st.builds(column)),
        book=draw(st.none() | st.builds(Levels.from_lists, st.lists(st.none() | st.tuples(side, side), min_size=n, max_size=n))),
    )
    if n and draw(st.booleans()):
        quotes = quotes.take(np.arange(n)[::-1])  # levels in an order of their own; times must go forward again
        quotes = quotes.with_columns(receive_time=np.sort(quotes.receive_time))
    moments = np.array(sorted(draw(st.lists(moment, max_size=4))), dtype=np.int64)
    basket = tuple(
        Source(f"s{i}", f"v{i}", draw(st.sampled_from(["USD", "EUR"])), draw(st.floats(0.5, 2.0)), draw(st.none() | st.just("feed"))) for i in range(sources)
    )
    rates = draw(st.none() | st.just({"EUR": Rate.from_columns(receive_time=[1, 2], event_time=[0, 2], price=[1.5, None])}))
    return Request(basket, quotes, moments, rates=rates)


@given(runs())
def test_what_is_sent_is_what_is_read(asked):
    request_id, wrong, method, params = read_call(encode_request(7, asked))
    assert (request_id, wrong, method) == (7, None, "index")
    read = read_request(params)
    assert read.basket == asked.basket
    assert read.quotes.equals(asked.quotes)
    assert [getattr(read.quotes, name).dtype for name in ("receive_time", "event_time", "source")] == [np.int64, np.int64, np.int32]
    assert np.array_equal(read.times, asked.times)
    assert read.times.dtype == np.int64
    assert (read.rates or {}).keys() == (asked.rates or {}).keys()
    assert all(read.rates[currency].equals(rate) for currency, rate in (asked.rates or {}).items())


def test_the_wire_form_of_the_optional_columns():
    asked = agreeing(n=2)
    book = Levels.from_lists([([(1.0, 2.0), (math.nan, 3.0)], [(4.0, 5.0)]), None])
    quotes = asked.quotes.with_columns(confidence=np.array([0.5, np.nan]), trade_size=np.array([np.nan, 2.0]), book=book)
    rates = {"EUR": Rate.from_columns(receive_time=[START], price=[1.25])}
    params = json.loads(encode_request(7, Request(asked.basket, quotes, asked.times, rates=rates)))["params"]
    assert params["observations"]["confidence"] == [0.5, None]
    assert params["observations"]["trade_size"] == [None, 2.0]
    assert params["observations"]["book"] == [{"bids": [[1.0, 2.0], [None, 3.0]], "asks": [[4.0, 5.0]]}, None]
    assert params["rates"] == {"EUR": {"receive_time": [START], "event_time": [START], "price": [1.25]}}
    assert not {"confidence", "trade_size", "book"} & json.loads(encode_request(7, asked))["params"]["observations"].keys()
    assert "rates" not in json.loads(encode_request(7, asked))["params"]


def test_what_a_request_may_leave_out_and_what_is_ignored():
    read = read_request({**RIGHT, "colour": "red", "observations": {**OBSERVATIONS, "mood": 3, "bid": None}, "rates": None})
    assert [(source.weight, source.upstream) for source in read.basket] == [(1.0, None), (2.0, "feed")]
    assert np.isnan(read.quotes.volume).all()
    assert (read.quotes.confidence, read.quotes.trade_size, read.quotes.book, read.rates) == (None, None, None, None)
    assert read.explain


@pytest.mark.parametrize(
    ("line", "request_id", "message"),
    [
        (b"", None, "sent an empty line"),
        (b"garbage\n", None, "sent a line that is no JSON: garbage·"),
        (b"\xff\xfe", None, "sent a line that is no"),
        (b"[]", None, "the request must be an object, was a list of 0"),
        (b"null", None, "the request must be an object, is missing"),
        (b"{}", None, "id must be a whole number, is missing"),
        (b'{"id": true, "method": "index", "params": {}}', None, "id must be a whole number, was true"),
        (b'{"id": 1.5, "method": "index", "params": {}}', None, "id must be a whole number, was 1.5"),
        (b'{"id": 9007199254740993, "method": "index", "params": {}}', None, "id must be a whole number, was 9007199254740993"),
        (b'{"id": 3}', 3, "method must be a text of 1 to 200 characters, was null"),
        (b'{"id": 3, "method": "index", "params": {"x": NaN}}', None, "sent NaN, which is no JSON"),
        (b'{"id": 3, "method": "index", "params": {"x": -Infinity}}', None, "sent Infinity, which is no JSON"),
        (b'{"id": 3, "method": "index", "params": {"x": 1e999}}', None, "the request must hold numbers that fit double precision"),
        (b'{"id": 3, "method": "index", "params": {"x": ' + b"[" * 100_000, None, "sent a line that is nested too deep to read"),
        (b'{"id": 3, "method": "index", "params": {', None, "sent a line that is no JSON (it ends too soon)"),
    ],
)
def test_a_line_that_is_no_request_is_refused_with_the_id_where_it_has_one(line, request_id, message):
    got, wrong, _, _ = read_call(line)
    assert got == request_id
    assert str(wrong).startswith(message)
    assert len(str(wrong)) < 300


def changed(**observations):
    return {**RIGHT, "observations": {**OBSERVATIONS, **observations}}


def source_changed(**keys):
    return {**RIGHT, "sources": [{**SOURCES[0], **keys}, SOURCES[1]]}


def rate_changed(**keys):
    return {**RIGHT, "rates": {"EUR": {**RATE, **keys}}}


WRONG = [
    ({}, "sources must be a list, is missing"),
    ({**RIGHT, "sources": {}}, "sources must be a list, was an object"),
    ({**RIGHT, "sources": []}, "sources must name at least one source"),
    ({**RIGHT, "sources": ["a"]}, 'sources[0] must be an object, was "a"'),
    ({**RIGHT, "sources": [SOURCES[0]] * 2}, 'sources.id must be a unique name, was "a" twice'),
    ({**RIGHT, "sources": [SOURCES[0]] * 1025}, "sources must not have more than 1024 sources, has 1025"),
    (source_changed(id=""), 'sources[0].id must be a text of 1 to 200 characters, was ""'),
    (source_changed(venue=None), "sources[0].venue must be a text of 1 to 200 characters, was null"),
    (source_changed(quote=3), "sources[0].quote must be a text of 1 to 200 characters, was 3"),
    (source_changed(weight="1"), 'sources[0].weight must be a number, was "1"'),
    (source_changed(weight=True), "sources[0].weight must be a number, was true"),
    (source_changed(weight=-1), 'sources.weight must be a finite number of at least 0, was -1.0 for "a"'),
    (source_changed(weight=10**400), "sources[0].weight must fit a double-precision number, is too large"),
    (source_changed(upstream=3), "sources[0].upstream must be a text of 1 to 200 characters, was 3"),
    ({**RIGHT, "times": None}, "times must be a list, is missing"),
    ({**RIGHT, "times": [30, 15]}, "times[1] must not go back in time, was 15 after 30"),
    ({**RIGHT, "times": [1.0]}, "times[0] must be microseconds since 1970, a whole number up to 9007199254740991, was 1.0"),
    ({**RIGHT, "times": [True]}, "times[0] must be microseconds since 1970, a whole number up to 9007199254740991, was true"),
    ({**RIGHT, "times": [-1]}, "times[0] must be microseconds since 1970, a whole number up to 9007199254740991, was -1"),
    ({**RIGHT, "times": [2**64]}, "times[0] must be microseconds since 1970, a whole number up to 9007199254740991, was 18446744073709551616"),
    (
        {**RIGHT, "times": [10**100]},
        "times[0] must be microseconds since 1970, a whole number up to 9007199254740991, was a whole number of more than 60 digits",
    ),
    ({**RIGHT, "observations": None}, "observations must be an object, is missing"),
    ({**RIGHT, "observations": []}, "observations must be an object, was a list of 0"),
    (changed(receive_time=[20, 10, 20]), "observations.receive_time[1] must not go back in time, was 10 after 20"),
    (changed(receive_time=None), "observations.receive_time must be a list, is missing"),
    (changed(event_time=None), "observations.event_time must be a list, is missing"),
    (changed(event_time=[9, None, 9]), "observations.event_time[1] must be microseconds since 1970, a whole number up to 9007199254740991, was null"),
    (changed(event_time=[9]), "observations.event_time must have 3 entries, one for each observation, has 1"),
    (changed(source=[0, 2, 0]), "observations.source[1] must be a position in the list of 2 sources, was 2"),
    (changed(source=[0, -1, 0]), "observations.source[1] must be a position in the list of 2 sources, was -1"),
    (changed(source=["a", 0, 0]), 'observations.source[0] must be a position in the list of 2 sources, was "a"'),
    (changed(price=None), "observations.price must be a list, is missing"),
    (changed(price=[1, "2", 3]), 'observations.price[1] must be a number or null, was "2"'),
    (changed(price=[1, True, 3]), "observations.price[1] must be a number or null, was true"),
    (changed(price=[1, 10**400, 3]), "observations.price[1] must fit a double-precision number, is too large"),
    (changed(bid=[1]), "observations.bid must have 3 entries, one for each observation, has 1"),
    (changed(confidence=[1]), "observations.confidence must have 3 entries, one for each observation, has 1"),
    (changed(trade_size=["x", 1, 1]), 'observations.trade_size[0] must be a number or null, was "x"'),
    (changed(book=[None]), "observations.book must have 3 entries, one for each observation, has 1"),
    (changed(book=[None, [], None]), "observations.book[1] must be an object, was a list of 0"),
    (changed(book=[None, {"bids": []}, None]), "observations.book[1].asks must be a list, is missing"),
    (changed(book=[None, {"bids": [[1, 2], [1]], "asks": []}, None]), "observations.book[1].bids[1] must be a price and a size, was a list of 1"),
    (changed(book=[None, {"bids": [[1, "2"]], "asks": []}, None]), 'observations.book[1].bids[0][1] must be a number or null, was "2"'),
    (changed(book=[None, {"bids": [], "asks": [[10**400, 2]]}, None]), "observations.book[1].asks[0][0] must fit a double-precision number, is too large"),
    ({**RIGHT, "rates": []}, "rates must be an object, was a list of 0"),
    ({**RIGHT, "rates": {"EUR": None}}, "rates.EUR must be an object, is missing"),
    ({**RIGHT, "rates": {"": RATE}}, 'a currency of rates must be a text of 1 to 200 characters, was ""'),
    ({**RIGHT, "rates": {f"C{i}": RATE for i in range(257)}}, "rates must not have more than 256 currencies, has 257"),
    (rate_changed(receive_time=[6, 5]), "rates.EUR.receive_time[1] must not go back in time, was 5 after 6"),
    (rate_changed(event_time=[6]), "rates.EUR.event_time must have 2 entries, one for each observation, has 1"),
    (rate_changed(price=[1, 2, 3]), "rates.EUR.price must have 2 entries, one for each observation, has 3"),
    (rate_changed(price=[1, "x"]), 'rates.EUR.price[1] must be a number or null, was "x"'),
]


@pytest.mark.parametrize(("params", "message"), WRONG, ids=[message[:60] for _, message in WRONG])
def test_a_wrong_request_is_one_clear_line(params, message):
    with pytest.raises(InputError) as caught:
        read_request(params)
    assert str(caught.value).split("; ")[0] == message


@pytest.mark.parametrize(
    ("bound", "params", "message"),
    [
        ("MOST_ROWS", RIGHT, "observations.receive_time must not have more than 1 entries, has 3"),
        ("MOST_LEVELS", changed(book=[{"bids": [[1, 2]], "asks": []}] * 3), "observations.book must not have more than 1 levels, has more at row 1"),
        ("MOST_LEVELS", changed(book=[{"bids": [[1, 2]] * 2, "asks": []}] * 3), "observations.book[0].bids must not have more than 1 levels, has 2"),
        ("MOST_CELLS", {**RIGHT, "times": [15]}, "times must not make more than 1 entries with the sources, 1 times for 2 sources do"),
    ],
)
def test_sizes_are_bounded(bound, params, message, monkeypatch):
    monkeypatch.setattr(requests, bound, 1)
    with pytest.raises(InputError) as caught:
        read_request(params)
    assert str(caught.value) == message


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | number | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)


@given(st.data())
def test_whatever_stands_anywhere_is_read_or_refused(data):
    """Any JSON value in any place of a right request ends in a Request or an InputError, nothing else."""
    params = json.loads(json.dumps({**changed(bid=[1.0] * 3, book=[{"bids": [[1.0, 2.0]], "asks": []}] * 3, confidence=[1.0] * 3), "rates": {"EUR": RATE}}))
    here = params
    while True:
        key = data.draw(st.sampled_from(sorted(here) if isinstance(here, dict) else range(len(here))))
        if not here[key] or not isinstance(here[key], dict | list) or data.draw(st.booleans()):
            break
        here = here[key]
    here[key] = data.draw(json_values)
    with contextlib.suppress(InputError):
        assert isinstance(read_request(params), Request)


def test_the_body_of_describe_may_be_empty_and_another_version_is_refused():
    check_describe(read_params(b" "))
    check_describe(read_params(b'{"protocol": 1}'))
    for given_version in (2, True, "1", None):
        with pytest.raises(InputError, match=r"^protocol must be 1, was"):
            check_describe({"protocol": given_version})
    with pytest.raises(InputError, match=r"^params must be an object, was a list of 0"):
        check_describe(read_params(b"[]"))


@pytest.mark.parametrize(("params", "message"), [(None, "params must be an object, is missing"), ([1], "params must be an object, was a list of 1")])
def test_params_of_a_run_are_an_object(params, message):
    with pytest.raises(InputError, match=rf"^{message}$"):
        read_request(params)


def test_a_batch_is_read_run_by_run_and_one_that_is_wrong_costs_no_other_its_answer():
    read = read_requests([RIGHT, 3, {**RIGHT, "times": "now"}, RIGHT])
    assert [isinstance(one, Request) for one in read] == [True, False, False, True]
    assert [str(one) for one in read[1:3]] == ["params[1] must be an object, was 3", 'times must be a list, was "now"']
    assert read_requests([]) == []
    for params, message in ((None, "params must be a list, is missing"), (RIGHT, "params must be a list, was an object"), ([{}] * 1025, "than 1024 runs, has")):
        with pytest.raises(InputError, match=message):
            read_requests(params)


def test_a_description_comes_back_as_it_was():
    both = ("index", "index_batch")
    for told in (Description("acme", "2.1", both, uses=BOOK, expect={"max_age": "3m"}), Description("acme", provides=both)):
        assert decode_description(json.dumps({"id": 1, "result": encode_description(told)}).encode(), 1) == told


def test_a_result_comes_back_as_it_was():
    full = Determinations(
        np.array([1.5, np.nan]),
        np.array([0, 3], dtype=np.int8),
        weight=np.array([[0.5, 0.5], [0.0, 0.0]]),
        used=np.array([[1.0, np.nan], [np.nan, np.nan]]),
        reason=np.array([[0, 3], [6, 4]], dtype=np.int8),
        confidence=np.array([0.25, np.nan]),
    )
    for told in (full, Determinations(full.value, full.status)):
        result = json.loads(json.dumps({"id": 1, "result": encode_result(told)}).replace("NaN", "null"))
        read = decode_determinations(json.dumps(result).encode(), 1, 2, 2)
        for name in ("value", "status", "weight", "used", "reason", "confidence"):
            mine, theirs = getattr(told, name), getattr(read, name)
            assert (mine is None) == (theirs is None)
            assert mine is None or np.array_equal(mine, theirs, equal_nan=mine.dtype == np.float64)


def test_a_large_run_is_answered_without_an_explanation(monkeypatch):
    monkeypatch.setattr(requests, "_EXPLAINED_CELLS", 3)
    assert not read_request(RIGHT).explain
