"""The baseline's file as people keep it: entries come and go, comments stay, and two writers at once lose nothing."""

import threading
from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from indexlab.audit.baseline import Entry, entries_of
from indexlab.audit.baseline_file import alone_in, text_of, with_entries, without_entries
from indexlab.market.errors import InputError
from indexlab.market.tables import parse_table
from indexlab.report.files import write_whole

WORDS = st.text(max_size=60)
SAID = st.text(min_size=1, max_size=60).filter(lambda text: any(letter.isprintable() and not letter.isspace() for letter in text))
ENTRIES = st.lists(
    st.builds(
        Entry,
        st.text("0123456789abcdef", min_size=12, max_size=12),
        WORDS,
        WORDS,
        SAID,
        st.dates(date(2000, 1, 1), date(2100, 1, 1)),
        what=WORDS,
        owner=WORDS,
        summary=WORDS,
    ),
    max_size=6,
    unique_by=lambda entry: entry.fingerprint,
)
FILE = "indexlab-baseline.toml"


def read(text):
    return entries_of(parse_table(text, file=FILE), FILE)


def entry(number, **changes):
    parts = {"fingerprint": f"{number:012x}", "target": "exec:./acme", "property": "hull", "reason": "late", "until": date(2026, 12, 31)}
    return Entry(**{**parts, **changes})


@settings(max_examples=40)
@given(ENTRIES, st.randoms(use_true_random=False))
def test_whatever_people_write_is_read_back_in_one_order(entries, chance):
    """Quotation marks, line ends, brackets, what no file may hold: each entry is there again, a space where a control character was."""
    turned = list(entries)
    chance.shuffle(turned)
    text = with_entries("", entries, FILE)
    for each in turned:
        text = with_entries(text, [each], FILE)
    assert text == with_entries("", turned, FILE)
    assert {one.fingerprint for one in read(text)} == {one.fingerprint for one in entries}
    assert {one.until for one in read(text)} == {one.until for one in entries}
    assert list(read(text)) == sorted(read(text), key=Entry.order)


@settings(max_examples=40)
@given(ENTRIES, st.data())
def test_what_is_removed_is_gone_and_the_rest_stays(entries, data):
    text = with_entries("", entries, FILE)
    gone = data.draw(st.sets(st.sampled_from([one.fingerprint for one in entries]))) if entries else set()
    assert [one for one in read(text) if one.fingerprint not in gone] == list(read(without_entries(text, gone, FILE)))


def test_comments_stay_where_they_were():
    text = "# ours, reviewed on Mondays\n\n# ann looks at this one\n[[known]] # first\n" + with_entries("", [entry(2)], FILE).split("[[known]]\n")[1]
    text = text.replace("reason", "# not before March\nreason")
    longer = with_entries(text, [entry(1), entry(3)], FILE)
    assert longer.startswith("# ours, reviewed on Mondays\n")
    assert "# ann looks at this one\n[[known]] # first\n" in longer
    assert "# not before March\nreason" in longer
    assert [one.fingerprint[-1] for one in read(longer)] == ["1", "2", "3"]
    assert without_entries(longer, [entry(1).fingerprint, entry(3).fingerprint], FILE) == text


def test_an_entry_that_is_added_again_is_written_anew():
    text = with_entries("", [entry(1), entry(2)], FILE)
    [one, two] = read(with_entries(text, [entry(1, reason="still late", until=date(2027, 1, 31))], FILE))
    assert (one.reason, one.until, two.reason) == ("still late", date(2027, 1, 31), "late")


@pytest.mark.parametrize(
    "text",
    [
        'known = [{ fingerprint = "000000000001", target = "t", property = "hull", reason = "late", until = 2026-12-31 }]\n',
        '[[known]]\nfingerprint = "000000000001"\ntarget = "t"\nproperty = "hull"\nreason = """\n[[known]]\n"""\nuntil = 2026-12-31\n',
    ],
)
def test_a_file_that_cannot_be_cut_is_left_alone(text):
    """Entries in a list, or a text that looks like one: one line instead of a file that says something else."""
    with pytest.raises(InputError, match="cannot be rewritten"):
        with_entries(text, [entry(7)], FILE)


def test_a_file_does_not_grow_without_end():
    with pytest.raises(InputError, match="would be larger than 1048576 bytes"):
        with_entries("", [entry(number, reason="x" * 900) for number in range(1200)], FILE)


def test_two_writers_at_once_lose_no_entry(tmp_path):
    path = tmp_path / FILE
    go = threading.Barrier(8)

    def write(number):
        go.wait()
        for turn in range(5):
            with alone_in(tmp_path):
                write_whole(path, with_entries(text_of(path), [entry(100 * number + turn)], path).encode())

    writers = [threading.Thread(target=write, args=(number,)) for number in range(8)]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
    assert len(read(path.read_text())) == 40
    assert [each.name for each in tmp_path.iterdir()] == [FILE]
