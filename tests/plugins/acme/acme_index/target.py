"""`acme:HOW`: Acme's own index as a target in this process; HOW is `mean` or `median`."""

from typing import Self

import numpy as np

from indexlab.index.determination import HALTED, OK, Determinations
from indexlab.market.errors import InputError
from indexlab.targets.target import Description, Request

HOW = {"mean": np.nanmean, "median": np.nanmedian}


class AcmeIndex:
    """The mean, or the median, of what every source said last: no filter, no limit on age. Every request starts from an empty state."""

    kind = "in-process"

    def __init__(self, how: str) -> None:
        self.how = how
        self.label = f"acme:{how}"

    def describe(self) -> Description:
        return Description(name=f"acme {self.how}", version="1.0.0")

    def index(self, requests: list[Request]) -> list[Determinations]:
        return [self._determined(request) for request in requests]

    def _determined(self, request: Request) -> Determinations:
        quotes = request.quotes
        said = np.full((len(request.times), len(request.basket)), np.nan)
        for source in range(len(request.basket)):
            rows = np.flatnonzero((quotes.source == source) & (quotes.price > 0))
            place = np.searchsorted(quotes.receive_time[rows], request.times, side="right")
            said[place > 0, source] = quotes.price[rows][place[place > 0] - 1]
        value = np.full(len(request.times), np.nan)
        known = ~np.isnan(said).all(axis=1)
        value[known] = HOW[self.how](said[known], axis=1)
        return Determinations(value, np.where(known, OK, HALTED).astype(np.int8))

    def close(self) -> None:
        pass

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def opened(how: str) -> AcmeIndex:
    """Return the target for what follows `acme:`; an InputError is the one line that a person reads."""
    if how not in HOW:
        raise InputError(f'must be acme:mean or acme:median, was "acme:{how}"', key="target")
    return AcmeIndex(how)
