"""Targets over HTTP and in Python from the command line: audited, replayed, checked; and a token that is sent is found nowhere afterwards."""

import json
import pathlib
import textwrap

import pytest

from tests.cli.commands import ran
from tests.targets.web import DESCRIPTION, right, web

TOKEN = "Tk-9f27_XQ81.zzy0AbCdEfGh"  # noqa: S105 - it opens nothing


def echoing(server_of):
    """A target that repeats the token that it was sent in everything it says."""

    def respond(method, params):
        sent = server_of().requests[-1][1].get("authorization", "nothing")
        if method == "describe":
            return DESCRIPTION | {"name": f"echo {sent}", "version": sent, "expect": {"min_sources": 3, "waive": {"quorum": f"says {sent}"}}, f"x {sent}": 1}
        kind = len(params["observations"]["price"]) % 4
        if kind == 0:
            return 403, json.dumps({"error": {"message": f"{'x' * 60} token {sent} is not good"}}).encode(), {}
        if kind == 1:
            return 200, f"<html>{'y' * 50} {sent} {sent}".encode(), {}
        if kind == 2:
            return right(method, params) | {"status": [sent] * len(params["times"])}
        return 302, sent.encode(), {"Location": f"/login?{sent}"}

    return respond


@pytest.mark.parametrize("jobs", [1, pytest.param(2, marks=pytest.mark.long)])
def test_a_token_is_sent_and_shown_nowhere(jobs, tmp_path, monkeypatch):
    monkeypatch.setenv("ACME_TOKEN", TOKEN)
    box = []
    with web(echoing(lambda: box[0])) as server:
        box.append(server)
        given = (server.address, "--header", "Authorization: Bearer env:ACME_TOKEN", "--header", f"X-Key: {TOKEN}")
        done = ran("audit", *given, "--only", "protocol,determinism", "--jobs", jobs, "--out", tmp_path / "run")
        assert done.exit_code == 1, done.output
        assert all(headers["authorization"] == f"Bearer {TOKEN}" for _, headers, _ in server.requests)
        files = [path for path in (tmp_path / "run").rglob("*") if path.is_file()]
        found = next(path for path in files if "protocol" in path.name)
        again = ran("replay", found, *given)
        checked = ran("target", "check", *given)
    assert again.exit_code == 1
    assert len(files) >= 5
    texts = [done.output, again.output, checked.output, *(path.read_text(errors="replace") for path in files)]
    assert "«hidden»" in done.output
    assert "«hidden»" in checked.output
    for text in texts:
        for piece in (TOKEN[at : at + 6] for at in range(len(TOKEN) - 5)):
            assert piece not in text
    plan = json.loads((tmp_path / "run" / "report.json").read_text())["plan"]
    assert plan["headers"] == ["Authorization", "X-Key"]


