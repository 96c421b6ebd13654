"""The starting targets: complete, short, of the standard library alone, right to the engine, and without a finding in an audit."""

from __future__ import annotations

import json
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from indexlab.audit.plan import read_plan
from indexlab.index.declaration import parse_declaration
from indexlab.index.determination import STATUSES
from indexlab.index.engine import determine
from indexlab.market.errors import InputError
from indexlab.market.quotes import Quotes
from indexlab.market.source import Source
from indexlab.scenarios.expect import Layer, promised
from indexlab.targets.process import ProcessTarget
from indexlab.targets.protocol import encode_request
from indexlab.targets.starting.languages import LANGUAGES, find_language, is_language, target_files
from indexlab.targets.target import Request
from tests.audit.audits import SMALL, audited
from tests.cli.commands import ran
from tests.targets.conversations import PATIENT, SECOND, START, request

RULES = parse_declaration(
    """
[staleness]
silence = "60s"
[outlier]
rule = "clamp"
band = "1%"
[weights]
kind = "fixed"
[aggregation]
rule = "weighted-mean"
[quorum]
ok_from = 3
below = "halt"
""",
    file="starting",
)
COMPILED = {"go", "rust", "java", "cpp"}
EACH = [pytest.param(language, id=language.id) for language in LANGUAGES]
RUN = [pytest.param(language, id=language.id, marks=pytest.mark.long if language.id in COMPILED else ()) for language in LANGUAGES]
AUDITED = [pytest.param(language, id=language.id, marks=() if language.id == "python" else pytest.mark.long) for language in LANGUAGES]
CODE = {".py", ".mjs", ".go", ".rs", ".java", ".cpp", ".hpp"}
STANDARD = {
    "python": lambda text: set(re.findall(r"^(?:import|from) (\w+)", text, re.MULTILINE)) <= sys.stdlib_module_names,
    "node": lambda text: all(name.startswith("node:") for name in re.findall(r'from "([^"]+)"', text)) and "require(" not in text,
    "go": lambda text: not re.search(r'^\t"[^"]*\.[^"]*"$', text, re.MULTILINE),
    "rust": lambda text: "dependencies" not in text and set(re.findall(r"^use (\w+)", text, re.MULTILINE)) <= {"std", "json"},
    "java": lambda text: all(name.startswith("java.") for name in re.findall(r"^import (?:static )?([\w.]+)", text, re.MULTILINE)),
    "cpp": lambda text: set(re.findall(r'#include "([^"]+)"', text)) <= {"json.hpp"} and not re.search(r"#include <.*[./].*>", text),
}


def code_of(language):
    return {name: text for name, text in target_files(language, "mine").items() if Path(name).suffix in CODE}


@pytest.mark.parametrize("language", EACH)
def test_it_is_short_and_explains_itself(language):
    """Each file is under 120 lines, and where the standard library reads JSON the whole target is one such file."""
    code = code_of(language)
    lines = {name: text.splitlines() for name, text in code.items()}
    assert all(len(one) < 120 for one in lines.values())
    assert len(code) == (1 if language.id in {"python", "node", "go"} else 2)
    assert max(len(line) for one in lines.values() for line in one) <= 130
    commented = [line for one in lines.values() for line in one if re.search(r'#(?!include|\[|pragma)|//|"""', line)]
    assert len(commented) >= 15
    assert all("Of each source the newest valid price counts" in text for name, text in code.items() if "json" not in name.lower())


@pytest.mark.parametrize("language", EACH)
def test_it_needs_the_standard_library_alone(language):
    files = target_files(language, "mine")
    assert all(STANDARD[language.id](text) for name, text in files.items() if name not in {"README.md", "indexlab.toml"})


@pytest.mark.parametrize("language", EACH)
def test_beside_it_lie_a_plan_that_names_it_and_a_page_that_says_how(language, tmp_path):
    files = target_files(language, "my-index")
    (tmp_path / "indexlab.toml").write_text(files["indexlab.toml"], encoding="utf-8")
    plan = read_plan(tmp_path / "indexlab.toml")
    assert plan.use == f"exec:{language.command()}"
    assert promised([Layer("plan", plan.expect)]) == promised([])
    page = files["README.md"]
    assert page.startswith("# my-index\n")
    assert all(words in page for words in (language.build, f'indexlab target check exec:"{language.command()}"', f'indexlab audit exec:"{language.command()}"'))
    assert "$" not in page


