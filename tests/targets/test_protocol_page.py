"""The page that implementers read says what the code does: kinds of failure, limits, keys, statuses."""

from __future__ import annotations

import json
import re
from pathlib import Path

import msgspec
import pytest

from indexlab.audit.talk_margin import EXAMPLE
from indexlab.index.determination import REASONS, STATUSES
from indexlab.margin.account import Asset, Position
from indexlab.margin.account_rules import CollateralRule, FeeRules, MatrixRule, StateRules
from indexlab.margin.case import Fill, FundingAnswer, FundingCase, Holding, LiquidationAnswer, LiquidationCase, MarginAnswer, Rival, Sample
from indexlab.margin.contract import Contract, OpenInterest, Tier
from indexlab.margin.rules import Venue
from indexlab.margin.states import STATES
from indexlab.margin.textbook import textbook
from indexlab.market.errors import TargetFailure
from indexlab.targets import protocol, requests
from indexlab.targets.life import Limits
from indexlab.targets.margin_answers import read_margin
from indexlab.targets.margin_params import margin_params
from indexlab.targets.margin_requests import read_margin_case
from indexlab.targets.options import USUAL
from indexlab.targets.protocol import read_description
from indexlab.targets.requests import read_request

KINDS = (
    *(Contract, Tier, OpenInterest, Position, Asset, StateRules, CollateralRule, MatrixRule, FeeRules, FundingCase, Sample, Holding, LiquidationCase, Rival),
    *(FundingAnswer, LiquidationAnswer, Fill, MarginAnswer),
)
"""What a margin case and its answer are made of."""
PAGE = (Path(__file__).parents[2] / "docs" / "target-protocol.md").read_text()


def test_every_kind_of_failure_is_told():
    rows = PAGE.partition("| kind | what happened |")[2].partition("\n\n")[0]
    assert sorted(re.findall(r"^\| `([a-z-]+)` \|", rows, re.MULTILINE)) == sorted(TargetFailure.KINDS)


@pytest.mark.parametrize("word", [*STATUSES, *REASONS])
def test_every_status_and_reason_is_told(word):
    assert f"`{word}`" in PAGE


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
def test_every_key_of_margin_is_told(kind):
    for field in msgspec.structs.fields(kind):
        assert f"`{field.name}`" in PAGE, field.name


@pytest.mark.parametrize("word", STATES)
def test_every_margin_state_is_told(word):
    assert f"`{word}`" in PAGE


def test_the_limits_are_those_that_hold():
    limits = Limits()
    for told in (
        f"| {USUAL.first_answer_s:g} s | `--start-timeout`",
        f"| {USUAL.answer_s:g} s | `--answer-timeout`",
        f"| {limits.answer_bytes >> 20} MiB |",
        f"| {USUAL.memory_bytes >> 30} GiB | `--memory`",
        f"| {limits.failures}, or {limits.silences} of silence",
        f"at most {protocol._MOST_RUNS} runs and about {protocol._MOST_BATCH_BYTES >> 20} MiB",
        f"its last {limits.log_bytes >> 10} KiB",
        f"at most {requests.MOST_ROWS:,} observations".replace(",", " "),
        f"{requests.MOST_SOURCES:,} sources and {requests.MOST_RUNS:,} runs a batch".replace(",", " "),
    ):
        assert told in PAGE, told
    assert (USUAL.first_answer_s, USUAL.answer_s, USUAL.memory_bytes) == (limits.first_answer_s, limits.answer_s, limits.memory_bytes)


def test_the_examples_are_read_as_they_stand():
    lines = [json.loads(line[2:]) for line in re.findall(r"^[→←] \{.*\}$", PAGE, re.MULTILINE) if "…" not in line]
    described = next(line["result"] for line in lines if "name" in line.get("result", {}))
    assert read_description(described).name == "acme-index"
    asked = json.loads(re.sub(r"\n\s*", " ", re.search(r'→ (\{"id": 4.*?\})\n←', PAGE, re.DOTALL)[1]))["params"]
    case = read_margin_case(asked)
    assert case == msgspec.structs.replace(EXAMPLE, rules=msgspec.structs.replace(EXAMPLE.rules, venue=Venue("asked")))
    assert asked == json.loads(margin_params(EXAMPLE))
    said = json.loads(re.sub(r"\n\s*", " ", re.search(r'← (\{"id": 4.*?\})\n```', PAGE, re.DOTALL)[1]))["result"]
    assert read_margin(said, case) == textbook(case)
    run = read_request(json.loads(re.sub(r"\n\s*", " ", re.search(r'→ (\{"id": 2.*?\})\n←', PAGE, re.DOTALL)[1]))["params"])
    answered = next(line["result"] for line in lines if "index" in line.get("result", {}))
    assert len(protocol.read_determinations(answered, protocol.shape_of(run)).value) == len(run.times)