def test_headers_of_the_plan_file_go_to_its_own_target_and_to_no_other(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("ACME_TOKEN", TOKEN)
    with web() as own, web() as other:
        plan = f'[target]\nuse = "{own.address}"\nheaders = ["Authorization: env:ACME_TOKEN"]\n'
        pathlib.Path("indexlab.toml").write_text(plan)
        assert ran("target", "check", other.address).exit_code == 1  # it always says 50 000
        assert ran("target", "check").exit_code == 1
    assert {headers.get("authorization") for _, headers, _ in own.requests} == {TOKEN}
    assert {headers.get("authorization") for _, headers, _ in other.requests} == {None}


def test_a_header_goes_to_no_address_that_only_a_finding_names(tmp_path):
    with web(lambda method, params: right(method, params) if method == "describe" else (500, b"", {})) as server:
        assert ran("audit", server.address, "--only", "protocol", "--jobs", 1, "--out", tmp_path / "run").exit_code == 1
        found = next((tmp_path / "run").rglob("protocol-*.json"))
        count = len(server.requests)
        refused = ran("replay", found, "--header", f"Authorization: {TOKEN}")
        assert (refused.exit_code, len(server.requests)) == (2, count)
        assert "needs TARGET to be named" in refused.output
        assert TOKEN not in refused.output
        assert ran("replay", found).exit_code == 1
        assert ran("replay", found, server.address, "--header", f"Authorization: {TOKEN}").exit_code == 1
        assert server.requests[-1][1]["authorization"] == TOKEN


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["--header", TOKEN], '--header must be "Name: value"'),
        (["--header", f"A b: {TOKEN}"], '--header must be "Name: value"'),
        (["--header", f"A: {TOKEN}ü"], "printable ASCII"),
        (["--header", "A: env:NOT_THERE_AT_ALL"], "variable NOT_THERE_AT_ALL is not set"),
        (["--start-timeout", "10"], "--start-timeout must be a duration"),
        (["--answer-timeout", "fast"], "--answer-timeout must be a number with a unit"),
        (["--memory", "4"], "--memory must be a size"),
        ([f"http://acme:{TOKEN}@127.0.0.1"], "--header"),
        ([f"http://127.0.0.1/?token={TOKEN}"], "query"),
    ],
)
def test_what_is_written_wrong_ends_before_work_starts_without_the_value(words, says, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    targets = () if words[0].startswith("http") else ("http://127.0.0.1:9",)
    done = ran("audit", *targets, *words)
    assert done.exit_code == 2, done.output
    assert says in done.output
    assert TOKEN not in done.output
    assert not list(tmp_path.iterdir())


MEAN = """
    import json, sys

    def index(params):
        seen, newest, out = params["observations"], {}, []
        row = 0
        for now in params["times"]:
            while row < len(seen["price"]) and seen["receive_time"][row] <= now:
                if seen["price"][row]:
                    newest[seen["source"][row]] = seen["price"][row]
                row += 1
            out.append(sum(newest.values()) / len(newest) if len(newest) >= 3 else None)
        print("published", len(out))
        return {"index": out, "status": ["halted" if value is None else "ok" for value in out]}

    if __name__ == "__main__":
        for line in sys.stdin:
            call = json.loads(line)
            known = {"protocol": 1, "name": "mean:index", "provides": ["index"]}
            result = known if call["method"] == "describe" else index(call["params"])
            print(json.dumps({"id": call["id"], "result": result}), flush=True)
"""


def findings(folder):
    told = [json.loads(path.read_text()) for path in sorted(folder.rglob("*.json")) if "findings" in path.parts]
    return [(one["finding"]["property"], one["finding"]["sentence"], one["scenario"]) for one in told]


@pytest.mark.long
def test_a_function_is_audited_alike_in_this_process_in_its_own_and_by_workers(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    pathlib.Path("mean.py").write_text(textwrap.dedent(MEAN))
    runs = {"one": ("--jobs", "1"), "two": ("--jobs", "2"), "own": ("--jobs", "2", "--isolate")}
    for name, words in runs.items():
        done = ran("audit", "python:mean:index", "--only", "single-source,hull,protocol", *words, "--out", name)
        assert done.exit_code == 1, done.output
        assert "published" not in done.output
    assert findings(tmp_path / "one") == findings(tmp_path / "two") == findings(tmp_path / "own")
    assert findings(tmp_path / "one")
    found = next((tmp_path / "one").rglob("single-source-*.json"))
    assert ran("replay", found).exit_code == 1
    assert ran("replay", found, "python:mean:index", "--isolate").exit_code == 1


@pytest.mark.parametrize(
    ("label", "says"),
    [
        ("python:mean", "must name a module and an attribute"),
        ("python:maen:index", 'names the module maen, which is not there; did you mean "mean"?'),
        ("python:mean:indx", 'names indx, which mean does not have; did you mean "index"?'),
        ("python:mean.py:index", 'did you mean "python:mean:index"?'),
        ("python:broken:index", "cannot be imported: ZeroDivisionError at broken.py:1: division by zero"),
        ("python:mean:json", "is a module: neither a function of params nor an object"),
    ],
)
def test_what_a_python_label_gets_wrong_is_one_line(label, says, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    pathlib.Path("mean.py").write_text(textwrap.dedent(MEAN))
    pathlib.Path("broken.py").write_text("1 / 0\n")
    done = ran("audit", label)
    assert done.exit_code == 2
    assert says in done.output
    assert done.output.startswith(f"indexlab: target {label}")
    assert done.output.count("\n") == 1
