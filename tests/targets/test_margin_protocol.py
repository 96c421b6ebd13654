"""The method `margin` over lines, over HTTP and in Python: a case goes there and back, answers are read strictly, and what is wrong is said with its place."""

import io
import json
import threading
from contextlib import contextmanager

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from indexlab.margin.answer import answer
from indexlab.margin.rules import Venue
from indexlab.margin.rules_file import venue, venue_names
from indexlab.market.errors import InputError, TargetFailure
from indexlab.market.units import SECOND
from indexlab.scenarios.margin_cases import margin_case
from indexlab.targets.guarded import guarded
from indexlab.targets.margin_answers import read_margin
from indexlab.targets.margin_params import margin_object, margin_params
from indexlab.targets.margin_requests import encode_margin, read_margin_case
from indexlab.targets.protocol import encode_call
from indexlab.targets.python import python_target
from indexlab.targets.resolve import open_target
from indexlab.targets.serve import serve_lines
from indexlab.targets.serve_http import HttpServer
from indexlab.targets.target import Description, Margining
from tests.targets.web import opened

START = 1_700_000_000_000_000
TIMES = [START + SECOND * second for second in range(1, 31)]


def drawn(seed, name="binance-usdm"):
    return margin_case(seed, venue(name), TIMES, [50_000.0 + second for second in range(30)], [False] * 30, [0] * 30, whole=True)


CASE = drawn(1)
ANSWER = answer(CASE)


class Engine:
    """An index that says 50 000, and our margin engine, over the bodies of the protocol."""

    def index(self, params):
        return {"index": [50_000.0] * len(params["times"]), "status": ["ok"] * len(params["times"])}

    def margin(self, params):
        return encode_margin(answer(read_margin_case(params)))


class Served:
    """The same as a target in this process."""

    label, kind = "test:engine", "in-process"

    def describe(self):
        return Description("engine", provides=("index", "margin"), venue="okx")

    def margin(self, cases):
        return [answer(case) for case in cases]


@contextmanager
def over_http(target):
    server = HttpServer(target, 0)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        with opened(server.address) as client:
            yield client
    finally:
        server.shutdown()
        server.server_close()


@given(st.integers(0, 2**32), st.sampled_from(venue_names()))
@settings(max_examples=30)
def test_a_case_goes_there_and_back(seed, name):
    """All but who the venue is, how a mark comes about, and the rules of what is not asked."""
    case = drawn(seed, name)
    back = read_margin_case(json.loads(margin_params(case)))
    rules = msgspec.structs.replace(case.rules, venue=Venue("asked"), mark=back.rules.mark)
    if case.funding is None:
        rules = msgspec.structs.replace(rules, funding=None)
    assert back == msgspec.structs.replace(case, rules=rules)
    assert read_margin(json.loads(msgspec.json.encode(encode_margin(answer(back)))), case) == answer(case)


def test_an_object_in_python_a_server_of_lines_and_one_of_http_answer_alike():
    with python_target(Engine()) as target:
        assert target.describe().provides == ("index", "margin")
        assert isinstance(target, Margining)
        assert target.margin([CASE, drawn(2)]) == [ANSWER, answer(drawn(2))]
    said = []
    serve_lines(Served(), io.BytesIO(encode_call(1, "margin", margin_params(CASE)) + encode_call(2, "describe", b"{}")), said.append)
    told, described = map(json.loads, said)
    assert read_margin(told["result"], CASE) == ANSWER
    assert (described["result"]["provides"], described["result"]["venue"]) == (["index", "index_batch", "margin"], "okx")
    with over_http(Served()) as client:
        assert client.describe().venue == "okx"
        assert client.margin([CASE]) == [ANSWER]


def test_a_process_answers_too_and_lives_on_after_it_did_not():
    with open_target(f"exec:{__import__('sys').executable} -m indexlab serve planted-margin:none@binance-usdm") as target:
        assert target.describe().provides[-1] == "margin"
        wrong = msgspec.structs.replace(CASE, accounts=(CASE.accounts[0], CASE.accounts[0]))
        failed, told = target.margin([wrong, CASE])
        assert isinstance(failed, TargetFailure)
        assert "accounts must have unique ids" in failed.detail
        assert told == ANSWER


def test_a_target_that_has_none_says_so():
    said = []
    serve_lines(open_target("preset:plain-median"), io.BytesIO(encode_call(1, "margin", b"{}")), said.append)
    assert "method must be one of describe, index, index_batch" in json.loads(said[0])["error"]["message"]


def told():
    return json.loads(msgspec.json.encode(encode_margin(ANSWER)))


