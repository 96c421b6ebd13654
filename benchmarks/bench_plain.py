"""Twins judged, beside the plain baseline, on scenarios of one size. Which defects each kills: python -m benchmarks.plain_versus_ours --seconds 30."""

from __future__ import annotations

from functools import partial
from math import inf

from benchmarks import plain_hypothesis as plain
from benchmarks.plain_versus_ours import LENGTH, METHOD, SOURCES, TWINS, by_python, our_batches, plain_search
from indexlab.targets.planted.catalogue import label_of
from indexlab.targets.planted.defect import NONE
from indexlab.targets.resolve import open_target


def bench_twins_beside_plain(side_by_side, book):
    """60 publications, 8 sources: the plain test on its own Python index, and ours with the rack of accounts and all properties."""
    examples = book.size(200, least=20)
    alike = plain.markets(SOURCES, SOURCES, LENGTH, (1, 1))
    with open_target(label_of(NONE, METHOD)) as right:
        batches = our_batches(right)
        seconds = side_by_side(
            5,
            ours=lambda: next(batches),
            plain=lambda: plain_search(partial(by_python, times=range(LENGTH)), inf, alike, most=examples),
        )
    mine = book.row("a twin of 60 publications, judged by all properties", seconds["ours"], rows=TWINS, sources=SOURCES)
    book.row("the same, by the plain test on its Python index", seconds["plain"], rows=examples, sources=SOURCES, against=(mine, "ours"))
