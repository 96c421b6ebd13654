"""How targets are reached travels with the plan: to the workers, to a replay, and not into what is stored."""

import pytest

from indexlab.audit.effective import Flags, effective_plan, options_here, talk_of
from indexlab.audit.prepare import prepared
from indexlab.audit.work import close_targets, judge_of
from indexlab.market.errors import InputError
from indexlab.targets.options import USUAL, Secret
from indexlab.targets.reaching import Reaching
from tests.audit.audits import plan_of
from tests.targets.web import opened, web

PLAN = """
[target]
use = "https://index.acme.example"
headers = ["Authorization: env:ACME_TOKEN"]
start_timeout = "20s"
answer_timeout = "2s"
memory = "1GiB"
isolate = true
[expect]
max_age = "3m"
"""


@pytest.fixture
def here(tmp_path, monkeypatch):
    monkeypatch.setenv("ACME_TOKEN", "hunter22")
    (tmp_path / "indexlab.toml").write_text(PLAN)
    return tmp_path


def planned(here, **flags):
    return effective_plan(Flags(**flags), here, 2, lambda: 0.0, lambda: False)[0]


def test_the_file_says_how_its_own_target_is_reached_and_flags_win(here):
    options = planned(here).options
    assert (options.first_answer_s, options.answer_s, options.memory_bytes, options.isolate) == (20.0, 2.0, 1 << 30, True)
    assert options.headers == (("Authorization", Secret("hunter22")),)
    assert planned(here, targets=("https://index.acme.example",)).options == options
    assert planned(here, reaching=Reaching(answer_timeout="9s")).options.answer_s == 9.0


@pytest.mark.parametrize("targets", [("https://other.example",), ("https://index.acme.example", "https://other.example"), ("python:a:b",)])
def test_to_any_other_target_nothing_of_it_applies(here, targets):
    assert planned(here, targets=targets).options == USUAL


def test_a_replay_and_a_conversation_go_by_the_file_too(here):
    assert options_here(Reaching(), "https://index.acme.example", here) == planned(here).options == talk_of(None, Reaching(), here).options
    assert options_here(Reaching(), "https://other.example", here) == USUAL == talk_of("https://other.example", Reaching(), here).options
    assert [layer.table for layer in talk_of(None, Reaching(), here).layers] == [{"max_age": "3m"}]


def test_a_plan_shows_names_and_no_values(here):
    plan = planned(here)
    assert "hunter22" not in f"{plan!r} {plan.as_table()} {Flags(reaching=Reaching((Secret('A: hunter22'),)))!r}"
    assert plan.as_table()["headers"] == ["Authorization"]


def test_a_file_that_is_wrong_names_itself(tmp_path):
    (tmp_path / "indexlab.toml").write_text('[target]\nheaders = ["hunter22"]\n')
    with pytest.raises(InputError, match=r'indexlab\.toml: target\.headers must be "Name: value"') as caught:
        planned(tmp_path)
    assert "hunter22" not in str(caught.value)


def test_the_target_of_a_worker_is_reached_as_the_plan_says():
    with web() as server:
        options = opened(server.address, headers=[("Authorization", "hunter22")])._caller._options
        ready = prepared(plan_of(server.address, options=options), ("hull",), server.address)
        assert ready.job.options == options
        assert "hunter22" not in repr(ready.job)
        try:
            judge_of(ready.job).target.describe()
        finally:
            close_targets()
        assert {headers["authorization"] for _, headers, _ in server.requests} == {"hunter22"}
