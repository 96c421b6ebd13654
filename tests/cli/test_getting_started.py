"""docs/getting-started.md, walked: its files written, its commands typed, and what it shows found in what they print."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from indexlab.commands.init import init
from tests.cli.commands import ENVIRONMENT

PAGE = Path(__file__).parents[2] / "docs" / "getting-started.md"
BLOCK = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
FILE = re.compile(r"\*\*`([\w./-]+)`\*\*\s*\Z")
INSTALLS = ("git clone ", "make -C ", "export PATH=")
"""What is there already where the tests run."""


@dataclass(frozen=True)
class Block:
    """A block of the page: its kind, its text, and the file that it is, if it is one."""

    kind: str
    text: str
    file: str | None


def blocks():
    page = PAGE.read_text(encoding="utf-8")
    return [Block(found[1], found[2], name[1] if (name := FILE.search(page[: found.start()])) else None) for found in BLOCK.finditer(page)]


def typed(block):
    """The commands of a block, each with the exit code that its remark names."""
    for line in block.text.splitlines():
        command, _, code = line.partition("  # exit ")
        yield command, int(code or 0)


@dataclass
class Walk:
    """Somebody who follows the page in an empty folder; `said` is what the last commands printed."""

    here: Path
    said: str = ""
    typed: list[str] = field(default_factory=list)

    def take(self, block):
        if block.file:
            (self.here / block.file).write_text(block.text, encoding="utf-8")
        elif block.kind == "sh":
            self.said = "".join(self.type(command, code) for command, code in typed(block) if not command.startswith(INSTALLS))
        elif block.kind == "diff":
            self.mend(block)
        else:
            self.see(block)

    def type(self, command, code):
        given = {**os.environ, **ENVIRONMENT, "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}", "PYTEST_ADDOPTS": "-p no:cacheprovider"}
        done = subprocess.run(shlex.split(command), cwd=self.here, env=given, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
        assert done.returncode == code, f"{command}\n{done.stdout[-4000:]}"
        self.typed.append(command)
        return done.stdout

    def mend(self, block):
        lines = block.text.splitlines()
        old, new = ("\n".join(line[1:] for line in lines if not line.startswith(other)) for other in "+-")
        [file] = [path for path in self.here.glob("*.mjs") if old in path.read_text(encoding="utf-8")]
        file.write_text(file.read_text(encoding="utf-8").replace(old, new), encoding="utf-8")

    def see(self, block):
        printed = re.sub(r"\s+", " ", self.said)
        for line in block.text.splitlines():
            for part in line.split("…"):
                assert " ".join(part.split()) in printed, f"{line}\nis not in\n{self.said[-6000:]}"


def test_the_first_finding_takes_fewer_than_ten_commands():
    commands = [command for block in blocks() if block.kind == "sh" for command, _ in typed(block)]
    first = next(i for i, command in enumerate(commands) if command.startswith("indexlab audit"))
    assert first + 1 < 10
    assert next(i for i, command in enumerate(commands) if command.startswith("pytest")) + 1 < 10
    assert {block.kind for block in blocks()} == {"", "js", "sh", "diff"}
    assert [block.file for block in blocks() if block.kind == "js"] == ["service.mjs", "target.mjs"]


def test_its_flags_are_those_that_init_has():
    [command] = [command for block in blocks() if block.kind == "sh" for command, _ in typed(block) if command.startswith("indexlab init")]
    known = {name for parameter in init.params for name in parameter.opts}
    assert {word for word in shlex.split(command) if word.startswith("--")} <= known


@pytest.mark.long
@pytest.mark.skipif(shutil.which("node") is None, reason="node is not on this machine")
def test_the_page_is_true(tmp_path):
    walk = Walk(tmp_path)
    for block in blocks():
        walk.take(block)
    assert len(walk.typed) >= 6
