"""Requests go out as the target protocol says, and answers are read strictly."""

from __future__ import annotations

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from indexlab.index.determination import REASONS, STATUSES
from indexlab.market.errors import TargetFailure
from indexlab.market.source import Source
from indexlab.targets.lines import excerpt
from indexlab.targets.protocol import (
    Pieces,
    batch_params,
    batches,
    decode_batch,
    decode_description,
    decode_determinations,
    encode_batch,
    encode_describe,
    encode_request,
)
from indexlab.targets.target import BOOK, PRICE, Request
from tests.targets.conversations import START, agreeing, request


def sent(asked, uses=PRICE):
    return json.loads(encode_request(7, asked, uses))


def test_describe_names_the_protocol():
    assert json.loads(encode_describe(1)) == {"id": 1, "method": "describe", "params": {"protocol": 1}}
    assert encode_describe(1).endswith(b"\n")


def test_a_request_is_one_line_of_columns_with_null_for_nan():
    asked = request([(0, 0, 50000.5), (0.5, 1, float("nan"), 0.25)], seconds=2, n=2)
    line = encode_request(7, asked)
    assert line.count(b"\n") == 1
    assert json.loads(line) == {
        "id": 7,
        "method": "index",
        "params": {
            "sources": [
                {"id": "venue0", "venue": "venue0", "quote": "USD", "weight": 1.0},
                {"id": "venue1", "venue": "venue1", "quote": "USD", "weight": 1.0},
            ],
            "observations": {
                "receive_time": [START, START + 500_000],
                "event_time": [START, START + 250_000],
                "source": [0, 1],
                "price": [50000.5, None],
            },
            "times": [START + 1_000_000, START + 2_000_000],
        },
    }


def test_a_run_without_an_observation_has_empty_columns():
    assert sent(request([]))["params"]["observations"] == {"receive_time": [], "event_time": [], "source": [], "price": []}


def test_weight_and_upstream_go_along():
    asked = agreeing(n=1)
    source = Source(id="a", venue="a", quote="USDT", weight=0.25, upstream="feed")
    told = sent(Request((source,), asked.quotes, asked.times))["params"]["sources"]
    assert told == [{"id": "a", "venue": "a", "quote": "USDT", "weight": 0.25, "upstream": "feed"}]


def test_a_book_is_sent_where_the_quotes_carry_one():
    asked = agreeing(n=2)
    quotes = asked.quotes.with_columns(bid=np.array([1.0, np.nan]), ask=np.array([2.0, np.nan]))
    told = sent(Request(asked.basket, quotes, asked.times))["params"]["observations"]
    assert (told["bid"], told["ask"]) == ([1.0, None], [2.0, None])


def test_a_target_that_prices_from_the_book_always_gets_one():
    told = sent(request([(0, 0, 5.0), (0, 1, float("nan"))]), BOOK)["params"]["observations"]
    assert told["bid"] == told["ask"] == told["price"] == [5.0, None]


def test_volume_is_sent_where_any_is_known():
    asked = agreeing(n=2)
    assert "volume" not in sent(asked)["params"]["observations"]
    quotes = asked.quotes.with_columns(volume=np.array([np.nan, 3.0]))
    assert sent(Request(asked.basket, quotes, asked.times))["params"]["observations"]["volume"] == [None, 3.0]


@given(st.lists(st.floats(allow_nan=False, allow_infinity=False), min_size=1, max_size=20))
def test_prices_arrive_bit_for_bit(prices):
    asked = request([(i, 0, price) for i, price in enumerate(prices)])
    assert np.array(sent(asked)["params"]["observations"]["price"]).tobytes() == np.array(prices).tobytes()


values = st.floats(min_value=-1e300, max_value=1e300)


