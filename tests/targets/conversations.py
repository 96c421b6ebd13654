"""What the tests of targets share: small requests, and commands that start the planted targets."""

from __future__ import annotations

import shlex
import sys
from pathlib import Path

import numpy as np

from indexlab.market.quotes import Quotes
from indexlab.market.source import Source
from indexlab.targets.life import Limits
from indexlab.targets.process import ProcessTarget
from indexlab.targets.target import Request

HERE = Path(__file__).parent
START = 1_700_000_000_000_000
SECOND = 1_000_000
PATIENT = Limits(first_answer_s=60.0, answer_s=60.0)
"""No test waits for these: they only keep a busy machine from failing one that must not time out."""


def basket(n=4):
    return tuple(Source(id=f"venue{i}", venue=f"venue{i}") for i in range(n))


def request(rows, seconds=3, n=4):
    """A run of rows (receive second, source, price) or (receive second, source, price, event second), published every second from 1 s on."""
    rows = [(*row, row[0]) if len(row) == 3 else row for row in rows]
    quotes = Quotes.from_columns(
        receive_time=np.array([START + round(row[0] * SECOND) for row in rows], dtype=np.int64),
        event_time=np.array([START + round(row[3] * SECOND) for row in rows], dtype=np.int64),
        source=np.array([row[1] for row in rows], dtype=np.int64),
        price=np.array([row[2] for row in rows], dtype=np.float64),
    )
    return Request(basket(n), quotes, START + SECOND * np.arange(1, seconds + 1, dtype=np.int64))


def agreeing(price=50_000.0, seconds=3, n=4):
    """All sources say one price at the start."""
    return request([(0, s, price) for s in range(n)], seconds, n)


def planted(file, *arguments, limits=PATIENT):
    """A target of this folder, run by the interpreter that runs the tests."""
    return ProcessTarget(shlex.join([sys.executable, "-S", str(HERE / file), *arguments]), limits=limits)
