"""TOML from outside is read strictly and within bounds; whatever is wrong is one line that names the file."""

import os

import msgspec
import pytest

from indexlab.market.errors import InputError
from indexlab.market.tables import LARGEST_TOML, parse_table, read_bytes, read_table, record, refuse_unknown, shown


class Thing(msgspec.Struct, frozen=True):
    name: str
    size: float = 1.0


def test_a_missing_file_is_said_in_one_line(tmp_path):
    with pytest.raises(InputError, match=r"nowhere\.toml: does not exist$"):
        read_table(tmp_path / "nowhere.toml")


def test_a_file_that_is_too_large_is_not_read(tmp_path):
    path = tmp_path / "large.toml"
    path.write_bytes(b"#" * (LARGEST_TOML + 1))
    with pytest.raises(InputError, match=r"must not be larger than 1048576 bytes, was 1048577"):
        read_table(path)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no named pipes here")
def test_a_pipe_is_refused_and_not_waited_for(tmp_path):
    os.mkfifo(tmp_path / "pipe.toml")
    with pytest.raises(InputError, match="must be a plain file"):
        read_bytes(tmp_path / "pipe.toml", 10)


def test_a_folder_is_no_file(tmp_path):
    with pytest.raises(InputError, match="must be a plain file"):
        read_table(tmp_path)


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"a = ", "does not parse as TOML: Invalid value"),
        (b"a = 1\nb 2\n", "does not parse as TOML: .*line 2"),
        (b"\xff = 1", "must be UTF-8 text, is not at byte 0"),
        (b"a = " + b"[" * 20_000, "must not nest|does not parse"),
        (b"a = " + b"9" * 10_000, "does not parse as TOML"),
        (b"a = 1\na = 2", "does not parse as TOML"),
    ],
)
def test_text_that_is_no_toml_is_one_line(content, says):
    with pytest.raises(InputError, match=f"^it.toml: ({says})") as caught:
        parse_table(content, file="it.toml")
    assert "\n" not in str(caught.value)


def test_an_unknown_key_names_the_nearest_known_one():
    with pytest.raises(InputError, match=r'^it\.toml: thing\.siez is an unknown key; did you mean "size"\?$'):
        record({"name": "x", "siez": 2.0}, Thing, key="thing", file="it.toml")
    with pytest.raises(InputError, match=r'^nmae is an unknown key; did you mean "name"\?$'):
        refuse_unknown({"nmae": 1}, ["name", "size"])


def test_a_missing_key_and_a_wrong_type_are_named():
    with pytest.raises(InputError, match=r"^thing\.name is missing$"):
        record({}, Thing, key="thing")
    with pytest.raises(InputError, match=r"^thing\.size must be right: expected `float`, got `str`, was 'big'$"):
        record({"name": "x", "size": "big"}, Thing, key="thing")
    with pytest.raises(InputError, match=r"^thing must be a table, was 3$"):
        record(3, Thing, key="thing")


def test_what_a_file_says_cannot_steer_a_terminal():
    assert shown("a\x1b[31mb\nc") == "a�[31mb�c"
    assert len(shown("x" * 1000)) == 80
