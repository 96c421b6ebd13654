"""The drawings of `indexlab faults show`."""

import pytest

from indexlab.faults.registry import BUNDLED, fault
from indexlab.faults.show import picture
from indexlab.market.errors import InputError


@pytest.mark.parametrize("name", BUNDLED)
def test_a_picture_shows_a_difference_inside_the_window_alone(name: str) -> None:
    """Before the window both rows are the same, inside it they differ; it says what the intensity means."""
    rows = {line.split()[0]: line[11:59] for line in picture(name).splitlines() if line.startswith("  ") and line.strip()}
    start, end = rows["window"].index("├"), rows["window"].index("┤") + 1
    assert rows["before"][:start] == rows["after"][:start]
    assert rows["before"][start:end] != rows["after"][start:end]
    assert rows["before"][end:] == rows["after"][end:]
    assert fault(name).scale in picture(name)


def test_a_picture_is_a_few_plain_lines() -> None:
    assert picture("null").splitlines() == [
        "null (garbage): a message without a price",
        "",
        "  window                   ├──────────────┤",
        "  before   ▃▄▄▄▄▄▄▄▄▄▄▃▃▂▁▁▁▂▂▂▂▂▂▂▃▄▄▅▄▄▄▄▄▄▄▃▃▂▁▁▁▁▂▂▂▂▂▃   price",
        "  after    ▃▄▄▄▄▄▄▄▄▄▄▃▃▂▁▁▁∅▂∅▂∅▂▂∅▄▄∅▄▄▄∅▄▄▄▃▃▂▁▁▁▁▂▂▂▂▂▃",
        "",
        "  a column is a second; ∅ null",
        "  intensity is the share of the quotes in the window that it touches; drawn at 0.5",
    ]


def test_lag_and_its_relabelled_kind_differ_in_the_age_alone() -> None:
    lag, relabelled = picture("lag").splitlines(), picture("relabelled-lag").splitlines()
    assert lag[4] == relabelled[4]
    assert "4444" in lag[5]
    assert "4" not in relabelled[5]


def test_an_unknown_fault_is_answered_with_the_nearest() -> None:
    with pytest.raises(InputError, match='did you mean "freeze"'):
        picture("freez")