@given(st.data())
def test_what_a_target_answers_is_what_is_read(data):
    """A right answer comes back number by number, with and without its optional parts."""
    t, n = data.draw(st.integers(1, 5)), data.draw(st.integers(1, 4))
    status = data.draw(st.lists(st.sampled_from(STATUSES), min_size=t, max_size=t))
    index = [None if s == "halted" else data.draw(st.none() | values if s == "held" else values) for s in status]
    result = {"index": index, "status": status}
    matrix = st.lists(st.lists(values, min_size=n, max_size=n), min_size=t, max_size=t)
    reasons = st.lists(st.lists(st.sampled_from(REASONS), min_size=n, max_size=n), min_size=t, max_size=t)
    if data.draw(st.booleans()):
        result |= {"weights": data.draw(matrix), "used": data.draw(matrix), "reasons": data.draw(reasons)}
    read = decode_determinations(json.dumps({"id": 3, "result": result}).encode(), 3, t, n)
    assert [None if np.isnan(v) else v for v in read.value.tolist()] == index
    assert [STATUSES[code] for code in read.status] == status
    if "weights" not in result:
        assert read.weight is read.used is read.reason is None
    else:
        assert (read.weight.tolist(), read.used.tolist()) == (result["weights"], result["used"])
        assert [[REASONS[code] for code in row] for row in read.reason] == result["reasons"]
        assert read.weight.shape == read.used.shape == read.reason.shape == (t, n)


RESULT = {"index": [1.5], "status": ["ok"]}


def batch_of(*entries):
    return json.dumps({"id": 4, "result": list(entries)}).encode()


def test_a_batch_is_one_line_of_the_params_of_its_runs():
    runs = [agreeing(), request([]), agreeing(n=2)]
    line = encode_batch(4, runs)
    assert line.count(b"\n") == 1
    assert json.loads(line) == {"id": 4, "method": "index_batch", "params": [sent(run)["params"] for run in runs]}
    assert json.loads(batch_params(runs)) == json.loads(line)["params"]


LENGTHS = {length: request([(0, 0, 50_000.123)] * length) for length in (0, 10, 3_000, 20_000, 40_000)}


@given(st.lists(st.sampled_from(sorted(LENGTHS)), max_size=40))
def test_batches_are_the_requests_in_their_order_and_bounded(lengths):
    runs, pieces = [LENGTHS[length] for length in lengths], Pieces()
    cut = batches(runs)
    assert [run for batch in cut for run in batch] == runs
    assert all(1 <= len(batch) <= 16 and (len(batch) == 1 or len(batch_params(batch, pieces=pieces)) <= 4 << 20) for batch in cut)


def test_what_twins_share_is_written_once_and_what_they_do_not_share_is_not_mixed_up():
    first, pieces = request([(i / 10, i % 4, 50_000.0 + i) for i in range(20)]), Pieces()
    twin = Request(first.basket, first.quotes.with_columns(price=first.quotes.price * 2), first.times)
    for run in (first, twin, first):
        assert encode_request(1, run, pieces=pieces) == encode_request(1, run)


def test_an_entry_of_a_batch_that_fails_does_so_alone():
    wrong = {"index": [1.5, 2.5], "status": ["ok"]}
    read = decode_batch(batch_of(RESULT, {"error": {"message": "no price"}}, wrong, RESULT, 7), 4, [(1, 2)] * 5)
    assert [getattr(one, "kind", "answered") for one in read] == ["answered", "error", "misfit", "answered", "misfit"]
    assert (read[1].detail, read[2].detail) == ("answered with an error: no price", "index must have 1 entries, one for each time, has 2")
    assert decode_batch(batch_of(), 4, []) == []


@pytest.mark.parametrize(
    ("line", "kind", "detail"),
    [
        (batch_of(RESULT), "misfit", "result must have 2 entries, one for each run, has 1"),
        (b'{"id": 4, "result": {"index": []}}', "misfit", "result must be a list, was an object"),
        (b'{"id": 4}', "misfit", "result must be a list, is missing"),
        (b'{"id": 5, "result": []}', "wrong-id", "it was 1 more"),
        (b'{"id": 4, "error": {"message": "too many"}}', "error", "answered with an error: too many"),
    ],
)
def test_a_batch_that_fails_as_a_whole_is_named(line, kind, detail):
    with pytest.raises(TargetFailure) as caught:
        decode_batch(line, 4, [(1, 2)] * 2)
    assert caught.value.kind == kind
    assert detail in caught.value.detail


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5) | st.sampled_from(["ok", "held", "halted"]),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.sampled_from(["index", "status", "weights", "used", "reasons", "x"]), inner, max_size=4),
    max_leaves=12,
)


def refusal(read):
    try:
        read()
    except TargetFailure as failure:
        return failure
    return None


