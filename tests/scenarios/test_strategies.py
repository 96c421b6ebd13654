"""The strategy of guided search reaches every recipe."""

import math

import pytest
from hypothesis import Phase, find, settings

from indexlab.market.units import SECOND
from indexlab.scenarios.expect import Expect
from indexlab.scenarios.recipes import SEARCHED, World, draw_batch
from indexlab.scenarios.strategies import drawn_batches

SHORT = Expect(max_age=6 * SECOND, max_recovery=2 * SECOND, max_tracking_lag=SECOND)


@pytest.mark.parametrize("recipe", SEARCHED)
def test_batches_of_guided_search_reach_every_recipe(recipe):
    found = find(drawn_batches(), lambda drawn: drawn.recipe == recipe, settings=settings(max_examples=600, phases=[Phase.generate]))
    batch = draw_batch(found, World(SHORT, None, book=False, twins=2))
    assert len(batch.twins) == 2
    assert math.isfinite(found.move)
