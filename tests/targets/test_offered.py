"""Targets at hand are found by their label for as long as they are offered."""

import pytest

from indexlab.market.errors import InputError
from indexlab.targets.offered import offered
from indexlab.targets.python import python_target
from indexlab.targets.resolve import open_target


def test_a_target_is_found_by_its_label_within_the_block_alone():
    mine = python_target(lambda params: {"index": [], "status": []}, "mine:one")
    with offered(mine) as label:
        assert label == "mine:one"
        assert open_target(label) is mine
    with pytest.raises(InputError, match='has an unknown scheme "mine"'):
        open_target("mine:one")


def test_it_is_gone_when_the_block_ends_badly():
    mine = python_target(lambda params: {}, "mine:two")
    with pytest.raises(ZeroDivisionError), offered(mine):
        _ = 1 / 0
    with pytest.raises(InputError, match='unknown scheme "mine"'):
        open_target("mine:two")
