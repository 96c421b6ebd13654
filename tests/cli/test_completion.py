"""What a shell completes: asked by click's own protocol, held to what there is, and without loading what a person would wait for."""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
import sys

import pytest

from indexlab.audit.plan import PROFILES
from indexlab.commands import completing
from indexlab.faults.registry import fault_names
from indexlab.index.catalogue import preset_names
from indexlab.market.fixture import fixture_ids
from indexlab.properties.registry import properties
from indexlab.targets.resolve import schemes
from indexlab.targets.starting.languages import LANGUAGES
from tests.architecture.test_light_start import heavy_libraries_loaded_by
from tests.cli.commands import ran


def completed(line, shell="bash"):
    """What the protocol answers to a line, the cursor at its end."""
    words = shlex.split(line) + ([""] if line.endswith(" ") else [])
    asked = {"COMP_WORDS": line, "COMP_CWORD": words[-1] if shell == "fish" else str(len(words) - 1)}
    with pytest.MonkeyPatch.context() as patch:
        for name, value in {**asked, "_INDEXLAB_COMPLETE": f"{shell}_complete"}.items():
            patch.setenv(name, value)
        told = [line for line in ran().stdout.splitlines() if line]
    if shell == "zsh":
        return told[1::3]
    return [entry.partition(",")[2].partition("\t")[0] for entry in told]


def test_the_names_are_those_that_there_are():
    """They are read from the names of files: here they are held to the registries."""
    assert completing._methods() == list(preset_names())
    assert completing._properties() == sorted(prop.id for prop in properties())
    assert completing._faults() == fault_names()
    assert completing._fixtures() == sorted(fixture_ids())
    assert completing._PROFILES == PROFILES
    assert tuple(language.id for language in LANGUAGES) == completing._LANGUAGES
    assert {scheme.partition(":")[0] for scheme in completing._SCHEMES} == set(schemes())


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("indexlab aud", ["audit"]),
        ("indexlab audit preset:okx", ["preset:okx-2018", "preset:okx-2024"]),
        ("indexlab audit okx-2018", ["preset:okx-2018"]),
        ("indexlab audit ex", ["exec:"]),
        ("indexlab serve right:clamp-h", ["right:clamp-half-percent", "right:clamp-half-percent-receive", "right:clamp-hold"]),
        ("indexlab audit --profile ", ["quick", "ci", "nightly"]),
        ("indexlab audit --only hull,sing", ["hull,single-source"]),
        ("indexlab audit --fixture calm", ["calm-hour"]),
        ("indexlab audit --against preset:okx-2018", ["preset:okx-2018"]),
        ("indexlab replay calm", ["calm-hour"]),
        ("indexlab methods diff okx-2018 okx", ["okx-2018", "okx-2024"]),
        ("indexlab properties show margin-", ["margin-recovery", "margin-rules", "margin-stability"]),
        ("indexlab faults show freeze", ["freeze", "freeze-stamped"]),
        ("indexlab fixtures check true", ["true-crash"]),
        ("indexlab target new ", ["python", "node", "go", "rust", "java", "cpp"]),
        ("indexlab completion f", ["fish"]),
        ("indexlab init --ci git", ["github", "gitlab"]),
        ("indexlab init --target rus", ["rust"]),
    ],
)
def test_it_completes(shell, line, expected):
    assert completed(line, shell) == expected


def test_files_are_completed_behind_their_scheme(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "rules").mkdir()
    for name in ("rules/mine.toml", "rules/mine.json", "run.toml", ".hidden.toml"):
        (tmp_path / name).touch()
    assert completed("indexlab audit file:r") == ["file:rules/", "file:run.toml"]
    assert completed("indexlab audit file:rules/") == ["file:rules/mine.toml"]
    assert completed("indexlab audit file:nowhere/") == []
    assert completed("indexlab replay rules/") == ["rules/mine.json"]


@pytest.mark.parametrize(
    "line", ["indexlab audit preset:o", "indexlab audit --only s", "indexlab audit --fixture c", "indexlab faults show s", "indexlab audit right:c"]
)
def test_nobody_waits_for_a_heavy_library(line):
    words = f"import os; os.environ.update(_INDEXLAB_COMPLETE='bash_complete', COMP_WORDS={line!r})"
    assert heavy_libraries_loaded_by(f"{words}\nfrom indexlab.cli import main\ntry:\n    main(prog_name='indexlab')\nexcept SystemExit:\n    pass") == set()


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_the_script_is_one_that_the_shell_can_read(shell):
    script = ran("completion", shell).stdout
    assert "_INDEXLAB_COMPLETE" in script
    if shutil.which(shell) is None:
        pytest.skip(f"{shell} is not on this machine")
    assert subprocess.run([shell, "-n"], input=script, text=True, capture_output=True, check=False).stderr == ""


def test_another_shell_is_one_line():
    done = ran("completion", "ksh")
    assert (done.exit_code, done.stderr) == (2, 'indexlab: shell must be one of bash, zsh, fish, was "ksh"; did you mean "zsh"?\n')


BASH = """
eval "$SCRIPT"
said() {
    COMP_LINE="$1" COMP_POINT=${#1} COMPREPLY=()
    _indexlab_completion indexlab 2>/dev/null
    printf '%s\\n' "${COMPREPLY[*]}"
}
said "indexlab audit preset:okx"
said "indexlab audit --only hull,sing"
said "indexlab audit okx"
"""


@pytest.mark.skipif(shutil.which("bash") is None, reason="bash is not on this machine")
def test_bash_which_takes_words_apart_at_colons_is_not_told_twice_what_it_has(tmp_path):
    program = tmp_path / "indexlab"
    program.write_text(f"#!{sys.executable}\nfrom indexlab.cli import main\nmain()\n", encoding="utf-8")
    program.chmod(0o755)
    given = {**os.environ, "PATH": f"{tmp_path}:{os.environ['PATH']}", "SCRIPT": ran("completion", "bash").stdout}
    told = subprocess.run(["bash", "--norc", "-c", BASH], env=given, capture_output=True, text=True, check=True).stdout
    assert told.splitlines() == ["okx-2018 okx-2024", "hull,single-source", "preset:okx-2018 preset:okx-2024"]
