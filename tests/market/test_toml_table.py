"""Files that people write, and that are wrong in ways that a TOML reader alone does not say well."""

import pytest

from indexlab.market import toml_table
from indexlab.market.errors import InputError
from indexlab.market.toml_table import read_text, root_table


def test_a_whole_number_that_no_double_holds_is_no_number():
    table = root_table(f"a = 1{'0' * 400}\nb = [1, 1{'0' * 400}]\n", {})
    with pytest.raises(InputError, match="a must be a finite number above 0, was a whole number of 1329 bits"):
        table.number("a", 0.0, above=0.0)
    with pytest.raises(InputError, match="b must be a list of finite numbers"):
        table.numbers("b")


def test_a_ratio_that_no_double_holds_is_beyond_its_bounds():
    table = root_table(f"a = 1{'0' * 400}\nb = -1{'0' * 400}\n", {})
    for key, shown in (("a", "inf"), ("b", "-inf")):
        with pytest.raises(InputError, match=f"{key} must be between 0 and 1 .*, was {shown}"):
            table.ratio(key)


def test_a_whole_number_of_more_digits_than_are_read_is_said_so():
    with pytest.raises(InputError, match="rules: holds a whole number of too many digits"):
        root_table("a = 1" + "0" * 5_000, {}, what="rules")


def test_nesting_has_an_end():
    with pytest.raises(InputError, match="rules: must not be nested this deeply"):
        root_table("a = " + "[" * 100_000, {}, what="rules")


def test_a_bound_that_is_not_there_is_not_said():
    with pytest.raises(InputError, match="a must be a finite number, was inf"):
        root_table("a = inf", {}).number("a", 0.0)


def test_the_mark_that_an_editor_puts_before_a_text_is_no_part_of_it(tmp_path):
    (tmp_path / "a.toml").write_bytes(b"\xef\xbb\xbfa = 1\n")
    assert read_text(tmp_path / "a.toml") == "a = 1\n"


def test_a_file_of_any_length_is_not_read(tmp_path, monkeypatch):
    monkeypatch.setattr(toml_table, "_LARGEST", 2 << 20)
    (tmp_path / "a.toml").write_bytes(b"#" * (2 << 20))
    assert len(read_text(tmp_path / "a.toml")) == 2 << 20
    (tmp_path / "a.toml").write_bytes(b"#" * (3 << 20))
    with pytest.raises(InputError, match=r"a\.toml: must be at most 2 MiB long, was 3"):
        read_text(tmp_path / "a.toml")
