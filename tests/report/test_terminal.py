"""What a person sees in a terminal, without one, and when the reader has gone."""

import io
import os
import re
import subprocess
import sys
from pathlib import Path

import msgspec
import pytest

from indexlab.report.terminal import Terminal
from indexlab.report.tone import USUAL, Tone
from indexlab.report.words import findings_of
from tests.report.samples import events_of, finding, hostile, judged, known, survey

ROOT = Path(__file__).parents[2]


class Screen(io.StringIO):
    """A stream that says it is a terminal."""

    def isatty(self):
        return True


def shown(result, stream=io.StringIO, environ=None, tone=USUAL):
    """What both streams got."""
    out, err = stream(), stream()
    terminal = Terminal(out, err, {"TERM": "xterm"} if environ is None else environ, tone)
    for event in events_of(result):
        terminal.handle(event)
    terminal.written()
    terminal.close()
    return out.getvalue(), err.getvalue()


def test_without_a_terminal_there_are_few_plain_lines():
    """No colour, no bar, no escape; a line a target and one for each thing to know."""
    out, err = shown(judged())
    assert "\x1b" not in out + err
    assert err.splitlines() == [
        "indexlab 0.1.0: audit of 1 target, 16 properties, profile ci, seed 1",
        "exec:./acme-index: 10 000 scenarios planned",
        "note: exec:./acme-index: quotes carry no volume; wash was not drawn",
        "BROKEN  silent-source  acme-index: 90 s after kraken fell silent its last price still carries 31 %…",
        "exec:./acme-index: 1 broken, 1 inconclusive, 1 waived, 12 hold, 1 not applicable, in 10 000 scenarios",
    ]


def test_a_terminal_gets_a_bar_and_colours():
    """On a terminal the bar moves on the error stream and the verdicts are coloured."""
    out, err = shown(judged(), Screen)
    assert "1 of 1  exec:./acme-index  shrinking what broke, 3 breaches" in err
    assert "\x1b[1;31mBROKEN" in out


@pytest.mark.parametrize("environ", [{"NO_COLOR": "1"}, {"CI": "true"}, {"TERM": "dumb"}])
def test_no_color_and_ci_are_heeded(environ):
    """Where colours or bars are unwanted there are none, terminal or not."""
    out, err = shown(judged(), Screen, {"TERM": "xterm", **environ})
    assert "\x1b" not in out + err


@pytest.mark.parametrize("environ", [{"FORCE_COLOR": "1"}, {"FORCE_COLOR": "1", "CI": "true"}, {"FORCE_COLOR": "3", "TERM": ""}])
def test_colours_that_are_forced_are_there_without_a_terminal_and_a_bar_is_not(environ):
    out, err = shown(judged(), environ={"TERM": "xterm", **environ})
    assert "\x1b[1;31mBROKEN" in out
    assert "\x1b[?25l" not in err


@pytest.mark.parametrize("environ", [{"FORCE_COLOR": "0"}, {"FORCE_COLOR": ""}, {"FORCE_COLOR": "1", "NO_COLOR": "1"}])
def test_colours_that_are_forced_off_are_not(environ):
    out, err = shown(judged(), environ={"TERM": "xterm", **environ})
    assert "\x1b[1;31m" not in out
    assert not re.search(r"\x1b\[[0-9;]*3[0-9]", out + err)


def plain(text):
    return re.sub(r"\x1b\[[0-9;]*m", "", text).splitlines()


@pytest.mark.parametrize("stream", [io.StringIO, Screen], ids=["plain", "terminal"])
@pytest.mark.parametrize("sample", [judged, known, survey, hostile])
def test_quiet_is_what_was_found_and_the_verdict(sample, stream):
    out, err = shown(sample(), stream, {"TERM": "xterm", "NO_COLOR": "1"}, Tone(quiet=True))
    assert err == ""
    said, whole = plain(out), plain(shown(sample(), stream, {"TERM": "xterm", "NO_COLOR": "1"})[0])
    assert [line for line in said if line not in whole] == []
    assert len(said) < len(whole)
    assert any(line.startswith(("BROKEN: ", "SURVEY: ")) for line in said)
    assert not any(line.startswith("property ") for line in said)


def test_verbose_says_units_phases_and_settings():
    """The clock is handed in: three seconds a look."""
    seconds = iter(range(0, 1_000, 3))
    tone = Tone(verbose=True, clock=lambda: float(next(seconds)), settings=("plan file: indexlab.toml", "seed: 1"))
    out, err = shown(judged(), Screen, {"TERM": "xterm", "NO_COLOR": "1"}, tone)
    lines = plain(err)
    assert lines[1:3] == ["plan file: indexlab.toml", "seed: 1"]
    assert "exec:./acme-index: acme-index 2.3.1, process" in lines
    assert "exec:./acme-index: search 5 000 of 10 000, 3 breaches, 3.0 s" in lines
    assert any(line.startswith("exec:./acme-index: search took ") for line in lines)
    assert any(line.startswith("exec:./acme-index: shrink took ") for line in lines)
    assert "acme-index: saved findings/7f3a-000412.json" in lines
    assert "report: reports/run-1/index.html" in out


