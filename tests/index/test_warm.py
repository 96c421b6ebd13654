"""Warming compiles every kernel signature that the engine uses, and says nothing."""

from __future__ import annotations

import numpy as np

from indexlab.index import entering, kernel, warm
from indexlab.index.catalogue import preset, preset_names
from indexlab.index.engine import determine
from indexlab.market.quotes import COLUMNS, Quotes
from indexlab.market.source import Source


def test_after_warming_no_preset_compiles_anything(capsys):
    warm.main()
    compiled = (kernel.determine_rows, entering._enter)
    before = [len(function.signatures) for function in compiled]
    quotes = Quotes.from_columns(receive_time=[0, 1], source=[0, 1], price=[100.0, 101.0], bid=[1.0, 1.0], ask=[2.0, 2.0])
    for name in preset_names():
        for detail in (False, True):
            determine(preset(name), (Source("a", "a"), Source("b", "b")), quotes, np.array([1]), detail=detail)
    views = [np.repeat(getattr(quotes, name), 2)[::2] for name in COLUMNS]
    for view in views:
        view.flags.writeable = False
    determine(preset("thalex"), (Source("a", "a"), Source("b", "b")), Quotes(*views), np.array([1, 1, 2])[::2])
    assert [len(function.signatures) for function in compiled] == before
    assert capsys.readouterr() == ("", "")