WRONG = [
    (("state",), None, "state must be a list, is missing"),
    (("state",), [], "state must have 12 entries, one for each time, has 0"),
    (("state", 0, 1), "fine", 'state[0][1] must be one of healthy, warning, reduce-only, liquidation, bankrupt, frozen, was "fine"'),
    (("margin_ratio", 0, 1), "x", 'margin_ratio[0][1] must be a number or null, was "x"'),
    (("margin_ratio", 3), [1.0], "margin_ratio[3] must have"),
    (("liquidation_price", 0), [], "liquidation_price[0] must be a number or null, was a list of 0"),
    (("initial_margin",), 7, "initial_margin must be a list, was 7"),
    (("funding", "rates"), [], "funding.rates must have"),
    (("funding", "payments", 0, "nobody"), 3, "a party of funding.payments[0] must be one of"),
    (("funding", "payments", 0, "insurance fund"), 0.5, "funding.payments[0].insurance fund must be a whole number of smallest units, was 0.5"),
    (("funding", "capped", 0), 1, "funding.capped[0] must be true or false, was 1"),
    (("funding", "slots", 0), -1, "funding.slots[0] must be microseconds since 1970, a whole number, was -1"),
    (("liquidation", "fills", 0, "price"), None, "liquidation.fills[0].price must be a number, is missing"),
    (("liquidation", "fills", 0, "to"), "somebody", "liquidation.fills[0].to must be one of"),
    (("liquidation", "remaining"), "x", 'liquidation.remaining must be a number, was "x"'),
    (("liquidation", "cost"), 10**30, "liquidation.cost must be a whole number of smallest units"),
]


@pytest.mark.parametrize(("path", "value", "said"), WRONG, ids=[case[2][:50] for case in WRONG])
def test_an_answer_that_does_not_fit_is_told_by_its_place(path, value, said):
    result = told()
    place = result
    for key in path[:-1]:
        place = place[key]
    place[path[-1]] = value
    with pytest.raises(TargetFailure) as caught:
        read_margin(result, CASE)
    assert caught.value.kind == "misfit"
    assert caught.value.detail.startswith(said)


def test_states_and_ratios_are_enough_and_what_was_not_asked_is_passed_over():
    result = {key: told()[key] for key in ("state", "margin_ratio")}
    read = read_margin(result, CASE)
    assert (read.state, read.funding, read.liquidation, read.initial_margin) == (ANSWER.state, None, None, None)
    bare = msgspec.structs.replace(CASE, funding=None, liquidation=None)
    assert read_margin(told() | {"funding": "nonsense"}, bare).funding is None


REFUSED = [
    (("contracts",), [], "contracts must name at least one contract"),
    (("contracts", 0, "kind"), "square", "contracts[0].kind does not fit: invalid enum value"),
    (("contracts", 0, "tiers", 0, "initial_rate"), "x", "contracts[0].tiers[0].initial_rate does not fit: expected `float`, got `str`"),
    (("accounts", 0, "positions"), [], "accounts[0].positions must have one position in an isolated account, has 0"),
    (("accounts", 0, "positions", 0, "contract"), "DOGE", 'accounts[0].positions must be of a contract that is given, was "DOGE"'),
    (("times",), [2, 1], "times must not go back"),
    (("mark", "BTCUSDT"), [1.0], "mark.BTCUSDT must have 12 entries, one for each time, has 1"),
    (("status", "BTC"), "ok", "status"),
    (("liquidation", "account"), "nobody", 'liquidation.account must name an account that is given, was "nobody"'),
    (("funding", "rule"), None, "funding must have a rule, and a contract that is given"),
]


@pytest.mark.parametrize(("path", "value", "said"), REFUSED, ids=[case[2][:50] for case in REFUSED])
def test_a_request_that_does_not_fit_is_told_by_its_place(path, value, said):
    params = json.loads(msgspec.json.encode(margin_object(CASE)))
    place = params
    for key in path[:-1]:
        place = place[key]
    place[path[-1]] = value
    with pytest.raises(InputError) as caught:
        read_margin_case(params)
    assert str(caught.value).startswith(said)


def test_unknown_keys_are_passed_over_on_both_sides():
    params = json.loads(margin_params(CASE)) | {"weather": "fine"}
    params["contracts"][0]["colour"] = params["accounts"][0]["colour"] = params["states"]["colour"] = "blue"
    assert read_margin_case(params) == read_margin_case(json.loads(margin_params(CASE)))
    assert read_margin(told() | {"weather": "fine"}, CASE) == ANSWER


def test_what_a_third_party_s_engine_raises_is_its_failure():
    class Wild(Served):
        def margin(self, cases):
            if cases[0].funding is None:
                raise RuntimeError("no funding")
            return [msgspec.structs.replace(ANSWER, state=(("healthy",),))]

    target = guarded(Wild())
    bare = msgspec.structs.replace(CASE, funding=None)
    raised, cut = target.margin([bare, CASE])
    assert raised.detail == "margin raised RuntimeError: no funding"
    assert cut.detail.startswith("state and margin_ratio must have an entry for each of 12 times")
    assert guarded(Served()).margin([CASE]) == [ANSWER]
