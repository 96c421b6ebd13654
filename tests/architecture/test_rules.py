"""The house stands as drawn, and each rule can fail: it is shown a small tree with that one thing wrong."""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING

import pytest

from tests.architecture import rules
from tests.architecture.tree import HERE, PACKAGES, modules

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

SOUND = {
    "indexlab/__init__.py": "",
    "indexlab/market/__init__.py": "from indexlab.market.quotes import Quotes",
    "indexlab/market/errors.py": "",
    "indexlab/market/quotes.py": "from indexlab.market import errors\nfrom time import gmtime\nfrom numpy.random import Generator, Philox\nQuotes = 1",
    "indexlab/index/__init__.py": "",
    "indexlab/index/kernel.py": "import numpy as np\nfrom indexlab.market import Quotes\nfrom ..market.errors import x\nnp.random.Philox(1)",
    "indexlab/margin/__init__.py": "",
    "indexlab/audit/__init__.py": "from indexlab.index import kernel",
    "indexlab/cli.py": "import time\nfrom indexlab import audit\ntime.monotonic()",
    "feeds/__init__.py": "",
    "feeds/files.py": "from indexlab.market.quotes import Quotes",
    "feeds/recorder.py": "import time\ntime.time()",
}


def planted(folder: Path, files: dict[str, str]) -> Path:
    """Write the sound tree with these files on top of it."""
    for name, text in (SOUND | files).items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text, encoding="utf-8")
    return folder


RULES = [rules.broken_floors, rules.cycles, rules.oversized, rules.banned_names, rules.empty_names]


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.__name__)
def test_the_house_keeps_the_rule(rule: Callable[[Path], list[str]]) -> None:
    assert rule(HERE) == []


def test_the_rules_look_at_the_real_house() -> None:
    """An empty or mistaken folder would keep every rule."""
    known = modules(HERE)
    assert {f"indexlab.{room}" for room in rules.FLOORS if not room.startswith("_")} <= set(known)
    assert set(PACKAGES) <= set(known)


def test_tests_and_benchmarks_are_of_a_size_that_is_read() -> None:
    assert rules.oversized(HERE, ("tests", "benchmarks")) == []


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.__name__)
def test_a_sound_tree_breaks_no_rule(rule: Callable[[Path], list[str]], tmp_path: Path) -> None:
    assert rule(planted(tmp_path, {})) == []


@pytest.mark.parametrize(
    ("file", "text", "why"),
    [
        ("indexlab/market/panel.py", "from indexlab.index.kernel import x", "indexlab.market.panel imports indexlab.index.kernel: floor 2 is above floor 1"),
        ("indexlab/market/panel.py", "def f():\n    import indexlab.audit", "indexlab.market.panel imports indexlab.audit: floor 5 is above floor 1"),
        (
            "indexlab/margin/rack.py",
            "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from indexlab.index import kernel",
            "indexlab.margin.rack imports indexlab.index.kernel: neighbours do not know one another",
        ),
        (
            "indexlab/margin/rack.py",
            "from ..faults.stop import Stop",
            "indexlab.margin.rack imports indexlab.faults.stop: neighbours do not know one another",
        ),
        ("indexlab/audit/run.py", "from indexlab.cli import main", "indexlab.audit.run imports indexlab.cli: floor 8 is above floor 5"),
        ("indexlab/pytest_plugin.py", "import indexlab.cli", "indexlab.pytest_plugin imports indexlab.cli: neighbours do not know one another"),
        ("indexlab/cli.py", "from feeds.files import candles", "indexlab.cli imports feeds.files: the doors find feeds by entry point"),
        (
            "indexlab/cli.py",
            "from importlib import import_module\nimport_module('feeds.files')",
            "indexlab.cli imports feeds.files: the doors find feeds by entry point",
        ),
        ("feeds/files.py", "from indexlab.index import kernel", "feeds.files imports indexlab.index.kernel: feeds know indexlab.market alone"),
        ("feeds/files.py", "import indexlab", "feeds.files imports indexlab: feeds know indexlab.market alone"),
        ("indexlab/__init__.py", "from indexlab.market import Quotes", "indexlab imports indexlab.market: the package itself stays empty"),
        ("indexlab/attic.py", "", "indexlab.attic stands on no floor"),
    ],
)
def test_an_import_that_does_not_go_down_is_seen(file: str, text: str, why: str, tmp_path: Path) -> None:
    assert rules.broken_floors(planted(tmp_path, {file: text})) == [why]


@pytest.mark.parametrize(
    "errors",
    [
        "from indexlab.market import Quotes",
        "def f():\n    from indexlab.market.quotes import Quotes",
        "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from .quotes import Quotes",
    ],
)
def test_a_cycle_is_seen(errors: str, tmp_path: Path) -> None:
    (cycle,) = rules.cycles(planted(tmp_path, {"indexlab/market/errors.py": errors}))
    assert {"indexlab.market.errors", "indexlab.market.quotes"} <= set(cycle.split(" → "))