@given(
    st.builds(lambda result: json.dumps({"id": 1, "result": result}).encode(), json_values)
    | json_values.map(json.dumps).map(str.encode)
    | st.binary(max_size=60)
)
def test_no_answer_is_a_crash_of_ours(line):
    """Whatever a line holds, it is read, or refused with one line that a person understands."""
    for read in (lambda: decode_determinations(line, 1, 2, 2), lambda: decode_description(line, 1), lambda: decode_batch(line, 1, [(2, 2)])):
        failure = refusal(read)
        assert failure is None or (failure.kind in TargetFailure.KINDS and "\n" not in failure.detail and len(failure.detail) < 400)


@pytest.mark.parametrize(
    ("line", "kind", "detail"),
    [
        (b"[" * 100_000, "not-json", "nested too deep"),
        (b'{"id": 1, "result": {"a": "\xff"}}', "not-json", "no UTF-8"),
        (b'{"id": 1, "res', "not-json", "(it ends too soon)"),
        (b'{"id": 1, "result": {"index": [' + b"9" * 5000 + b"]}}", "misfit", "fit double precision"),
        (b'{"id": 1.0, "result": {}}', "wrong-id", "was 1.0"),
        (b'{"id": 1, "result": {"index": {}, "status": []}}', "misfit", "index must be a list, was an object"),
        (b'{"id": 1, "result": null}', "misfit", "result must be an object, is missing"),
        (b'{"id": 1, "error": {"code": 5}}', "error", "answered with an error: an object"),
    ],
)
def test_an_unreadable_line_is_named(line, kind, detail):
    with pytest.raises(TargetFailure) as caught:
        decode_determinations(line, 1, 1, 1)
    assert caught.value.kind == kind
    assert detail in caught.value.detail


def description(**changes):
    return json.dumps({"id": 1, "result": {"protocol": 1, "name": "acme-index", "version": "2.3.1", "provides": ["index"]} | changes}).encode()


def test_a_description_has_defaults():
    read = decode_description(description(), 1)
    assert (read.name, read.version, read.provides, read.uses, read.expect) == ("acme-index", "2.3.1", ("index",), ("price",), {})


def test_a_description_may_price_from_the_book_and_promise():
    read = decode_description(description(uses=["ask", "bid"], expect={"max_age": "30s"}, colour="red", thresholds=[0.05, 1]), 1)
    assert (read.uses, read.expect, read.thresholds) == (("bid", "ask"), {"max_age": "30s"}, (0.05, 1.0))


@pytest.mark.parametrize(
    ("changes", "detail"),
    [
        ({"protocol": 2}, "result.protocol must be 1, was 2"),
        ({"protocol": True}, "result.protocol must be 1, was true"),
        ({"protocol": None}, "result.protocol must be 1, is missing"),
        ({"name": ""}, 'result.name must be a text of 1 to 200 characters, was ""'),
        ({"version": 2}, "result.version must be a text of 1 to 200 characters, was 2"),
        ({"provides": None}, "result.provides must be a list of names, is missing"),
        ({"provides": [1]}, "result.provides[0] must be a text of 1 to 200 characters, was 1"),
        ({"uses": ["bid"]}, 'result.uses must be ["price"] or ["bid", "ask"], was [bid]'),
        ({"expect": ["1%"]}, "result.expect must be an object, was a list of 1"),
        ({"columns": ["book", "colour"]}, 'result.columns must be of confidence, trade_size, book, was "colour"'),
        ({"converts": "yes"}, 'result.converts must be true or false, was "yes"'),
        ({"thresholds": 0.05}, "result.thresholds must be a list of at most 64 ratios, was 0.05"),
        ({"thresholds": [0.05, -1]}, "result.thresholds must be ratios above 0 (0.05 is 5 %), was -1"),
    ],
)
def test_a_description_that_does_not_fit_is_named(changes, detail):
    with pytest.raises(TargetFailure) as caught:
        decode_description(description(**changes), 1)
    assert (caught.value.kind, caught.value.detail) == ("misfit", detail)


def test_an_excerpt_is_one_short_line_around_the_place():
    assert excerpt(b"") == "an empty line"
    assert excerpt(b"a\x1b[31m\tb") == "a·[31m·b"
    assert excerpt(b"x" * 500 + b"HERE" + b"y" * 500, 500) == f"…{'x' * 40}HERE{'y' * 36}…"
