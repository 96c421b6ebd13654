"""A run that comes in piece by piece, from columns or from a Parquet file, is determined as if all of it had been there at once, to the bit."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from indexlab.index import stream, stream_file
from indexlab.index.catalogue import preset, preset_names
from indexlab.index.declaration import parse_declaration
from indexlab.index.determination import REASONS, STATUSES
from indexlab.index.engine import determine
from indexlab.index.stream import determine_parquet, determined
from indexlab.market import quote_pieces as reading
from indexlab.market.errors import InputError
from indexlab.market.fixture_files import quotes_to_parquet
from indexlab.market.levels import Levels
from indexlab.market.quotes import Quotes
from indexlab.market.rates import Rate
from indexlab.market.source import Source
from tests.index.drawing import SECOND, START, as_toml, baskets, publications, quotes, tables

drawn = settings(suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large], deadline=None)
COLUMNS = ("value", "status", "weight", "used", "reason", "confidence")
LOOKING_BACK = {
    "vwap": {"input": {"price": "vwap", "window": "2s"}},
    "tvwap by what was traded": {"input": {"price": "tvwap", "window": "5s", "least_time_weight": 0.2}, "weights": {"kind": "traded"}},
    "volume": {"weights": {"kind": "volume", "window": "3s"}},
    "volume of a past refresh": {"weights": {"kind": "volume", "window": "4s", "refresh": "3s", "cap": 0.5}},
    "cross": {"input": {"price": "cross"}, "weights": {"kind": "traded"}},
    "votes": {"input": {"price": "confidence"}, "aggregation": {"rule": "votes"}},
    "order-book": {"input": {"price": "book"}, "aggregation": {"rule": "order-book"}, "book": {"spacing": 0.5}},
    "partitions": {"input": {"price": "trades", "window": "6s"}, "aggregation": {"rule": "partitions", "partitions": 3}},
    "unchanged and late": {"unchanged": {"limit": "2s", "action": "weight-0"}, "latency": {"limit": "1s", "action": "hold"}},
    "guarded": {"guard": {"smoothing": 3, "step": "1%", "action": "clamp"}},
    "latching": {"guard": {"step": "3%", "action": "halt", "latching": True}},
    "let in again": {"outlier": {"rule": "drop", "band": "1%"}, "reinclusion": {"held_for": "1s", "out_for": "1s", "strikes": 3, "strikes_within": "5s"}},
    "against the last": {"outlier": {"rule": "drop", "band": "3%", "reference": "last-index"}},
}


@st.composite
def rich_quotes(draw, n_sources):
    """Draw quotes with volumes, and perhaps with the columns that only some rules read."""
    said = draw(quotes(n_sources, most=24))
    amounts = st.sampled_from((0.0, 0.1, 0.3, 1.0, 7.0, 1e9, 1e-9, -1.0, float("nan")))

    def column():
        return np.array([draw(amounts) for _ in range(len(said))], dtype=np.float64)

    said = said.with_columns(volume=column())
    if draw(st.booleans()):
        said = said.with_columns(trade_size=column(), confidence=np.abs(said.price) * 1e-3)
    if draw(st.booleans()):
        books = [draw(st.sampled_from((None, ([(p, 1.0), (p * 0.999, 2.0)], [(p * 1.001, 1.5)])))) if p > 0 else None for p in said.price.tolist()]
        said = said.with_columns(book=Levels.from_lists(books))
    return said


@st.composite
def pieces_of(draw, said):
    """Cut quotes anywhere, into pieces of no row, of one, of all."""
    cuts = sorted(draw(st.lists(st.integers(0, len(said)), max_size=6))) if draw(st.booleans()) else list(range(1, len(said)))
    return [said.take(np.arange(a, b)) for a, b in zip([0, *cuts], [*cuts, len(said)], strict=True)]


def joined(parts):
    """Put determinations one after another; the notes are the last one's."""
    columns = {}
    for name in COLUMNS:
        found = [getattr(part, name) for part in parts]
        columns[name] = None if found[0] is None else np.concatenate(found)
    return columns, parts[-1].notes