def test_verbose_shows_all_of_a_target_s_own_words():
    log = "\n".join(f"line {number}" for number in range(40))
    result = judged()
    [target] = result.targets
    properties = [msgspec.structs.replace(one, finding=finding(log=log)) if one.finding else one for one in target.properties]
    result = msgspec.structs.replace(result, targets=[msgspec.structs.replace(target, properties=properties)])
    assert "| line 3\n" not in shown(result)[0]
    assert "| line 3\n" in shown(result, tone=Tone(verbose=True))[0]


def test_what_a_target_says_is_no_command_of_a_ci_system():
    """GitHub's runner reads a step's output: a line of a target that begins like a command is taken apart."""
    result = judged()
    [target] = result.targets
    told = finding(sentence="::error::forged", footnote="see ##[add-mask]x", log="::stop-commands::x")
    properties = [msgspec.structs.replace(one, finding=told) if one.finding else one for one in target.properties]
    out, err = shown(msgspec.structs.replace(result, targets=[msgspec.structs.replace(target, properties=properties, notes=["::notice::forged"])]))
    assert not [line for line in (out + err).splitlines() if line.strip().startswith("::") or "##[" in line]


@pytest.mark.parametrize("result", [judged(), survey()], ids=["judged", "survey"])
def test_everything_fits_a_hundred_columns(result):
    """Tables, findings and the closing lines fit a terminal of 100 columns, apart from lines that replay a finding and mark a breach."""
    out, _ = shown(result)
    assert [line for line in out.splitlines() if len(line) > 100 and "indexlab" not in line and "←" not in line and "?  could" not in line] == []


def test_a_survey_says_that_it_judges_nobody():
    """A survey's findings have a line each and its last words are that it judges nobody."""
    out, _ = shown(survey())
    assert "A survey judges nobody" in " ".join(out.split())
    assert len([line for line in out.splitlines() if "indexlab replay" in line]) == 3
    assert out.endswith("report: reports/run-1/index.html\n")


@pytest.mark.parametrize("tone", [USUAL, Tone(quiet=True), Tone(verbose=True)], ids=["usual", "quiet", "verbose"])
@pytest.mark.parametrize("result", [judged(), survey()], ids=["judged", "survey"])
def test_what_could_not_be_written_is_not_named(result, tone):
    """Neither the report, whose files come after the result, nor a finding's file that found no room."""
    out, err = io.StringIO(), io.StringIO()
    terminal = Terminal(out, err, {"TERM": "xterm"}, tone)
    found = [one for _, _, one in findings_of(result)]
    terminal.unwritten.update(one.file for one in found)
    for event in events_of(result):
        terminal.handle(event)
    assert "report: " not in out.getvalue()
    assert "not written" in out.getvalue()
    assert not [one for one in found if one.reproduce in out.getvalue() or f"saved {one.file}" in err.getvalue()]


def test_hostile_text_reaches_no_terminal():
    """Neither control sequences nor markup of the terminal library do anything."""
    out, err = shown(hostile())
    assert not re.search(r"[\x00-\x09\x0b-\x1f\x7f-\x9f\u202e\ud800]", out + err)
    assert "[bold red]red" in out
    screen, _ = shown(hostile(), Screen)
    assert "\x1b[31mred" not in screen
    assert "\x1b]0;" not in screen


def test_an_audit_that_ended_early_closes_what_it_began():
    """Interrupted with no target judged: it says so and the bar is gone."""
    out, _ = shown(msgspec.structs.replace(judged(), targets=[], interrupted=True), Screen)
    assert "Interrupted before the end." in out


def test_a_reader_that_has_gone_is_no_failure():
    """`indexlab audit | head -0`: the audit goes on, nothing is printed about pipes, the exit code is the program's own."""
    code = "import sys\nfrom indexlab.report.terminal import Terminal\nfrom tests.report.samples import events_of, judged\nsys.stdin.read()\n"
    code += "t = Terminal()\nfor e in events_of(judged()): t.handle(e)\nsys.exit(7)"
    environ = {**os.environ, "PYTHONPATH": str(ROOT)}
    program = subprocess.Popen([sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environ, cwd=ROOT)
    program.stdout.close()
    program.stdout = None
    _, err = program.communicate(b"", timeout=60)
    assert b"Broken" not in err
    assert b"Traceback" not in err
    assert program.returncode == 7
