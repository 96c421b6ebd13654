"""What a pipeline does: formats, what is known, what is asked again; with the real commands."""

import json
import os
import shutil
from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec
import pytest

from indexlab.audit import search
from indexlab.audit.findings import first_seen
from tests.cli.commands import ENVIRONMENT, planted, ran

MEAN = ("audit", "preset:plain-mean", "--only", "single-source,quorum", "--jobs", 1)
DAY = datetime.now(UTC).date()
UNTIL = (DAY + timedelta(days=30)).isoformat()


@pytest.fixture(autouse=True)
def _here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


@pytest.fixture(scope="module")
def audited(tmp_path_factory):
    """A folder in which an audit has found what plain-mean breaks."""
    here = tmp_path_factory.mktemp("audited")
    before = Path.cwd()
    os.chdir(here)
    try:
        assert ran(*MEAN, "--out", "reports/run").exit_code == 1
    finally:
        os.chdir(before)
    return here


@pytest.fixture
def run(audited, monkeypatch):
    """That folder, entered, with no baseline yet."""
    monkeypatch.chdir(audited)
    yield audited / "reports" / "run"
    for path in audited.glob("indexlab*"):
        path.unlink()


def prints(run):
    return {
        json.loads(path.read_text())["finding"]["property"]: json.loads(path.read_text())["finding"]["fingerprint"]
        for path in (run / "findings").rglob("*.json")
    }


def added(*findings, until=UNTIL):
    done = ran("baseline", "add", *findings, "--reason", "known since March", "--until", until, "--owner", "ann")
    assert done.exit_code == 0, done.stderr
    return done


def test_one_format_takes_the_place_of_the_text_and_the_others_are_files(tmp_path):
    done = ran(*MEAN, "--out", "run", "--format", "json", "--format", "junit=out/j.xml", "--format", "sarif=s.sarif", "--format", "ndjson=events")
    assert done.exit_code == 1
    assert json.loads(done.stdout)["targets"][0]["target"] == "preset:plain-mean"
    assert "BROKEN  single-source" in done.stderr
    assert (tmp_path / "out" / "j.xml").read_bytes() == (tmp_path / "run" / "junit.xml").read_bytes()
    assert (tmp_path / "s.sarif").read_bytes() == (tmp_path / "run" / "report.sarif").read_bytes()
    assert [json.loads(line)["type"] for line in (tmp_path / "events").read_text().splitlines()][-1] == "AuditFinished"
    assert {path.name for path in (tmp_path / "run").iterdir()} >= {"index.html", "report.json", "junit.xml", "report.sarif", "summary.md"}


@pytest.mark.parametrize(
    ("options", "line"),
    [
        (["--format", "jnuit"], '--format names no format, was "jnuit"; did you mean "junit"?'),
        (["--format", "json", "--format", "sarif"], "--format sends json and sarif to standard output"),
        (["--baseline", "nowhere.toml"], "nowhere.toml: does not exist"),
        (["--baseline", "x.toml", "--no-baseline"], "--baseline and --no-baseline exclude one another"),
    ],
)
def test_what_is_wrong_ends_before_work_starts(tmp_path, options, line):
    done = ran(*MEAN, *options)
    assert done.exit_code == 2
    assert done.stderr.startswith(f"indexlab: {line}")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("words", [MEAN, ("replay", "--all", ".")], ids=["audit", "replay"])
def test_a_file_that_cannot_be_written_is_told_before_work_starts(tmp_path, words):
    (tmp_path / "plain").write_text("")
    before = sorted(tmp_path.iterdir())
    done = ran(*words, "--format", "junit=plain/deep/j.xml")
    assert done.exit_code == 2
    assert done.stdout == ""
    assert done.stderr.endswith("plain/deep/j.xml: cannot be written: not a directory; choose another folder with --format\n")
    assert len(done.stderr.splitlines()) == 1
    assert sorted(tmp_path.iterdir()) == before


def test_a_finding_s_file_lies_there_only_while_a_finding_is_told_of_it(tmp_path, monkeypatch):
    """Each breach has a file at once; where shrinking makes a double of it, the file goes when the run is done, and stays where it was interrupted."""
    seen = []

    def elsewhere(*given):
        early = [(msgspec.structs.replace(one, file=f"findings/early/{one.property}.json"), saved) for one, saved in first_seen(*given)]
        seen.extend(one.file for one, _ in early)
        return early

    monkeypatch.setattr(search, "first_seen", elsewhere)
    assert ran(*MEAN, "--out", "run").exit_code == 1
    assert seen
    told = [one["id"] for prop in json.loads(Path("run/report.json").read_text())["targets"][0]["properties"] for one in prop["findings"]]
    assert sorted(path.stem for path in Path("run").rglob("findings/**/*.json")) == sorted(told)
    monkeypatch.setattr("indexlab.commands.audit.stop_on_interrupt", lambda: lambda: any((Path("ended") / file).exists() for file in seen))
    assert ran(*MEAN, "--out", "ended").exit_code == 130
    assert list(Path("ended/findings/early").iterdir())