def test_a_long_module_and_a_long_function_are_seen(tmp_path: Path) -> None:
    """The border itself is allowed: 500 lines, 70 lines."""
    files = {
        "indexlab/market/long.py": "x = 1\n" * 501,
        "indexlab/market/full.py": "x = 1\n" * 500,
        "indexlab/market/deep.py": "class A:\n    def f(self):\n" + "        x = 1\n" * 70 + "    def g(self):\n" + "        x = 1\n" * 69,
    }
    assert rules.oversized(planted(tmp_path, files)) == [
        "indexlab.market.deep.f has 71 lines, more than 70",
        "indexlab.market.long has 501 lines, more than 500",
    ]


@pytest.mark.parametrize(
    ("text", "seen"),
    [
        ("import time\nclock = time.time", "time.time"),
        ("from time import monotonic as now", "time.monotonic"),
        ("import time as t\nt.sleep(1)", "time.sleep"),
        ("import datetime\ndatetime.datetime.now()", "datetime.datetime.now"),
        ("from datetime import date\ndate.today()", "datetime.date.today"),
        ("from random import Random", "random.Random"),
        ("import numpy as np\nnp.random.default_rng(1)", "numpy.random.default_rng"),
        ("from numpy import random as r\nr.seed(1)", "numpy.random.seed"),
        ("import uuid\nuuid.uuid4()", "uuid.uuid4"),
        ("import pickle", "pickle"),
        ("eval('1')", "eval"),
    ],
)
def test_a_clock_chance_or_foreign_code_is_seen(text: str, seen: str, tmp_path: Path) -> None:
    found = rules.banned_names(planted(tmp_path, {"indexlab/index/kernel.py": text}))
    assert found
    assert all(line.startswith("indexlab.index.kernel:") for line in found)
    assert any(line.endswith(f" mentions {seen}") for line in found)


@pytest.mark.parametrize("text", ["import pickle", "import os\nos.system('ls')"])
def test_not_even_a_door_runs_foreign_code(text: str, tmp_path: Path) -> None:
    assert rules.banned_names(planted(tmp_path, {"indexlab/cli.py": text}))


def test_a_shell_is_seen(tmp_path: Path) -> None:
    tree = planted(tmp_path, {"indexlab/cli.py": "import subprocess\nsubprocess.run('ls', shell=True)\nsubprocess.run(['ls'], shell=False)"})
    assert rules.banned_names(tree) == ["indexlab.cli:2 starts a shell"]


def test_a_name_that_says_nothing_is_seen(tmp_path: Path) -> None:
    assert rules.empty_names(planted(tmp_path, {"indexlab/market/_utils.py": ""})) == ["indexlab.market._utils"]


def test_no_file_holds_a_path_of_a_machine_or_the_address_of_a_registry() -> None:
    files = rules.repository_files(HERE)
    if files is None:
        pytest.skip("not a git checkout: there is no list of the repository's files")
    assert rules.machine_words(HERE, files) == []


@pytest.mark.parametrize(
    "words",
    [
        "see {}home{}me/x".format(*"//"),
        "--find-links={}opt{}wheels".format(*"//"),
        '"{}Users{}me"'.format(*"//"),
        "file:{}{}{}work{}main".format(*"////"),
        "https:{}{}pypi{}org/simple".format(*"//."),
        "https:{}{}files.python{}{}org".format("/", "/", "hosted", "."),
    ],
)
def test_a_path_of_a_machine_or_the_address_of_a_registry_is_seen(words: str, tmp_path: Path) -> None:
    """Also in a file that is not text throughout."""
    (tmp_path / "notes").write_bytes(b"\xff\x00 first line\nsecond: " + words.encode())
    assert [line.split(" ")[0] for line in rules.machine_words(tmp_path, ["notes"])] == ["notes:2"]


@pytest.mark.parametrize("words", ["https://example.com/home/page", "../shared/data", "a/b/{}/c".format("work"), "</root>", "$dir/home/x", "framework/opt"])
def test_an_ordinary_path_or_link_is_no_path_of_a_machine(words: str, tmp_path: Path) -> None:
    (tmp_path / "notes").write_text(words, encoding="utf-8")
    assert rules.machine_words(tmp_path, ["notes"]) == []


def test_what_git_ignores_is_not_looked_at(tmp_path: Path) -> None:
    """A virtual environment holds paths of its machine; that is its business."""
    subprocess.run(["git", "init", "--quiet", str(tmp_path)], check=True)
    (tmp_path / ".gitignore").write_text(".venv/\n", encoding="utf-8")
    (tmp_path / ".venv").mkdir()
    (tmp_path / ".venv" / "here").write_text("x", encoding="utf-8")
    (tmp_path / "new.py").write_text("x", encoding="utf-8")
    assert sorted(rules.repository_files(tmp_path) or []) == [".gitignore", "new.py"]
