"""A fixture's folder is read for what it says, and refused with one clear line where it cannot be trusted."""

import shutil

import numpy as np
import pytest

from indexlab.market.errors import InputError
from indexlab.market.fixture import (
    FixtureDeclaration,
    Provenance,
    Waypoint,
    check_fixture,
    find_fixture,
    fixture_ids,
    load_fixture,
    parse_fixture_toml,
    write_fixture,
)
from indexlab.market.quotes import Quotes
from indexlab.market.source import Source
from indexlab.market.times import parse_time
from indexlab.market.units import SECOND

START = parse_time("2024-01-01T00:00:00Z")
BASKET = (Source("a", "venue-a", "USD", 2.0), Source("b", "venue-b", "USDT", 1.0, "shared"), Source("absent", "venue-c"))


def some_quotes():
    times = START + SECOND * np.arange(1, 50, dtype=np.int64)
    price = np.linspace(100.0, 101.0, 49)
    price[7] = np.nan
    return Quotes.from_columns(receive_time=times, event_time=times - 1000, source=np.arange(49) % 2, price=price, bid=price - 0.5, volume=np.ones(49))


def recorded(**changes):
    given = {
        "id": "some-market",
        "title": "Some market",
        "kind": "recorded",
        "instrument": "BTC-USD",
        "start": START,
        "end": START + 60 * SECOND,
        "interval": 5 * SECOND,
        "sources": BASKET,
        "provenance": Provenance("made for a test"),
    }
    return FixtureDeclaration(**{**given, **changes})


@pytest.fixture
def folder(tmp_path):
    return write_fixture(tmp_path / "some-market", recorded(), some_quotes())


def edited(folder, old, new):
    path = folder / "fixture.toml"
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new, 1))
    return folder


def test_what_was_written_is_read_again_to_the_bit(folder):
    fixture = load_fixture(folder)
    assert fixture.basket == BASKET
    assert fixture.quotes().equals(some_quotes())
    assert (fixture.start, fixture.end, fixture.interval) == (START, START + 60 * SECOND, 5 * SECOND)
    assert fixture.provenance == Provenance("made for a test")
    assert check_fixture(folder) == []


def test_publications_run_from_start_to_end_inclusive(folder):
    times = load_fixture(folder).times()
    assert times.dtype == np.int64
    assert list(times) == [START + second * SECOND for second in range(0, 61, 5)]


def test_an_end_off_the_rhythm_ends_before_it(tmp_path):
    fixture = load_fixture(write_fixture(tmp_path / "x", recorded(end=START + 59 * SECOND), some_quotes()))
    assert fixture.times()[-1] == START + 55 * SECOND


def test_a_slice_has_the_publications_and_quotes_of_its_window(folder):
    fixture = load_fixture(folder)
    quotes, times = fixture.slice(START + 10 * SECOND, START + 20 * SECOND)
    assert list(times) == [START + second * SECOND for second in (10, 15, 20)]
    assert (quotes.receive_time[0], quotes.receive_time[-1]) == (START + 10 * SECOND, START + 20 * SECOND)
    longer, same = fixture.slice(START + 10 * SECOND, START + 20 * SECOND, lookback=3 * SECOND)
    assert longer.receive_time[0] == START + 7 * SECOND
    assert list(same) == list(times)


def test_a_slice_without_a_publication_says_where_the_fixture_runs(folder):
    with pytest.raises(InputError, match=r"has no publication from .* it runs from 2024-01-01T00:00:00Z"):
        load_fixture(folder).slice(START + 1, START + 2)


def test_a_file_that_was_changed_is_refused_with_both_sums(folder):
    parquet = folder / "quotes.parquet"
    parquet.write_bytes(parquet.read_bytes()[:-1] + b"x")
    with pytest.raises(InputError, match=r"quotes\.parquet: must have the sha256 [0-9a-f]{64} that fixture\.toml states, was [0-9a-f]{64} .*; fetch or import"):
        load_fixture(folder)
    assert len(check_fixture(folder)) == 1


