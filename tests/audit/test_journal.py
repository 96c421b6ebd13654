"""The journal gives back what was written, up to the first line that is not as it was written; it is one process's, and holds no secret."""

from __future__ import annotations

import dataclasses
import errno
import json
import os
from datetime import date
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from indexlab.audit import journal as journals
from indexlab.audit.baseline import Baseline, Entry
from indexlab.audit.events import FindingFound, Note
from indexlab.audit.journal import Journal
from indexlab.audit.kept_plan import check_sums, headers_again, kept_plan, plan_again
from indexlab.audit.plan import AuditPlan
from indexlab.audit.save import Saved, save_finding
from indexlab.market.errors import InputError
from indexlab.market.source import Source
from indexlab.scenarios.expect import Expect, Layer
from indexlab.scenarios.scenario import Scenario
from indexlab.targets.options import Secret, TargetOptions
from indexlab.targets.reaching import Reaching
from tests.audit.audits import plan_of
from tests.report.samples import finding

PIECES = [("one", "search", b'{"a":1}'), ("one", "search", b"[0.1]"), ("two", "search", b'"x"'), ("one", "shrink", "«ü»".encode().join([b'"', b'"']))]


def written(folder, pieces=PIECES):
    """A journal with these pieces and a note among them, closed again."""
    folder.mkdir(parents=True, exist_ok=True)
    journal = Journal.begun(folder, kept_plan(plan_of("preset:plain-mean"), folder), "2026-01-01T00:00:00Z")
    for target, phase, piece in pieces:
        journal.write(target, phase, piece)
        journal.handle(Note(target, f"after {phase}"))
    journal.close()
    return journal.path


def kept(folder):
    """What a journal has kept, in no order but each phase's own."""
    journal = Journal.resumed(folder)
    try:
        return {key: list(pieces) for key, pieces in journal._kept.items()}, journal
    finally:
        journal.close()


def grouped(pieces):
    groups = {}
    for target, phase, piece in pieces:
        groups.setdefault((target, phase), []).append(piece)
    return groups


def test_what_was_written_is_read_in_its_order(tmp_path):
    written(tmp_path)
    pieces, journal = kept(tmp_path)
    assert pieces == grouped(PIECES)
    assert (journal.damaged, journal.finished, journal.begin.plan.targets) == (None, None, ("preset:plain-mean",))


