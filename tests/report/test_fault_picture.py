"""The pictures of faults: drawings and nothing else, of the same example as the terminal shows."""

# ruff: noqa: S314 - what is read back is what we wrote

from xml.etree import ElementTree as ET

import numpy as np
import pytest

from indexlab.faults.example import Line
from indexlab.market.errors import InputError
from indexlab.report.fault_picture import fault_rows, fault_svg, write_svg


def words(svg: str) -> str:
    """Return all words of a drawing."""
    return " ".join("".join(element.itertext()) for element in ET.fromstring(svg).iter("{http://www.w3.org/2000/svg}text"))


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("level", ["level (value): the price stays off by a factor", "before", "after", "price", "It happened: on 2019-06-24", "drawn at 0.000288"]),
        ("drift", ["age by its event time, s", "price"]),
        ("agree", ["price a", "price b", "price c"]),
        ("crossed-book", ["bid", "ask"]),
        ("reorder-across-sources", ["message, in order of arrival"]),
        ("lead-lag", ["lead-lag (true move)", "price c"]),
    ],
)
def test_a_picture_says_what_it_shows(name: str, said: list[str]) -> None:
    """And is the same each time."""
    svg = fault_svg(name)
    for part in said:
        assert part in words(svg)
    assert svg == fault_svg(name)


def test_what_no_scale_holds_stands_at_its_edge() -> None:
    """Null at the bottom, what is beyond an edge there; what came after the picture's end is left out."""
    times, nothing = np.array([1, 2, 3, 4, 99]) * 1_000_000, np.zeros(5)
    rows = fault_rows(Line("price", times, np.array([1.5, np.nan, 1e300, -7.0, 1.5]), nothing), (1.0, 2.0), "after")
    assert [(row["t"], row["v"], row["sign"]) for row in rows] == [(1.0, 1.5, ""), (2.0, 1.0, "∅"), (3.0, 2.0, "▲"), (4.0, 1.0, "▼")]


def test_it_is_written_as_one_file(tmp_path) -> None:
    write_svg("zero", tmp_path / "zero.svg")
    assert ET.fromstring((tmp_path / "zero.svg").read_text(encoding="utf-8")).tag == "{http://www.w3.org/2000/svg}svg"


def test_what_cannot_be_written_is_said_in_a_line(tmp_path) -> None:
    with pytest.raises(InputError, match=r"zero\.svg: cannot be written: .*; name a file in a folder that is there"):
        write_svg("zero", tmp_path / "nowhere" / "zero.svg")
    with pytest.raises(InputError, match='did you mean "zero"'):
        write_svg("zeroo", tmp_path / "zero.svg")