def test_a_parquet_cut_in_half_is_one_line(folder):
    parquet = folder / "quotes.parquet"
    parquet.write_bytes(parquet.read_bytes()[: parquet.stat().st_size // 2])
    with pytest.raises(InputError, match=r"quotes\.parquet: must have the sha256") as caught:
        load_fixture(folder)
    assert "\n" not in str(caught.value)


def test_a_file_changed_after_loading_is_noticed_when_its_quotes_are_read(folder):
    fixture = load_fixture(folder)
    (folder / "quotes.parquet").write_bytes(b"PAR1 something PAR1")
    with pytest.raises(InputError, match="must have the sha256"):
        fixture.quotes()


def test_a_missing_parquet_is_named(folder):
    (folder / "quotes.parquet").unlink()
    with pytest.raises(InputError, match=r"quotes\.parquet: does not exist"):
        load_fixture(folder)


def test_a_link_that_leads_out_of_the_folder_is_not_followed(folder, tmp_path):
    outside = tmp_path / "outside.parquet"
    shutil.move(folder / "quotes.parquet", outside)
    (folder / "quotes.parquet").symlink_to(outside)
    with pytest.raises(InputError, match=r"quotes\.parquet: must lie in the fixture's folder, is a link that leads out of it"):
        load_fixture(folder)


def test_rules_that_lead_out_of_the_folder_are_refused(folder, tmp_path):
    (tmp_path / "secret.toml").write_text("a = 1")
    (folder / "rules.toml").symlink_to(tmp_path / "secret.toml")
    with pytest.raises(InputError, match="a link that leads out"):
        _ = load_fixture(folder).rules
    assert check_fixture(folder) != []


@pytest.mark.parametrize("name", ["../quotes.parquet", "/etc/passwd", "a/b", ".hidden", "a..b", "", "x" * 200])
def test_a_checksum_names_a_file_of_its_own_folder(folder, name):
    edited(folder, '"quotes.parquet" =', f'"{name}" =')
    with pytest.raises(InputError, match=r"fixture\.toml: sha256 must name files of the fixture's own folder"):
        load_fixture(folder)


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("schema = 1", "schema = 2", r"schema must be 1, was 2; the fixture was written for another version"),
        ("schema = 1", "schema = true", r"schema must be 1, was True"),
        ("schema = 1\n", "", r"schema is missing"),
        ("interval =", "intreval =", r'intreval is an unknown key; did you mean "interval"\?'),
        ('upstream = "shared"', 'upstraem = "shared"', r'source 2\.upstraem is an unknown key; did you mean "upstream"\?'),
        ("licence =", "license =", r'provenance\.license is an unknown key; did you mean "licence"\?'),
        ('kind = "recorded"', 'kind = "recoded"', r'kind must be one of .* did you mean "recorded"\?'),
        ('interval = "5s"', "interval = 5", r"interval must be a duration with its unit, was 5"),
        ('interval = "5s"', 'interval = "0s"', r'interval must be at least 1ms, was "0s"'),
        ('interval = "5s"', 'interval = "-5s"', r"interval must be at least 1ms"),
        ("end = 2024-01-01T00:01:00Z", "end = 2023-01-01T00:00:00Z", r"end must be later than start"),
        ("end = 2024-01-01T00:01:00Z", "end = 2224-01-01T00:00:00Z", r"interval must give fewer than 50000000 publications"),
        ("end = 2024-01-01T00:01:00Z", "end = 2024-01-01T00:01:00", r"end must say its offset from UTC"),
        ("end = 2024-01-01T00:01:00Z", "end = 2024-01-01", r"end must be an RFC 3339 time"),
        ("end = 2024-01-01T00:01:00Z", 'end = "tomorrow"', r"end must be an RFC 3339 time"),
        ("start = 2024-01-01T00:00:00Z", "start = 1960-01-01T00:00:00Z", r"start must lie between 1970"),
        ('id = "some-market"', 'id = "../etc"', r"id must be lower-case letters"),
        ('title = "Some market"', 'title = "\\u001b[31m"', r"title must be a printable text"),
        ('title = "Some market"', "title = 3", r"title must be a printable text"),
        ("weight = 2.0", 'weight = "2"', r"source 1\.weight must be right: expected `float`, got `str`"),
        ("weight = 2.0", "weight = nan", r"sources\.weight must be a finite number"),
        ('id = "b"', 'id = "a"', r'sources\.id must be a unique name, was "a" twice'),
        ("[provenance]", "[[provenance]]", r"provenance must be a table"),
        ("[sha256]", "[sha512]", r'sha512 is an unknown key; did you mean "sha256"\?'),
    ],
)
def test_a_toml_that_is_not_right_names_file_key_value_and_remedy(folder, old, new, says):
    edited(folder, old, new)
    with pytest.raises(InputError, match=rf"^\S*fixture\.toml: {says}") as caught:
        load_fixture(folder)
    assert "\n" not in str(caught.value)
    assert check_fixture(folder) == [str(caught.value)]


def test_quotes_need_their_checksum(folder):
    path = folder / "fixture.toml"
    path.write_text(path.read_text().partition("[sha256]")[0])
    with pytest.raises(InputError, match=r"sha256 must state the sum of quotes\.parquet"):
        load_fixture(folder)