def assert_same_in_pieces(declaration, basket, said, times, pieces, rates=None):
    whole = determine(declaration, basket, said, times, rates)
    columns, notes = joined(list(determined(declaration, basket, pieces, times, rates)))
    for name in COLUMNS:
        expected = getattr(whole, name)
        assert (columns[name] is None) == (expected is None), name
        assert expected is None or (columns[name].tobytes() == expected.tobytes() and columns[name].shape == expected.shape), name
    assert notes == whole.notes


@settings(drawn, max_examples=150)
@given(st.data())
def test_pieces_are_the_whole_on_any_declaration(data):
    basket = data.draw(baskets(most=5))
    said = data.draw(rich_quotes(len(basket)))
    declaration = parse_declaration(as_toml(data.draw(tables())))
    assert_same_in_pieces(declaration, basket, said, data.draw(publications()), data.draw(pieces_of(said)))


@pytest.mark.parametrize("kind", LOOKING_BACK)
@settings(drawn, max_examples=60)
@given(st.data())
def test_pieces_are_the_whole_where_a_rule_looks_back(kind, data):
    content = {"quorum": {"ok_from": 1, "below": data.draw(st.sampled_from(("halt", "hold")))}, **LOOKING_BACK[kind]}
    basket = data.draw(baskets(most=4))
    said = data.draw(rich_quotes(len(basket)))
    assert_same_in_pieces(parse_declaration(as_toml(content)), basket, said, data.draw(publications()), data.draw(pieces_of(said)))


@pytest.mark.parametrize("name", preset_names())
@settings(drawn, max_examples=8)
@given(st.data())
def test_pieces_are_the_whole_under_every_preset(name, data):
    basket = data.draw(baskets(most=4))
    said = data.draw(rich_quotes(len(basket)))
    assert_same_in_pieces(preset(name), basket, said, data.draw(publications()), data.draw(pieces_of(said)))


@settings(drawn, max_examples=60)
@given(st.data())
def test_publications_at_a_few_at_once_change_nothing(data):
    basket = data.draw(baskets(most=4))
    said = data.draw(rich_quotes(len(basket)))
    kind = data.draw(st.sampled_from(tuple(LOOKING_BACK)))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(stream, "_CELLS_AT_ONCE", len(basket) * data.draw(st.integers(1, 3)))
        assert_same_in_pieces(parse_declaration(as_toml(LOOKING_BACK[kind])), basket, said, data.draw(publications()), data.draw(pieces_of(said)))


@pytest.mark.parametrize("rate", ["same-round", "previous-round"])
@settings(drawn, max_examples=40)
@given(st.data())
def test_rates_go_on_from_piece_to_piece(rate, data):
    basket = (Source("a", "a"), Source("b", "b", quote="USDT"))
    said = data.draw(rich_quotes(2))
    rates = {"USDT": Rate.from_columns(receive_time=[START, START + SECOND, START + 3 * SECOND], price=[1.0, 0.9, 1.1])}
    declaration = parse_declaration(as_toml({"conversion": {"rate": rate}, "quorum": {"ok_from": 1}}))
    assert_same_in_pieces(declaration, basket, said, data.draw(publications()), data.draw(pieces_of(said)), rates)


@settings(drawn, max_examples=60)
@given(st.data())
def test_a_blend_goes_on_in_both_methodologies(data):
    at = "1970-01-01T00:16:43Z"  # three seconds after the first quote
    content = as_toml({"blend": {"from": "plain-mean", "at": at, "over": "4s"}, "aggregation": {"rule": "median"}, "quorum": {"ok_from": 1}})
    basket = data.draw(baskets(most=4))
    said = data.draw(rich_quotes(len(basket)))
    assert_same_in_pieces(parse_declaration(content), basket, said, data.draw(publications()), data.draw(pieces_of(said)))


BASKET = (Source("a", "a"), Source("b", "b"))
MEDIAN = preset("plain-median")


def some_quotes(n=20):
    at = START + np.arange(n) * SECOND
    return Quotes.from_columns(receive_time=at, source=np.arange(n) % 2, price=100.0 + np.arange(n) % 7)


TIMES = START + np.arange(0, 25, 3, dtype=np.int64) * SECOND


def test_what_was_determined_comes_before_the_next_piece_is_asked_for():
    log = []

    def pieces():
        for row in range(20):
            log.append("asked")
            yield some_quotes().take(np.array([row]))

    log.extend("given" for _ in determined(MEDIAN, BASKET, pieces(), TIMES))
    assert log[:8] == ["asked", "asked", "given", "asked", "asked", "asked", "given", "asked"]