def test_quiet_and_verbose_exclude_one_another():
    done = ran(*MEAN, "-q", "-v")
    assert (done.exit_code, done.stderr.splitlines()[-1]) == (2, "Error: --quiet and --verbose exclude one another")


def test_quiet_says_what_was_found_and_nothing_on_standard_error():
    done = ran(*MEAN, "-q", "--out", "run")
    assert done.stderr == ""
    assert done.stdout.startswith("BROKEN  single-source")
    assert done.stdout.splitlines()[-2].startswith("BROKEN: plain-mean breaks 2 of 2 properties")


def test_verbose_says_where_the_plan_comes_from(tmp_path):
    (tmp_path / "indexlab.toml").write_text('[target]\nuse = "preset:plain-median"\n[expect]\nmax_age = "90s"\n[run]\nonly = ["hull"]\n')
    done = ran("audit", "-v", "--jobs", 1, "--out", "run")
    assert done.exit_code == 0
    lines = done.stderr.splitlines()
    assert f"plan file: {tmp_path / 'indexlab.toml'}" in lines
    assert "baseline: none" in lines
    assert "promised by indexlab.toml: max_age = 90s" in lines
    assert any(line.startswith("preset:plain-median: search took ") for line in lines)


def test_on_github_findings_are_annotations_and_the_summary_is_written(tmp_path, monkeypatch):
    (tmp_path / ".git").mkdir()
    (tmp_path / "indexlab.toml").write_text('[target]\nuse = "preset:plain-mean"\n')
    monkeypatch.setitem(ENVIRONMENT, "GITHUB_ACTIONS", "true")
    monkeypatch.setitem(ENVIRONMENT, "GITHUB_STEP_SUMMARY", str(tmp_path / "summary"))
    done = ran("audit", "--only", "single-source", "--jobs", 1, "--out", "run")
    told = [line for line in done.stdout.splitlines() if line.startswith("::")]
    assert told
    assert all(line.startswith("::error file=indexlab.toml,line=2,title=broken%3A single-source of preset%3Aplain-mean::") for line in told)
    assert (tmp_path / "summary").read_text() == (tmp_path / "run" / "summary.md").read_text()


def test_what_is_known_does_not_fail_an_audit_and_every_format_says_so(run):
    added(run)
    done = ran(*MEAN, "--out", "again")
    assert done.exit_code == 0
    assert "KNOWN  single-source" in done.stdout
    assert "BROKEN" not in done.stdout
    report = json.loads(Path("again/report.json").read_text())
    assert {one["id"]: (one["verdict"], one["known"]) for one in report["targets"][0]["properties"]} == {
        "single-source": ("waived", True),
        "quorum": ("waived", True),
    }
    assert report["baseline"]["known"] == len(set(prints(run).values()))
    assert {each["known"]["owner"] for one in report["targets"][0]["properties"] for each in one["findings"]} == {"ann"}
    assert 'failures="0"' in Path("again/junit.xml").read_text()
    assert all("suppressions" in one for one in json.loads(Path("again/report.sarif").read_text())["runs"][0]["results"])
    assert "| single-source | known |" in Path("again/summary.md").read_text()
    assert "What is known" in Path("again/index.html").read_text()
    assert ran(*MEAN, "--out", "anew", "--no-baseline").exit_code == 1


def test_another_seed_finds_what_is_known_and_a_new_finding_fails(run):
    added(prints(run)["single-source"][:6])
    again = ran(*MEAN, "--seed", 2, "--out", "seed2")
    assert again.exit_code == 1
    report = json.loads(Path("seed2/report.json").read_text())
    verdicts = {one["id"]: one["verdict"] for one in report["targets"][0]["properties"]}
    assert verdicts == {"single-source": "waived", "quorum": "violated"}


def test_what_is_expired_fails_and_what_occurs_no_longer_is_said(run):
    added(run)
    path = Path("indexlab-baseline.toml")
    path.write_text(path.read_text().replace(UNTIL, (DAY - timedelta(days=1)).isoformat()))
    done = ran(*MEAN, "--out", "expired")
    assert done.exit_code == 1
    assert f"expired on {DAY - timedelta(days=1)}" in " ".join(done.stdout.split())
    assert f"known until {DAY - timedelta(days=1)}, which is over (ann)" in done.stdout
    path.write_text(path.read_text().replace("preset:plain-mean", "preset:plain-median"))
    done = ran("audit", "preset:plain-median", *MEAN[2:], "--out", "reports/mended")
    assert done.exit_code == 0
    assert "no longer occurs" in done.stdout
    assert ran("baseline", "prune", "--report", "reports/mended").stdout.count("removed") == 2
    assert ran("baseline", "list").stdout == "nothing is known\n"
    shutil.rmtree("reports/mended")


