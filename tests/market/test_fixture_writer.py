"""A fixture is written whole or not at all, and never over another one."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from indexlab.market import fixture_writer
from indexlab.market.errors import InputError
from indexlab.market.fixture import FixtureDeclaration, Provenance, Waypoint, fixture_toml, parse_fixture_toml, write_fixture
from indexlab.market.quotes import Quotes
from indexlab.market.source import Source

QUOTES = Quotes.from_columns(receive_time=[1_000_000, 2_000_000], source=[0, 0], price=[1.0, 2.0])


def declaration(**changes):
    given_ = {"id": "x", "title": "X", "kind": "recorded", "instrument": "BTC-USD", "start": 0, "end": 5_000_000, "interval": 1_000_000}
    return FixtureDeclaration(**{**given_, "sources": (Source("a", "a"),), "provenance": Provenance("a test"), **changes})


def test_an_existing_folder_is_never_written_over(tmp_path):
    write_fixture(tmp_path / "x", declaration(), QUOTES)
    before = {path.name: path.read_bytes() for path in (tmp_path / "x").iterdir()}
    with pytest.raises(InputError, match="x: exists already; choose another id"):
        write_fixture(tmp_path / "x", declaration(title="Y"), QUOTES)
    assert {path.name: path.read_bytes() for path in (tmp_path / "x").iterdir()} == before
    (tmp_path / "dangling").symlink_to(tmp_path / "nowhere")
    with pytest.raises(InputError, match="exists already"):
        write_fixture(tmp_path / "dangling", declaration(), QUOTES)


def test_a_failure_on_the_way_leaves_nothing_behind(tmp_path, monkeypatch):
    def full(_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(fixture_writer.os, "fsync", full)
    with pytest.raises(InputError, match=r"cannot be written .No space left on device"):
        write_fixture(tmp_path / "x", declaration(), QUOTES)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"end": 1_500_000}, "receive_time must lie between start and end"),
        ({"title": "\x1b"}, "title must be a printable text"),
        ({"sources": ()}, "source is missing"),
    ],
)
def test_what_no_reader_would_take_is_not_written(tmp_path, changes, says):
    with pytest.raises(InputError, match=says):
        write_fixture(tmp_path / "x", declaration(**changes), QUOTES)
    assert list(tmp_path.iterdir()) == []


def test_a_written_folder_is_readable_as_any_other(tmp_path):
    write_fixture(tmp_path / "deep" / "x", declaration(), QUOTES)
    (tmp_path / "plain").mkdir()
    assert (tmp_path / "deep" / "x").stat().st_mode == (tmp_path / "plain").stat().st_mode


PRINTABLE = st.text(st.characters(codec="utf-8", exclude_categories=["C", "Z"]), min_size=1, max_size=20)
NUMBERS = st.floats(-1e15, 1e15)


@given(PRINTABLE, PRINTABLE, NUMBERS, st.sampled_from(["known", "assumed"]), st.floats(1e-9, 1e9), st.integers(0, 4_999_999))
def test_what_a_toml_says_survives_writing_and_reading(title, cited, price, basis, weight, time):
    written = declaration(
        title=title,
        kind="reconstructed",
        sources=(Source("a", title, weight=weight, upstream=cited),),
        waypoints=(
            Waypoint(time=time, source="a", price=price, basis=basis, cited=cited),
            Waypoint(time=5_000_000, source="a", basis=basis, cited=cited, path="silent"),
        ),
        provenance=Provenance(f"{title}\n{cited}", url=cited),
    )
    assert parse_fixture_toml(fixture_toml(written), file="fixture.toml") == written
