"""What an audit leaves behind: folders that nobody shares, findings that read back, a journal."""

import contextlib
import json
import os
import subprocess
import sys
import threading
from pathlib import Path

import msgspec
import pytest

from indexlab.audit.save import FindingFile, new_folder, read_finding
from indexlab.market.errors import InputError
from tests.cli.commands import ran

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """A run of plain-mean, with its three findings."""
    with contextlib.chdir(tmp_path_factory.mktemp("here")):
        ran("audit", "preset:plain-mean", "--only", "single-source,invalid-values,margin-stability", "--jobs", 1, "--out", "run")
        return Path("run").resolve()


def test_a_folder_that_exists_is_left_alone_and_a_number_is_put_behind(tmp_path):
    wanted = tmp_path / "reports" / "acme-1"
    assert [new_folder(wanted).name for _ in range(3)] == ["acme-1", "acme-1-2", "acme-1-3"]


def test_many_who_want_one_folder_at_once_get_one_each(tmp_path):
    barrier, made = threading.Barrier(16), []

    def want():
        barrier.wait()
        made.append(new_folder(tmp_path / "run"))

    threads = [threading.Thread(target=want) for _ in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(set(made)) == 16
    assert {folder.name for folder in made} == {"run", *(f"run-{number}" for number in range(2, 17))}


AUDIT = """
from tests.cli.commands import ran
print(ran("audit", "preset:plain-median", "--only", "protocol", "--jobs", 1).stdout)
"""


def test_two_audits_at_once_write_two_whole_reports(tmp_path):
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    both = [subprocess.Popen([sys.executable, "-c", AUDIT], cwd=tmp_path, env=environment, stdout=subprocess.PIPE, text=True) for _ in range(2)]
    told = {process.communicate(timeout=300)[0].split()[-1] for process in both}
    assert [process.returncode for process in both] == [0, 0]
    assert told == {"reports/plain-median-0/index.html", "reports/plain-median-0-2/index.html"}
    for name in told:
        folder = (tmp_path / name).parent
        assert json.loads((folder / "report.json").read_text())["targets"][0]["properties"][0]["verdict"] == "holds"
        assert (folder / "journal.ndjson").read_text().count("AuditStarted") == 1


def test_a_folder_that_cannot_be_made_is_an_input_error(tmp_path):
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(InputError, match=r"cannot be made: .*; choose another place with --out"):
        new_folder(tmp_path / "file" / "run")


def test_a_finding_s_file_has_four_parts_and_reads_back_as_it_was(run):
    files = sorted((run / "findings").rglob("*.json"))
    assert len(files) == 3
    for file in files:
        assert list(json.loads(file.read_bytes())) == ["finding", "scenario", "target", "expect"]
        read = read_finding(file)
        assert read.target == "preset:plain-mean"
        assert run / read.finding.file == file
        assert read.expect["max_displacement"] == "1%"
        assert msgspec.json.decode(msgspec.json.encode(read), type=FindingFile) == read
    assert not list(run.rglob("*.part"))


def test_the_report_names_each_finding_s_file(run):
    properties = json.loads((run / "report.json").read_text())["targets"][0]["properties"]
    for one in properties:
        assert read_finding(run / one["finding"]["scenario"]).finding.id == one["finding"]["id"]
        assert one["finding"]["reproduce"] == f"indexlab replay {one['finding']['scenario']} preset:plain-mean"


def test_the_journal_tells_the_run_in_order_without_its_progress(run):
    lines = [json.loads(line) for line in (run / "journal.ndjson").read_text().splitlines()]
    told = [line["type"] for line in lines if line["type"] != "Piece"]
    assert told == ["RunBegun", "AuditStarted", "TargetStarted", *["FindingFound"] * 3, "TargetFinished", "AuditFinished"]
    for line in lines:
        if line["type"] == "FindingFound":
            assert (
                msgspec.convert(line["finding"], type(read_finding(run / line["finding"]["file"]).finding))
                == read_finding(run / line["finding"]["file"]).finding
            )


def test_targets_whose_names_begin_alike_keep_their_findings_apart(tmp_path, monkeypatch):
    """Long commands share their first letters, and files may differ in a mark that no folder's name can have."""
    monkeypatch.chdir(tmp_path)
    text = '[staleness]\nsilence = "60s"\n[aggregation]\nrule = "weighted-mean"\n[quorum]\nok_from = 3\nbelow = "halt"\n'
    deep = tmp_path / ("long" * 12) / ("longer" * 8)
    deep.mkdir(parents=True)
    files = [tmp_path / "a b.toml", tmp_path / "a-b.toml", deep / "one.toml", deep / "two.toml"]
    for file in files:
        file.write_text(text)
    ran("audit", *(f"file:{file}" for file in files), "--only", "single-source", "--jobs", 1, "--out", "run")
    saved = [read_finding(path) for path in (tmp_path / "run" / "findings").rglob("*.json")]
    assert sorted(one.target for one in saved) == sorted(f"file:{file}" for file in files)