@pytest.mark.parametrize("kind", LOOKING_BACK)
def test_of_a_long_run_only_what_a_window_holds_is_kept(kind, monkeypatch):
    """Also where nothing is published for long, but for weights by volume, where the sum must hear it all in its order."""
    seen, levels = [], []
    proceed, hear = stream.Course.proceed, stream.Course.hear

    def note(said):
        seen.append(len(said))
        levels.append(0 if said.book is None else len(said.book.price))

    monkeypatch.setattr(stream.Course, "proceed", lambda self, runs, *given, **named: note(runs[0]) or proceed(self, runs, *given, **named))
    monkeypatch.setattr(stream.Course, "hear", lambda self, said, heard: note(said) or hear(self, said, heard))
    said = some_quotes(300)
    said = said.with_columns(book=Levels.from_lists([([(price, 1.0)], [(price + 1, 1.0)]) for price in said.price]))
    times = START + np.arange(0, 300, 1 if "volume" in kind else 100, dtype=np.int64) * SECOND
    pieces = (said.take(np.arange(row, row + 10)) for row in range(0, 300, 10))
    pieces = (piece.with_columns(book=piece.book.compact()) for piece in pieces)
    list(determined(parse_declaration(as_toml(LOOKING_BACK[kind])), BASKET, pieces, times))
    assert max(seen) <= 20
    assert 0 < max(levels) <= 40


def test_pieces_that_go_back_in_time_are_refused():
    said = some_quotes()
    with pytest.raises(InputError, match="receive_time must not go back in time from one piece to the next"):
        list(determined(MEDIAN, BASKET, [said.take(np.arange(10, 20)), said.take(np.arange(10))], TIMES))
    with pytest.raises(InputError, match="times must not go back in time"):
        list(determined(MEDIAN, BASKET, [said], TIMES[::-1]))


@pytest.mark.parametrize("pieces", [[], [some_quotes(0)], [some_quotes()]])
@pytest.mark.parametrize("times", [TIMES[:0], TIMES])
def test_there_is_always_a_piece_of_determinations(pieces, times):
    assert_same_in_pieces(MEDIAN, BASKET, Quotes.concatenate(pieces), times, pieces)


# ------------------------------------------------------------------------------------------------------------------ from file to file


def written(folder, said):
    path = folder / "quotes.parquet"
    path.write_bytes(quotes_to_parquet(said))
    return path


def expected_frame(declaration, basket, said, times):
    """What the file holds, written out."""
    found = determine(declaration, basket, said, times)
    columns = {"time": times.tolist(), "value": [None if np.isnan(v) else v for v in found.value], "status": [STATUSES[code] for code in found.status]}
    if found.confidence is not None:
        columns["confidence"] = [None if np.isnan(v) else v for v in found.confidence]
    for s, source in enumerate(basket):
        columns[f"weight_{source.id}"] = found.weight[:, s].tolist()
        columns[f"used_{source.id}"] = [None if np.isnan(v) else v for v in found.used[:, s]]
        columns[f"reason_{source.id}"] = [REASONS[code] for code in found.reason[:, s]]
    return columns


@pytest.mark.parametrize("name", ["plain-median", "binance-2020", "pyth", "bitget-2025", "cf-brr"])
@pytest.mark.parametrize("rows_at_once", [1, 7, 1_000])
def test_a_file_becomes_a_file(name, rows_at_once, tmp_path, monkeypatch):
    monkeypatch.setattr(stream_file, "_CELLS_A_PART", 4)
    said, out = some_quotes(), tmp_path / "out.parquet"
    determine_parquet(preset(name), BASKET, written(tmp_path, said), TIMES, out, rows_at_once=rows_at_once)
    assert pl.read_parquet(out).to_dict(as_series=False) == expected_frame(preset(name), BASKET, said, TIMES)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["out.parquet", "quotes.parquet"]


def test_no_publication_is_a_file_with_columns(tmp_path):
    determine_parquet(MEDIAN, BASKET, written(tmp_path, some_quotes()), TIMES[:0], tmp_path / "out.parquet")
    frame = pl.read_parquet(tmp_path / "out.parquet")
    assert frame.height == 0
    assert frame.columns == ["time", "value", "status", "weight_a", "used_a", "reason_a", "weight_b", "used_b", "reason_b"]


