"""Counting sources of one group as one."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from indexlab.properties.independence import independent_of


def test_each_group_counts_once():
    chosen = np.array([[True, True, False, True], [False, True, False, False], [False, False, False, False]])
    assert independent_of(chosen, ()).tolist() == [3, 1, 0]
    assert independent_of(chosen, ((0, 1),)).tolist() == [2, 1, 0]
    assert independent_of(chosen, ((0, 1, 3),)).tolist() == [1, 1, 0]


@given(st.lists(st.booleans(), min_size=6, max_size=6), st.permutations(range(6)), st.integers(0, 6))
def test_it_is_the_number_of_different_groups_among_the_chosen(chosen, order, cut):
    groups = tuple(group for group in (tuple(order[:cut]), tuple(order[cut:])) if len(group) > 1)
    number = {place: index for index, group in enumerate(groups) for place in group}
    expected = len({number.get(place, -1 - place) for place in range(6) if chosen[place]})
    assert independent_of(np.array(chosen), groups) == expected