def test_a_baseline_is_listed_and_entries_are_removed(run):
    added(*(run / "findings").rglob("*.json"))
    listed = ran("baseline", "list").stdout.splitlines()
    assert len(listed) == len(set(prints(run).values()))
    assert all("known since March" in line and UNTIL in line for line in listed)
    one = prints(run)["quorum"]
    assert ran("baseline", "remove", one[:5]).stdout == f"indexlab-baseline.toml: removed {one} quorum of preset:plain-mean\n"
    assert one not in Path("indexlab-baseline.toml").read_text()


@pytest.mark.parametrize(
    ("words", "line"),
    [
        (("add", "nowhere.json", "--reason", "x", "--until", UNTIL), "nowhere.json: cannot be read"),
        (("add", "0000", "--reason", "x", "--until", UNTIL), "FINDING is no file or folder, and begins the fingerprint of no finding of "),
        (("add", "zzzz", "--reason", "x", "--until", UNTIL), 'reports/run, was "zzzz"; name the finding'),
        (("add", "abc", "--reason", "x", "--until", UNTIL), 'FINDING must be a file, a folder, or at least 4 digits of a fingerprint, was "abc"'),
        (("remove", "abc"), 'FINGERPRINT must be at least 4 digits of a fingerprint, was "abc"; give more of it'),
        (("add", "0000", "--reason", "x", "--until", "soon"), '--until must be a day, was "soon"; write it as "2027-01-31"'),
        (("add", "0000", "--reason", "x", "--until", "2020-01-01"), "--until must not be over already, was 2020-01-01"),
        (("add", "reports/run", "--reason", " ", "--until", UNTIL), "indexlab-baseline.toml: known[1].reason must say something"),
        (("remove", "0000"), 'FINGERPRINT names no entries, was "0000"'),
        (("prune",), "report.json: is of an audit that read no baseline"),
    ],
)
def test_what_is_wrong_with_a_baseline_is_one_line(run, words, line):
    done = ran("baseline", *words)
    assert done.exit_code == 2
    assert line in done.stderr
    assert len(done.stderr.splitlines()) == 1
    assert not Path("indexlab-baseline.toml").exists()


def test_all_findings_of_the_newest_run_are_asked_again(run):
    done = ran("replay", "--all")
    files = list((run / "findings").rglob("*.json"))
    assert done.exit_code == 1
    assert sum(line.startswith("BROKEN ") for line in done.stdout.splitlines()) == len(files)
    fixed = ran("replay", "--all", "preset:plain-median", "--format", "junit=again.xml")
    assert fixed.exit_code == 0
    assert sum(line.startswith("FIXED ") for line in fixed.stdout.splitlines()) == len(files)
    assert Path("again.xml").read_text().count("<testcase") == len(files)
    added(run)
    assert ran("replay", "--all", run).exit_code == 0
    assert ran("replay", "--all", "--no-baseline", run / "findings").exit_code == 1


def test_one_that_cannot_be_asked_is_an_error_and_the_next_is_asked(run, tmp_path):
    files = sorted((run / "findings").rglob("*.json"))
    folder = tmp_path / "kept"
    folder.mkdir()
    (folder / "0.json").write_text("{")
    (folder / "1.json").write_bytes(files[0].read_bytes())
    done = ran("replay", "--all", folder, "preset:plain-median")
    assert done.exit_code == 2
    assert [line.split()[0] for line in done.stdout.splitlines()[1:3]] == ["ERROR", "FIXED"]
    gone = ran("replay", "--all", folder, "exec:/nowhere/acme")
    assert gone.exit_code == 2
    assert [line.split()[0] for line in gone.stdout.splitlines()[1:3]] == ["ERROR", "ERROR"]
    for number in range(2, 6):
        (folder / f"{number}.json").write_bytes(files[0].read_bytes())
    tired = ran("replay", "--all", folder, "http://127.0.0.1:9", "--start-timeout", "100ms").stdout
    assert tired.count("not asked: the target could not be started 3 times in a row") == 2
    printed = ran("replay", "--all", folder, "preset:plain-mean", "--format", "junit")
    assert printed.exit_code == 1
    assert printed.stdout.startswith("<?xml")
    assert (printed.stdout.count("<error "), printed.stdout.count("<failure ")) == (1, 5)


def test_a_target_that_cannot_be_started_says_nothing_of_a_finding(run):
    file = next((run / "findings").rglob("*.json"))
    done = ran("replay", file, "exec:/nowhere/acme")
    assert done.exit_code == 2
    assert "BROKEN" not in done.stdout
    assert ran("replay", file, planted("misbehaving/exits.py", "at-request")).exit_code == 1


def test_replay_needs_something_to_replay(tmp_path):
    assert "name a finding's file" in ran("replay").stderr
    done = ran("replay", "--all")
    assert done.exit_code == 2
    assert "holds no run of an audit" in done.stderr
    assert ran("replay", "x.json", "--format", "junit").exit_code == 2