def test_names_with_signs_of_patterns_are_names(tmp_path):
    folder = tmp_path / "a[1]*?"
    folder.mkdir()
    determine_parquet(MEDIAN, BASKET, written(folder, some_quotes()), TIMES, folder / "out[2]*.parquet")
    assert sorted(path.name for path in folder.iterdir()) == ["out[2]*.parquet", "quotes.parquet"]


def back_in_time(frame):
    return frame.with_columns(receive_time=pl.when(pl.int_range(pl.len()) == 10).then(START).otherwise("receive_time"))


def unknown_source(frame):
    return frame.with_columns(source=pl.when(pl.int_range(pl.len()) == 12).then(2).otherwise("source"))


WRONG = {
    "a column is missing": (lambda frame: frame.drop("bid"), "must have the columns .*, lacks bid"),
    "back in time": (back_in_time, "receive_time must not go back in time, was 1000000000 in row 0, counted from row 10$"),
    "an unknown source": (unknown_source, "source must be a position in the list of sources, was 2 in row 2, counted from row 10$"),
    "prices that are words": (lambda frame: frame.with_columns(price=pl.lit("x")), "price must be numbers"),
}


@pytest.mark.parametrize("wrong", WRONG)
def test_a_wrong_file_is_one_line_and_leaves_nothing(wrong, tmp_path):
    change, says = WRONG[wrong]
    path, out = written(tmp_path, some_quotes()), tmp_path / "out.parquet"
    change(pl.read_parquet(path)).write_parquet(path)
    out.write_bytes(b"as it was")
    with pytest.raises(InputError, match=says) as caught:
        determine_parquet(MEDIAN, BASKET, path, TIMES, out, rows_at_once=5)
    assert str(caught.value).startswith(f"{path}: ")
    assert out.read_bytes() == b"as it was"
    assert sorted(each.name for each in tmp_path.iterdir()) == ["out.parquet", "quotes.parquet"]


@given(st.integers(0, len(quotes_to_parquet(some_quotes())) - 1))
def test_a_file_cut_anywhere_is_one_line(tmp_path_factory, length):
    folder = tmp_path_factory.mktemp("cut")
    path = written(folder, some_quotes())
    path.write_bytes(path.read_bytes()[:length])
    with pytest.raises(InputError, match="must be a whole Parquet file") as caught:
        determine_parquet(MEDIAN, BASKET, path, TIMES, folder / "out.parquet")
    assert "\n" not in str(caught.value)
    assert [each.name for each in folder.iterdir()] == ["quotes.parquet"]


def test_what_is_no_file_is_refused(tmp_path, monkeypatch):
    path, out = written(tmp_path, some_quotes()), tmp_path / "out.parquet"
    with pytest.raises(InputError, match="does not exist"):
        determine_parquet(MEDIAN, BASKET, tmp_path / "nothing.parquet", TIMES, out)
    with pytest.raises(InputError, match="must be another file than that of the quotes"):
        determine_parquet(MEDIAN, BASKET, path, TIMES, path)
    with pytest.raises(InputError, match="must be a plain file"):
        determine_parquet(MEDIAN, BASKET, tmp_path, TIMES, out)
    with pytest.raises(InputError, match="rows_at_once must be at least 1, was 0"):
        determine_parquet(MEDIAN, BASKET, path, TIMES, out, rows_at_once=0)
    with pytest.raises(InputError, match=r"nowhere/out.parquet: cannot be written \(No such file or directory\)"):
        determine_parquet(MEDIAN, BASKET, path, TIMES, tmp_path / "nowhere" / "out.parquet")
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder" / "full").touch()
    with pytest.raises(InputError, match="cannot be written"):
        determine_parquet(MEDIAN, BASKET, path, TIMES, tmp_path / "folder")
    monkeypatch.setattr(reading.fixture_files, "MOST_ROWS", 19)
    with pytest.raises(InputError, match="must not have more than 19 rows, has 20"):
        determine_parquet(MEDIAN, BASKET, path, TIMES, out)
    assert sorted(each.name for each in tmp_path.iterdir()) == ["folder", "quotes.parquet"]