def test_times_given_as_text_are_read_too(folder):
    edited(folder, "start = 2024-01-01T00:00:00Z", 'start = "2024-01-01T01:00:00+01:00"')
    assert load_fixture(folder).start == START


def reconstructed(**changes):
    waypoint = Waypoint(time=START, source="a", price=100.0, basis="known", cited="an account")
    return recorded(kind="reconstructed", waypoints=(waypoint,), **changes)


def test_a_reconstructed_fixture_is_toml_alone(tmp_path):
    fixture = load_fixture(write_fixture(tmp_path / "x", reconstructed()))
    assert sorted(path.name for path in fixture.folder.iterdir()) == ["fixture.toml"]
    quotes = fixture.quotes()
    assert list(quotes.receive_time) == list(fixture.times())
    assert set(quotes.price) == {100.0}


def test_waypoints_and_recorded_quotes_exclude_each_other(tmp_path):
    folder = write_fixture(tmp_path / "x", reconstructed())
    (folder / "quotes.parquet").write_bytes(b"")
    with pytest.raises(InputError, match=r"quotes\.parquet: must not lie beside waypoints"):
        load_fixture(folder)
    edited(folder, 'kind = "reconstructed"', 'kind = "recorded"')
    with pytest.raises(InputError, match=r'waypoint must be given for kind = "reconstructed" alone'):
        load_fixture(folder)


def test_rules_that_do_not_parse_are_a_problem_of_the_folder(tmp_path):
    folder = write_fixture(tmp_path / "x", reconstructed())
    (folder / "rules.toml").write_text("a = ")
    assert load_fixture(folder).rules == folder / "rules.toml"
    (problem,) = check_fixture(folder)
    assert "rules.toml: does not parse as TOML" in problem


def test_a_folder_is_found_by_its_path_and_a_bundled_one_by_its_id(folder, monkeypatch):
    monkeypatch.chdir(folder.parent)
    assert find_fixture(folder) == folder
    assert find_fixture("some-market").resolve() == folder.resolve()
    for name in fixture_ids():
        assert load_fixture(find_fixture(name)).id == name


def test_a_name_that_is_nothing_gets_the_nearest_bundled_one(tmp_path):
    with pytest.raises(InputError, match=r'fixture "calm-huor" is neither .* did you mean "calm-hour"\?'):
        find_fixture("calm-huor")
    with pytest.raises(InputError, match=r"has no fixture\.toml"):
        find_fixture(tmp_path)
    with pytest.raises(InputError, match="is neither a bundled fixture nor a folder"):
        find_fixture("\0")


def test_no_byte_of_a_fixture_toml_can_do_more_than_be_refused(folder):
    """Each single byte of the text replaced by each of a few awkward ones: read, or refused with one line."""
    content = (folder / "fixture.toml").read_bytes()
    refusals = []
    for place in range(len(content)):
        for awkward in (b'"', b"=", b"[", b"\n", b"\0", b"9", b"\xff"):
            try:
                parse_fixture_toml(content[:place] + awkward + content[place + 1 :], file="fixture.toml")
            except InputError as error:
                refusals.append(str(error))
    assert len(refusals) > len(content)
    assert [line for line in refusals if not line.startswith("fixture.toml: ") or "\n" in line] == []


@pytest.mark.parametrize("rows_at_once", [1, 10, 49, 1_000])
def test_pieces_of_a_fixture_are_its_quotes(folder, rows_at_once):
    pieces = list(load_fixture(folder).pieces(rows_at_once))
    assert all(len(piece) <= rows_at_once for piece in pieces)
    assert Quotes.concatenate(pieces).equals(load_fixture(folder).quotes())


def test_pieces_of_a_reconstruction_are_its_quotes():
    fixture = load_fixture(find_fixture("bitmex-2017-04-15"))
    assert Quotes.concatenate(list(fixture.pieces())).equals(fixture.quotes())


def test_pieces_are_of_the_file_whose_sum_is_stated(folder):
    fixture = load_fixture(folder)
    (folder / "quotes.parquet").write_bytes((folder / "quotes.parquet").read_bytes() + b"PAR1")
    with pytest.raises(InputError, match="must have the sha256"):
        next(fixture.pieces())


def test_pieces_lie_between_start_and_end(folder):
    edited(folder, "end = 2024-01-01T00:01:00Z", "end = 2024-01-01T00:00:20Z")
    with pytest.raises(InputError, match=r"quotes\.parquet: receive_time must lie between start and end .* in row 0, counted from row 20$"):
        list(load_fixture(folder).pieces(20))
