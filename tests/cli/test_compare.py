"""`indexlab compare`: exit codes, formats, where they are written, and what is wrong with what was given."""

import pytest

from indexlab.report.document import report_bytes
from tests.cli.commands import ran
from tests.report.samples import judged
from tests.report.test_comparison import with_property


@pytest.fixture
def runs(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for name, result in (("old", judged()), ("new", with_property(judged(), "hull", verdict="violated"))):
        (tmp_path / name).mkdir()
        (tmp_path / name / "report.json").write_bytes(report_bytes(result))
    return tmp_path


def test_a_regression_exits_1_and_is_said_last(runs):
    done = ran("compare", "old", "new")
    assert done.exit_code == 1
    assert "WORSE  hull: from holds to violated\n1 regression beyond 10 %\n" in done.stdout


@pytest.mark.parametrize("pair", [("old", "old"), ("new", "old"), ("old/report.json", "old")])
def test_no_regression_exits_0(runs, pair):
    done = ran("compare", *pair)
    assert done.exit_code == 0
    assert "no regression beyond 10 %" in done.stdout


def test_formats_go_where_they_are_sent(runs):
    done = ran("compare", "old", "new", "--format", "markdown=out/c.md", "--format", "html=c.html", "--format", "text")
    assert done.exit_code == 1
    assert (runs / "out" / "c.md").read_text().startswith("## indexlab compare: 1 regression beyond 10 %\n")
    assert "<h1>1 regression beyond 10 %</h1>" in (runs / "c.html").read_text()
    assert "1 regression beyond 10 %" in done.stdout


def test_everything_is_shown_where_it_is_asked_for(runs):
    brief, full = ran("compare", "old", "old").stdout, ran("compare", "old", "old", "--all").stdout
    assert "determinism" not in brief
    assert "determinism" in full


BAD = {
    "a format": (("old", "new", "--format", "pdf"), 'must be one of text, markdown, html, with or without =FILE, was "pdf"'),
    "no file": (("old", "new", "--format", "html="), "must be one of"),
    "a tolerance": (("old", "new", "--tolerance", "ten"), "--tolerance must be a number with a unit"),
    "a negative one": (("old", "new", "--tolerance", "-5%"), "--tolerance must be between"),
    "no run": (("old", "nowhere"), "nowhere: cannot be read"),
}


@pytest.mark.parametrize(("words", "said"), BAD.values(), ids=BAD.keys())
def test_bad_usage_exits_2_and_says_what_is_wrong(runs, words, said):
    done = ran("compare", *words)
    assert done.exit_code == 2
    assert said in done.stderr
