"""Many twins at once: the same as one by one, bit for bit."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from indexlab.faults.inject import inject
from indexlab.faults.many import inject_many
from indexlab.faults.spec import FaultSpec
from indexlab.market.quotes import Quotes
from indexlab.market.source import Source

BASKET = tuple(Source(name, name) for name in "abc")
PRICES = st.sampled_from([100.0, 0.0, -3.0, float("nan"), 1e300, 1e-300, 12.5])


@st.composite
def streams(draw):
    n = draw(st.integers(1, 12))
    times = sorted(draw(st.lists(st.integers(0, 20), min_size=n, max_size=n)))
    book = draw(st.booleans())
    sides = {name: draw(st.lists(PRICES, min_size=n, max_size=n)) for name in ("bid", "ask")} if book else {}
    sources = draw(st.lists(st.integers(0, 2), min_size=n, max_size=n))
    return Quotes.from_columns(receive_time=times, source=sources, price=draw(st.lists(PRICES, min_size=n, max_size=n)), **sides)


def specs():
    return st.builds(
        FaultSpec,
        fault=st.sampled_from(["level", "spike", "decimal", "level", "zero", "stop", "lag"]),
        sources=st.sets(st.integers(0, 2), min_size=1).map(lambda chosen: tuple(sorted(chosen))),
        start=st.integers(0, 20),
        end=st.one_of(st.none(), st.integers(20, 22)),
        intensity=st.sampled_from([0.0, 0.004, 0.08, 0.5, 1.0]),
        direction=st.sampled_from(["up", "down"]),
        seed=st.integers(0, 3),
    )


@given(streams(), st.lists(st.lists(specs(), min_size=1, max_size=2).map(tuple), min_size=1, max_size=9))
def test_it_is_what_inject_gives_for_each(quotes, lists):
    for one, other in zip(inject_many(quotes, lists, BASKET), [inject(quotes, specs, BASKET) for specs in lists], strict=True):
        assert one.quotes.equals(other.quotes)
        assert (one.touched, one.touched_total, one.first, one.last) == (other.touched, other.touched_total, other.first, other.last)


def test_what_touches_nothing_is_the_same_quotes():
    quotes = Quotes.from_columns(receive_time=[1, 2], source=[0, 1], price=[1.0, np.nan])
    lists = [(FaultSpec("level", (2,), 0, None, 0.1),)] * 5
    assert all(made.quotes is quotes for made in inject_many(quotes, lists, BASKET))
