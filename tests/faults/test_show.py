"""The drawings of `indexlab faults show`."""

from importlib.metadata import EntryPoint

import pytest

from indexlab.faults import registry
from indexlab.faults.fault import FAMILIES
from indexlab.faults.listing import listing
from indexlab.faults.registry import BUNDLED, GROUP, fault
from indexlab.faults.show import picture
from indexlab.faults.true_moves import TRUE_MOVES
from indexlab.market.errors import InputError


@pytest.mark.parametrize("name", BUNDLED)
def test_a_picture_shows_what_changes_from_the_window_on(name: str) -> None:
    """Before the window nothing differs, from it on something does: the line, the ages, the counts or the order; and it says what the intensity means."""
    rows = [(line.split()[0], line[11:59]) for line in picture(name).split("\n\n")[1].splitlines()]
    start = dict(rows)["window"].index("├")
    changed = False
    before = ""
    for title, row in rows[1:]:
        before = row if title == "before" else before
        if title == "after":
            assert row[:start] == before[:start]
            changed |= row[start:] != before[start:]
        elif title in {"age", "messages"}:
            assert len(set(row[:start])) == 1
            changed |= len(set(row[start:])) > 1
    assert changed
    assert " ".join(fault(name).scale.split()) in " ".join(picture(name).split())


@pytest.mark.parametrize("name", TRUE_MOVES)
def test_a_true_move_is_shown_by_name_and_on_every_venue(name: str) -> None:
    """All three venues arrive where the price went; it says that it is no fault."""
    text = picture(name)
    rows = [line[11:59] for line in text.splitlines() if line.startswith("  price ")]
    assert len(rows) == 3
    assert "It is no fault" in text
    if TRUE_MOVES[name].move != 1:
        ends = "▇█" if TRUE_MOVES[name].move > 1 else "▁▂"
        assert all(row[-1] in ends and row[0] not in ends for row in rows)


def test_a_picture_is_a_few_plain_lines() -> None:
    assert picture("null").splitlines() == [
        "null (garbage): a message without a price",
        "",
        "  window                   ├──────────────┤",
        "  before   ▃▄▄▄▄▄▄▄▄▄▄▃▃▂▁▁▁▂▂▂▂▂▂▂▃▄▄▅▄▄▄▄▄▄▄▃▃▂▁▁▁▁▂▂▂▂▂▃   price",
        "  after    ▃▄▄▄▄▄▄▄▄▄▄▃▃▂▁▁▁∅▂∅▂∅▂▂∅▄▄∅▄▄▄∅▄▄▄▃▃▂▁▁▁▁▂▂▂▂▂▃",
        "",
        "  a column is a second; ∅ null",
        "",
        "  The message comes, but carries no price.",
        "  It happened: in umee's price feeder an empty price was used where there were only expired candles,",
        "  and it crashed.",
        "  Source: https://github.com/umee-network/umee/issues/1261",
        "",
        "  intensity  the share of the quotes in the window that it touches; drawn at 0.5",
        "  fields     sources, start, end, intensity, seed, probability, burst, every, until, stagger",
        "  when       from start to before end, on the clock of the undisturbed receive time; again each",
        "             `every` until `until`; each source `stagger` after the one listed before it; a quote is",
        "             hit with `probability`, one draw holding for `burst` quotes in the mean",
    ]


def test_clocks_are_shown_by_the_ages_of_messages() -> None:
    """A clock that is behind makes messages old, one that runs slow ever older; the price stays."""
    assert "6666" in picture("skew")
    assert "112233445566" in picture("drift")


def test_lag_and_its_relabelled_kind_differ_in_the_age_alone() -> None:
    lag, relabelled = picture("lag").splitlines(), picture("relabelled-lag").splitlines()
    assert lag[4] == relabelled[4]
    assert "4444" in lag[5]
    assert "4" not in relabelled[5]


def test_an_unknown_fault_is_answered_with_the_nearest() -> None:
    with pytest.raises(InputError, match='there is no fault "freez"; did you mean "freeze"'):
        picture("freez")
    with pytest.raises(InputError, match='did you mean "gap-open"'):
        picture("gap-opn")


def test_the_list_has_every_fault_and_every_true_move_in_its_place() -> None:
    """Family by family, each name once, in lines that fit a screen."""
    text = listing()
    listed = [line.split()[0] for line in text.splitlines() if line.startswith("  ")]
    assert listed == [*sorted(BUNDLED, key=lambda name: list(FAMILIES).index(fault(name).family)), *TRUE_MOVES]
    assert max(map(len, text.splitlines())) <= 120


def test_the_list_says_what_others_bring_and_what_is_wrong_with_it(monkeypatch) -> None:
    entries = [EntryPoint("hers", "indexlab.faults.stop:FAULT", GROUP), EntryPoint("bad", "no.such:FAULT", GROUP)]
    monkeypatch.setattr(registry, "entry_points", lambda **_: entries)
    fault.cache_clear()
    text = listing()
    fault.cache_clear()
    assert "of other packages" in text
    assert "cannot be loaded: ModuleNotFoundError" in text
    assert 'must have the name of its entry point, was "stop"' in text
