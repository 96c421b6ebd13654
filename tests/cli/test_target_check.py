"""`indexlab target check`: it talks with the target that is named, or with that of the plan, and says what to do next."""

import pathlib
import re
import textwrap

import pytest

from tests.cli.commands import ran
from tests.targets.web import web

INDEX = """
    import statistics

    def describe():
        return {"version": "1", "expect": {"max_age": "60s"}}

    def index(params):
        seen, newest, values, row = params["observations"], {}, [], 0
        for now in params["times"]:
            while row < len(seen["price"]) and seen["receive_time"][row] <= now:
                if seen["price"][row] is not None and seen["price"][row] > 0:
                    newest[seen["source"][row]] = seen["event_time"][row], seen["price"][row]
                row += 1
            live = [price for when, price in newest.values() if now - when <= 60_000_000]
            values.append(statistics.median(live) if len(live) >= 3 else None)
        return {"index": values, "status": ["halted" if value is None else "ok" for value in values]}

    class Right:
        describe, index = staticmethod(describe), staticmethod(index)

    def wrong(params):
        return index(params) | {"status": ["fine"] * len(params["times"])}
"""


@pytest.fixture
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    pathlib.Path("checked_index.py").write_text(textwrap.dedent(INDEX))
    return tmp_path


def test_a_right_target_ends_with_the_audit_to_go_on_with(here):
    done = ran("target", "check", "python:checked_index:Right")
    assert done.exit_code == 0, done.output
    assert done.stdout.startswith("A first conversation with python:checked_index:Right\n")
    assert "WRONG" not in done.stdout
    assert done.stdout.endswith("\n  indexlab audit python:checked_index:Right\n")
    assert re.search(r"1 could be better", done.stdout)  # it gives no weights


def test_a_wrong_one_ends_with_the_check_to_ask_again(here):
    done = ran("target", "check", "python:checked_index:wrong", "--isolate")
    assert done.exit_code == 1
    assert 'status[0] must be one of ok, degraded, held, halted, was "fine"' in done.stdout
    assert done.stdout.endswith("\n  indexlab target check python:checked_index:wrong --isolate\n")


def test_without_a_target_it_is_that_of_the_plan_from_where_the_plan_lies(here, monkeypatch):
    pathlib.Path("indexlab.toml").write_text('[target]\nuse = "python:checked_index:Right"\nsources = [{ id = "a", venue = "a" }, { id = "b", venue = "b" }]\n')
    below = here / "src" / "deep"
    below.mkdir(parents=True)
    monkeypatch.chdir(below)
    done = ran("target", "check", "--show")
    assert done.exit_code == 1
    assert f"in {here}, where the plan lies" in done.stderr
    assert '"sources":[{"id":"a","venue":"a","quote":"USD","weight":1.0},{"id":"b"' in done.stdout
    assert done.stdout.endswith("\n  indexlab target check\n")


def test_a_service_is_checked_with_its_header_and_the_header_is_named_and_not_shown(here):
    with web() as server:
        done = ran("target", "check", server.address, "--header", "Authorization: hunter22")
    assert done.exit_code == 1
    assert f"indexlab target check {server.address} --header …" in done.stdout.replace("'", "")
    assert "hunter22" not in done.output


@pytest.mark.parametrize(
    ("words", "says"),
    [
        ((), "TARGET is needed: no plan file names one"),
        (("python:checked_index:nothing",), "names nothing, which checked_index does not have"),
        (("ftp://acme.example",), 'has an unknown scheme "ftp"'),
        (("http://acme.example", "--start-timeout", "soon"), "--start-timeout must be"),
    ],
)
def test_what_cannot_be_asked_is_one_line(here, words, says):
    done = ran("target", "check", *words)
    assert done.exit_code == 2
    assert says in done.stderr
    assert done.stderr.count("\n") == 1