def test_what_stands_in_the_plan_as_a_remark_can_be_switched_on(tmp_path):
    text = target_files(find_language("go"), "mine")["indexlab.toml"]
    switched = re.sub(r"^# (?=\[expect|\[margin|sources|           \{|\w+(?:-\w+)? = )", "", text, flags=re.MULTILINE)
    assert switched.count("\n# ") < text.count("\n# ") - 8
    file = tmp_path / "indexlab.toml"
    file.write_text(switched, encoding="utf-8")
    plan = read_plan(file)
    assert (plan.estimate, len(plan.sources)) == (3000, 3)
    assert plan.venue == "binance-usdm"
    assert set(promised([Layer("plan", plan.expect)], known_properties=["silent-source"]).waive) == {"silent-source"}


@pytest.mark.parametrize(
    ("name", "meant"), [("nodejs", "node"), ("JS", "node"), ("Node.js", "node"), ("c++", "cpp"), ("C++", "cpp"), ("golang", "go"), ("Rust", "rust")]
)
def test_a_language_goes_by_the_names_that_people_use(name, meant):
    assert is_language(name)
    assert find_language(name).id == meant


def test_an_unknown_language_is_one_line_with_the_nearest():
    assert not is_language("exec:./index")
    with pytest.raises(InputError, match=r'^LANGUAGE must be one of python, node, .*, was "pyton"; did you mean "python"\?$'):
        find_language("pyton")


# ------------------------------------------------------------------------------------------------------------------ run


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """Write and build a language's target once; give the command that runs it from anywhere."""
    commands = {}

    def make(language):
        if shutil.which(language.tool) is None:
            pytest.skip(f"{language.tool} is not on this machine")
        if language.id not in commands:
            folder = tmp_path_factory.mktemp(language.id)
            for name, text in target_files(language, "mine").items():
                (folder / name).parent.mkdir(parents=True, exist_ok=True)
                (folder / name).write_text(text, encoding="utf-8")
            if language.build:
                built = subprocess.run(shlex.split(language.build), cwd=folder, capture_output=True, text=True, check=False)
                assert built.returncode == 0, built.stderr
            words = [word.replace("./", f"{folder}/") if word.startswith("./") else word for word in shlex.split(language.command())]
            commands[language.id] = shlex.join([str(folder / word) if (folder / word).is_file() else word for word in words])
        return commands[language.id]

    return make


@pytest.fixture(scope="module", params=RUN)
def running(request, made):
    with ProcessTarget(made(request.param), limits=PATIENT) as target:
        yield target


def weighted(asked, weights):
    basket = tuple(Source(id=f"venue{i}", venue=f"venue{i}", weight=weight) for i, weight in enumerate(weights))
    return Request(basket, asked.quotes, asked.times)


usual = st.floats(49_000, 51_000)
prices = usual | usual | st.sampled_from([float("nan"), 0.0, -1.0, 1e-9, 1e12]) | st.floats(1e-7, 1e7)
offsets = st.sampled_from([0, 0, 0, 0, 0.5, 1.0, 1.000001, -30, -60, -60.000001])
seconds = st.integers(0, 6).map(lambda k: 5 * k)
first = st.tuples(*(st.tuples(seconds, st.just(s), usual, st.just(0)) for s in range(5)))
later = st.lists(st.tuples(seconds, st.integers(0, 4), prices, offsets), min_size=5, max_size=25)
weights = st.lists(st.sampled_from([0.0, 1.0, 1.0]) | st.floats(0.01, 10), min_size=5, max_size=5).filter(any)


@st.composite
def runs(draw):
    """Every source says something in the first half minute, often several at once, and all fall silent: what is old, late, doubled and at a limit matters."""
    said = [(time, s, price, time + offset) for time, s, price, offset in (*draw(first), *draw(later))]
    return weighted(request(sorted(said, key=lambda row: row[0]), seconds=100, n=5), draw(weights))


