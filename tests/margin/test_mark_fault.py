"""The closed form of a wrong index's share in the mark is what the engine makes of such a feed."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from indexlab.margin.mark import marks
from indexlab.margin.mark_fault import fades_to, index_share
from indexlab.margin.mark_feed import mark_feed
from indexlab.margin.mark_rules import MarkRule
from indexlab.margin.rules_file import venue, venue_names
from indexlab.market.units import SECOND
from indexlab.report.margin_mark import index_note

WRONG, LONG = 2000, 700
"""Right for long enough to fill every window, then wrong."""


def _shares(rule, by):
    """The share of a wrong index in the mark, second by second from its first publication on."""
    index = np.full(WRONG + LONG, 100.0)
    index[WRONG:] *= 1 + by
    steady = np.full(WRONG + LONG, 100.0)
    times = [second * SECOND for second in range(WRONG + LONG)]
    path = marks(rule, mark_feed(times, index, book=(steady, steady), last=steady, others=([steady, steady], [1.0, 1.0])))
    return (path.mark[WRONG:] / 100.0 - 1) / by


rules = st.builds(
    MarkRule,
    rule=st.sampled_from(("index", "funding-basis", "average-basis", "median-of-three", "hyperliquid")),
    average=st.sampled_from(("plain", "decaying")),
    window_us=st.sampled_from((5, 15, 30, 60, 150, 300)).map(lambda seconds: seconds * SECOND),
    sample_us=st.sampled_from((0, SECOND, 5 * SECOND)),
)


@given(rules, st.sampled_from((-0.9, -0.1, 0.1, 3.0)))
def test_shares_are_those_of_the_engine(rule, by):
    """At every second, for plain and decaying averages, and for sparse samples."""
    if rule.average == "plain" and rule.window_us == rule.sample_us:
        rule = MarkRule(rule.rule, rule.average, rule.window_us)
    expected = [index_share(rule, second * SECOND) for second in range(LONG)]
    assert _shares(rule, by) == pytest.approx(expected, abs=1e-3)  # a decaying average has not quite forgotten its beginning


@given(rules, st.sampled_from((0.0, 0.01, 0.5, 0.9, 1.0)))
def test_fading_is_reached_then_and_not_before(rule, share):
    """After that time the share is at most this, one sample earlier it is not."""
    after = fades_to(rule, share)
    if after is None:
        assert rule.rule in {"index", "funding-basis"} or (share == 0.0 and rule.average == "decaying")
        return
    assert index_share(rule, after) <= share + 1e-9
    if after:
        assert index_share(rule, after - (rule.sample_us or SECOND)) > share


@pytest.mark.parametrize("name", venue_names())
def test_every_venue_is_told_in_a_sentence(name):
    """But where the mark is as wrong as the index for as long: there is nothing to add."""
    rule = venue(name).mark
    note = index_note(rule)
    assert (note is None) == (rule.rule in {"index", "funding-basis"})


def test_the_sentences():
    """As a person reads them."""
    assert index_note(MarkRule("median-of-three", window_us=30 * SECOND)) == (
        "The mark is taken to move as the index does. By this venue's rule a wrong index is in the mark at once; where the contract's own book stays,"
        " half of it has left the mark after 14s and all of it after 29s."
    )
    decaying = index_note(MarkRule("average-basis", "decaying", window_us=15 * SECOND))
    assert decaying is not None
    assert decaying.endswith("half of it has left the mark after 10s and 99 % of it after 69s.")
