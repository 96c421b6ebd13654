"""Other people's text is harmless wherever it is shown."""

import unicodedata

from hypothesis import given
from hypothesis import strategies as st

from indexlab.report.plain import cut_to, plain, plain_lines, width_of
from tests.report.samples import EVIL

ANY_TEXT = st.text(st.characters(exclude_categories=()))


@given(ANY_TEXT)
def test_no_control_character_is_left(text):
    """C0, C1, surrogates and what turns the direction of writing around are gone, and the line is one line."""
    said = plain(text)
    assert not [char for char in said if unicodedata.category(char) in {"Cc", "Cs"} or char in "\u202e\u2066\ufffe"]
    said.encode("utf-8")


@given(st.text(st.characters(categories=("L", "N", "P", "S"), exclude_characters="\ufffd")))
def test_ordinary_text_stays_as_it_was(text):
    """Letters, digits and signs of any script are not touched."""
    assert plain(text) == text


def test_terminal_sequences_go_whole():
    """A colour leaves no "[31m" behind, a window title no title."""
    assert plain("a\x1b[31mb\x1b[0m\x1b]0;title\x07c\x9b2Jd\x1b(Be") == "abcde"
    assert plain(EVIL) == "<script>alert(1)</script>]]>[bold red]red\"'&{{7*7}}"


def test_lines_are_kept_where_lines_are_meant():
    """A log keeps its lines; the last ones, where there are too many."""
    assert plain_lines("one\r\ntwo\rthree\n") == ["one", "two", "three"]
    assert plain_lines("one\ntwo\nthree", most=2, last=True) == ["two", "three"]
    assert plain("one\ntwo") == "one two"


@given(ANY_TEXT, st.integers(2, 40))
def test_a_cut_text_fits(text, columns):
    """A text is never wider than it may be, however wide its characters are."""
    said = cut_to(plain(text), columns)
    assert width_of(said) <= columns
    assert len(said) <= 4 * columns + 1