@settings(max_examples=60)
@given(asked=runs())
def test_it_is_right_to_the_engine(running, asked):
    """Late, future, stale, null, zero, negative and absurd prices among them, and weights of nothing; so all languages agree with each other too."""
    expected = determine(RULES, asked.basket, asked.quotes, asked.times)
    [outcome] = running.index([asked])
    assert [STATUSES[code] for code in outcome.status] == [STATUSES[code] for code in expected.status]
    np.testing.assert_allclose(outcome.value, expected.value, rtol=1e-12, atol=0, equal_nan=True)


@pytest.mark.parametrize("language", RUN)
def test_it_answers_batches_and_errors_and_goes_on(language, made):
    """A batch gives what its runs give one by one, to the bit; an unknown method and a line that is no JSON are errors, and the next is answered."""
    asked = [request([(t, s, 50_000.1 + 7 * s + t / 3) for t in range(0, 70, 3) for s in range(n)], seconds=80) for n in (4, 2, 3)]
    alone = [json.loads(encode_request(3 + i, one)) for i, one in enumerate(asked)]
    batch = {"id": 9, "method": "index_batch", "params": [one["params"] for one in alone]}
    lines = [
        {"id": 1, "method": "describe", "params": {"protocol": 1, "unknown": [True, '\\ " é']}},
        *alone,
        batch,
        {"id": 10, "method": "index_batch", "params": []},
    ]
    sent = "\n".join(["this is no JSON", '{"id": 2, "method": "margin", "params": {}}', *map(json.dumps, lines)]) + "\n"
    told = subprocess.run(shlex.split(made(language)), input=sent.encode(), capture_output=True, timeout=120, check=True).stdout.decode()
    answers = [json.loads(line) for line in told.splitlines()]
    assert [answer["id"] for answer in answers] == [None, 2, 1, 3, 4, 5, 9, 10]
    assert all("error" in answer and "result" not in answer for answer in answers[:2])
    assert "unknown method" in answers[1]["error"]["message"] or "margin" in answers[1]["error"]["message"]
    assert answers[2]["result"]["provides"] == ["index", "index_batch"]
    assert answers[6]["result"] == [answer["result"] for answer in answers[3:6]]
    assert answers[7]["result"] == []
    assert {status for answer in answers[3:6] for status in answer["result"]["status"]} == {"ok", "halted"}


@pytest.mark.long
@pytest.mark.parametrize("language", EACH)
def test_numbers_come_back_as_they_are(language, made):
    """With equal prices the index is that price to the last bit, in whatever digits a language writes it."""
    said = [50_000.1, 0.1 + 0.2, 1 / 3, 123456789.12345679, 1e-7, 1e22]
    exact = [Request(one.basket, one.quotes, one.times) for one in (request([(0, s, price) for s in range(4)], seconds=1) for price in said)]
    with ProcessTarget(made(language), limits=PATIENT) as target:
        assert [outcome.value[0] for outcome in target.index(exact)] == said


@pytest.mark.parametrize("language", RUN)
def test_a_first_conversation_finds_nothing_wrong(language, made):
    done = ran("target", "check", f"exec:{made(language)}")
    assert (done.exit_code, done.stderr) == (0, "")
    assert "WRONG" not in done.stdout
    assert " 0 right" not in done.stdout


@pytest.mark.parametrize("language", AUDITED)
def test_an_audit_finds_nothing(language, made):
    told = audited(f"exec:{made(language)}", budget=SMALL)
    assert [f"{finding.sentence} {finding.seen}" for finding, _ in told.found] == []
    assert {one.verdict for one in told.properties().values()} <= {"holds", "not-applicable"}
    assert told.properties()["weight-zero"].verdict == "holds"


@pytest.mark.long
@pytest.mark.parametrize("language", EACH)
def test_an_audit_of_the_quick_profile_finds_nothing(language, made):
    told = audited(f"exec:{made(language)}", budget=None)
    assert [f"{finding.sentence} {finding.seen}" for finding, _ in told.found] == []


def test_an_empty_run_is_answered(running):
    nothing = Quotes.from_columns(receive_time=[], event_time=[], source=[], price=[])
    [outcome] = running.index([Request(request([]).basket, nothing, np.array([START, START + SECOND], dtype=np.int64))])
    assert [STATUSES[code] for code in outcome.status] == ["halted", "halted"]
