"""Gaps are the silences of a recording, each source's own."""

from indexlab.market.gaps import Gap, gaps
from indexlab.market.quotes import Quotes


def test_every_silence_longer_than_the_limit_is_told_with_its_edges():
    quotes = Quotes.from_columns(receive_time=[0, 5, 10, 40, 50], source=[0, 1, 0, 0, 0], price=[1.0] * 5)
    found = gaps(quotes, 3, start=0, end=60, longer_than=20)
    assert found == [Gap(0, 10, 40), Gap(1, 5, 60), Gap(2, 0, 60)]


def test_a_silence_of_exactly_the_limit_is_none():
    quotes = Quotes.from_columns(receive_time=[0, 20, 40], source=[0, 0, 0], price=[1.0] * 3)
    assert gaps(quotes, 1, start=0, end=60, longer_than=20) == []