def test_each_line_is_json_with_a_type_a_number_and_a_checksum(tmp_path):
    lines = [json.loads(line) for line in written(tmp_path).read_bytes().splitlines()]
    assert [line["n"] for line in lines] == list(range(len(lines)))
    assert {line["type"] for line in lines} == {"RunBegun", "Piece", "Note"}


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60)
@given(st.data())
def test_a_journal_cut_anywhere_goes_on_with_all_whole_lines(tmp_path, data):
    path = written(tmp_path)
    whole = path.read_bytes()
    first = whole.index(b"\n") + 1
    cut = data.draw(st.integers(first, len(whole)), label="cut")
    path.write_bytes(whole[:cut])
    lines = whole[:cut].count(b"\n")
    pieces, journal = kept(tmp_path)
    assert pieces == grouped(PIECES[: lines // 2])
    assert journal.damaged is None
    assert path.read_bytes() == whole[: whole[:cut].rindex(b"\n") + 1]
    path.unlink()


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60)
@given(st.data())
def test_from_a_damaged_line_on_nothing_is_believed(tmp_path, data):
    """One changed byte anywhere behind the first line: what was before it is kept, and the line is named."""
    path = written(tmp_path)
    whole = bytearray(path.read_bytes())
    place = data.draw(st.integers(whole.index(b"\n") + 1, len(whole) - 1), label="place")
    whole[place] ^= data.draw(st.integers(1, 255), label="change")
    path.write_bytes(whole)
    line = path.read_bytes()[:place].count(b"\n")
    pieces, journal = kept(tmp_path)
    assert pieces == grouped(PIECES[: line // 2])
    assert journal.damaged in {line + 1, None}
    path.unlink()


def test_a_line_that_is_missing_is_seen(tmp_path):
    path = written(tmp_path)
    lines = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(b"".join([*lines[:3], *lines[4:]]))
    pieces, journal = kept(tmp_path)
    assert pieces == grouped(PIECES[:1])
    assert journal.damaged == 4


def test_it_is_gone_on_with_behind_what_is_whole(tmp_path):
    path = written(tmp_path, PIECES[:2])
    path.write_bytes(path.read_bytes() + b'{"type":"Piece","tar')
    journal = Journal.resumed(tmp_path)
    for target, phase, piece in PIECES[2:]:
        journal.write(target, phase, piece)
    journal.close()
    assert kept(tmp_path)[0] == grouped(PIECES)


def test_a_first_line_that_cannot_be_read_is_an_error(tmp_path):
    path = written(tmp_path)
    path.write_bytes(path.read_bytes()[:100])
    with pytest.raises(
        InputError, match=r"journal.ndjson: has a first line that is cut short or damaged: .*; begin a new run; findings that were written lie in"
    ):
        Journal.resumed(tmp_path)


def test_a_folder_without_a_journal_is_an_error(tmp_path):
    with pytest.raises(InputError, match=r"holds no run that could go on: it has no journal.ndjson; give the folder of an audit's report"):
        Journal.resumed(tmp_path / "nothing")


def test_another_version_s_journal_is_an_error(tmp_path, monkeypatch):
    monkeypatch.setattr(journals, "__version__", "0.0.7")
    written(tmp_path)
    monkeypatch.undo()
    with pytest.raises(InputError, match=r"was made by indexlab 0\.0\.7; this is .*; go on with that version, or begin a new run"):
        Journal.resumed(tmp_path)


def test_two_processes_cannot_work_on_one_run(tmp_path):
    """A lock belongs to the opened file, so that two in one process are kept apart as two processes are."""
    written(tmp_path)
    first = Journal.resumed(tmp_path)
    with pytest.raises(InputError, match="is in use: another process works on this run; wait until it is done, or end it"):
        Journal.resumed(tmp_path)
    first.close()
    Journal.resumed(tmp_path).close()


@pytest.mark.parametrize("room", [0, 1, 40])
def test_a_disk_that_takes_no_more_ends_it_at_a_whole_line(tmp_path, monkeypatch, room):
    """Half a line that a full disk took is taken back, and nothing is written behind it should there be room again."""
    written(tmp_path, PIECES[:1])
    journal = Journal.resumed(tmp_path)
    before = journal.path.read_bytes()
    write, given = os.write, []

    def full(file, content):
        if given:
            raise OSError(errno.ENOSPC, "No space left on device")
        given.append(room)
        return write(file, content[:room])

    monkeypatch.setattr(journals.os, "write", full)
    journal.write("two", "search", b'"lost"')
    monkeypatch.undo()
    assert str(journal.trouble) == f"{journal.path}: cannot be written: no space left on device; make room, and go on with --resume"
    journal.write("two", "search", b'"and after it"')
    assert journal.path.read_bytes() == before
    journal.close()


def early(name):
    """A finding as it is written before it is shrunk, and what its file holds."""
    return finding(file=f"findings/acme/{name}.json"), Saved(Scenario(sources=()), Expect(), "exec:./acme")


@pytest.mark.parametrize("resumed", [False, True])
def test_of_what_it_wrote_early_it_leaves_what_was_told_and_touches_nothing_else(tmp_path, resumed):
    theirs = tmp_path / "findings" / "acme" / "theirs.json"
    theirs.parent.mkdir(parents=True)
    theirs.write_text("kept")
    journal = Journal.begun(tmp_path, kept_plan(plan_of("preset:plain-mean"), tmp_path), "2026-01-01T00:00:00Z")
    journal.write("exec:./acme", "search", b"1", [early("told"), early("fell-away"), early("theirs")])
    if resumed:
        journal.handle(FindingFound(early("of-an-interrupted-stretch")[0]))
        save_finding(tmp_path, *early("of-an-interrupted-stretch"))
        journal.close()
        journal = Journal.resumed(tmp_path)
    journal.handle(FindingFound(early("told")[0]))
    assert len(list(theirs.parent.iterdir())) == 3 + resumed
    journal.leave_no_other()
    journal.close()
    assert {path.stem for path in theirs.parent.iterdir()} == {"told", "theirs"}
    assert theirs.read_text() == "kept"


FULL = AuditPlan(
    targets=("file:mine.toml", "https://index.example"),
    survey=True,
    profile="ci",
    seed=2**63 - 1,
    jobs=3,
    layers=(Layer("--expect", {"max_age": "3m", "max_displacement": 0.1 + 0.2, "waive": {"hull": "known"}}), Layer("indexlab.toml", {"min_sources": 2})),
    only=("hull",),
    skip=("quorum",),
    fixtures=("calm-hour",),
    sources=(Source("kraken", "kraken", weight=0.1), Source("okx", "okx", "USDT")),
    folder="reports/x",
    clock=lambda: 1.0,
    stop=lambda: True,
    estimate=7,
    require_coverage=True,
    options=TargetOptions(1.5, 0.25, 1 << 25, (("Authorization", Secret("Bearer s3cr3t")),), isolate=True),
    against="preset:plain-mean",
    name="acme",
    venue="okx",
    mark="venue",
    file=Path("indexlab.toml"),
    baseline=Baseline(Path("indexlab-baseline.toml"), (Entry("0123456789ab", "t", "hull", "known", date(2027, 1, 31)),), date(2026, 5, 4)),
)
"""A plan in which nothing is as usual."""


@pytest.fixture
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "mine.toml").write_text("[staleness]\n")
    (tmp_path / "indexlab.toml").write_text('[target]\nuse = "https://index.example"\nheaders = ["Authorization: env:TOKEN"]\n')
    return tmp_path


def test_a_plan_is_read_as_it_was_and_its_secrets_are_not_there(here):
    path = here / "journal.ndjson"
    Journal.begun(here, kept_plan(FULL, here), "now").close()
    assert b"s3cr3t" not in path.read_bytes()
    _, journal = kept(here)
    again = plan_again(journal.begin.plan, FULL.options.headers, FULL.clock, FULL.stop)
    for field in dataclasses.fields(AuditPlan):
        assert getattr(again, field.name) == getattr(FULL, field.name), field.name
        usual = field.default is not dataclasses.MISSING and getattr(FULL, field.name) == field.default
        assert not usual, f"{field.name} is to be given above, to see that it is kept"
    assert again == FULL
    check_sums(journal.begin.plan, again, here)


def test_a_header_is_read_anew_or_asked_for(here):
    plan = kept_plan(FULL, here)
    assert headers_again(plan, Reaching(), {"TOKEN": "from the file"}) == (("Authorization", Secret("from the file")),)
    assert headers_again(plan, Reaching((Secret("authorization: typed"),)), {"TOKEN": "x"}) == (("Authorization", Secret("typed")),)
    (here / "indexlab.toml").unlink()
    with pytest.raises(
        InputError, match=r"--header must be given again: the run began with the header Authorization, and its value is never stored; add --header"
    ):
        headers_again(plan, Reaching(), {})
    with pytest.raises(InputError, match="--header X-Other is none of the headers that the run began with"):
        headers_again(plan, Reaching((Secret("Authorization: a"), Secret("X-Other: b"))), {})


def test_a_methodology_that_was_changed_is_an_error(here):
    plan = kept_plan(FULL, here)
    (here / "mine.toml").write_text("[staleness]\n# another\n")
    with pytest.raises(InputError, match=r"file:mine\.toml: is not what it was when the run began; bring it back, or begin a new run"):
        check_sums(plan, FULL, here)


def test_plans_differ_in_what_decides_the_report_alone(here):
    plan = kept_plan(FULL, here)
    assert FULL.baseline is not None
    later = dataclasses.replace(FULL.baseline, today=date(2026, 9, 9))
    assert plan.difference(kept_plan(dataclasses.replace(FULL, jobs=1, folder="else", baseline=later), here)) == ""
    assert plan.difference(kept_plan(dataclasses.replace(FULL, seed=4), here)) == "seed"
    assert plan.difference(kept_plan(dataclasses.replace(FULL, baseline=None), here)) == "baseline"
