"""`@pytest.mark.indexlab_fixture("true-crash")`: the market of a fixture, for a test of a user's own."""

from __future__ import annotations

from contextlib import chdir
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from indexlab.audit.effective import options_here
from indexlab.audit.replay import replay_fixture
from indexlab.contract.outcomes import in_one_line
from indexlab.contract.wanted import asked, wanted
from indexlab.market.errors import InputError
from indexlab.market.fixture import Fixture, find_fixture, load_fixture
from indexlab.scenarios.brief import faults_said
from indexlab.scenarios.scenario import FixtureSlice, Scenario
from indexlab.targets.reaching import Reaching

if TYPE_CHECKING:
    from collections.abc import Iterable

    import numpy as np
    import pytest
    from numpy.typing import NDArray

    from indexlab.audit.replay import FixtureReplay
    from indexlab.contract.wanted import Wanted
    from indexlab.faults.spec import FaultSpec
    from indexlab.market.quotes import Quotes
    from indexlab.scenarios.brief import SaidFault

__all__ = ["FixtureMarket", "market_of", "parametrize_by_fixture"]

_ARGUMENT: Final = "indexlab_market"


@dataclass(frozen=True, slots=True)
class FixtureMarket:
    """A recorded, reconstructed or synthetic market, and what runs targets over it."""

    fixture: Fixture
    folder: Path
    wish: Wanted
    file: Path

    @property
    def id(self) -> str:
        """The fixture's id."""
        return self.fixture.id

    @property
    def sources(self) -> tuple[str, ...]:
        """The ids of the sources, in their order."""
        return tuple(source.id for source in self.fixture.basket)

    @property
    def times(self) -> NDArray[np.int64]:
        """When the index is published, microseconds since 1970."""
        return self.fixture.times()

    @property
    def quotes(self) -> Quotes:
        """What the sources said: columns as in the target protocol."""
        return self.fixture.quotes()

    def run(self, target: str | None = None) -> FixtureReplay:
        """Run a target over the market (without one, that of the command line or of the plan file) and return its `times`, `index` and `status`.

        `index` has None where there is no value; `extreme(low=True)` gives time and value of the lowest, `counts` how often each status was given. Raises
        InputError where the target is unknown, TargetFailure where it does not answer.
        """
        if target is not None:
            return replay_fixture(str(self.folder), target, options_here(Reaching(headers=self.wish.headers), target, Path.cwd()))
        audit = asked(self.wish, next(iter(self.wish.targets), None), file=None if self.wish.targets else self.file)
        with chdir(audit.base):
            return replay_fixture(str(self.folder), audit.target, audit.plan.options)

    def scenario(self, faults: Iterable[SaidFault | FaultSpec] = (), *, start: int | None = None, end: int | None = None) -> Scenario:
        """Return the market, or the part of it from `start` to `end` (microseconds), as a scenario for the functions of `indexlab.testing`.

        A fault is `fault("level", "kraken", at="60s", until="120s")`, counted from the scenario's start. Raises InputError.
        """
        first, last = self.fixture.start if start is None else start, self.fixture.end if end is None else end
        placed = faults_said(faults, self.fixture.basket, first)
        return Scenario(sources=self.fixture.basket, fixture=FixtureSlice(str(self.folder), first, last), faults=placed)


def parametrize_by_fixture(metafunc: pytest.Metafunc, mark: pytest.Mark) -> None:
    """Run a marked function once for each fixture that the mark names."""
    with in_one_line():
        names = _names(metafunc, mark)
    metafunc.parametrize(_ARGUMENT, names, ids=names, indirect=True)


def _names(metafunc: pytest.Metafunc, mark: pytest.Mark) -> list[str]:
    names = [str(name) for name in mark.args]
    if not names or mark.kwargs:
        raise InputError("takes the ids of fixtures, and nothing else", key="indexlab_fixture", remedy='write indexlab_fixture("true-crash")')
    if _ARGUMENT not in metafunc.fixturenames:
        raise InputError("takes no market", key=metafunc.function.__name__, remedy=f"write def {metafunc.function.__name__}({_ARGUMENT})")
    for name in names:
        _folder(name, metafunc.definition.path)
    return names


def market_of(request: pytest.FixtureRequest) -> FixtureMarket:
    """Return the market that a test was marked for."""
    with in_one_line():
        if not hasattr(request, "param"):
            raise InputError("names no fixture", key=_ARGUMENT, remedy='mark the test with @pytest.mark.indexlab_fixture("true-crash")')
        folder = _folder(request.param, request.path)
        return FixtureMarket(load_fixture(folder), folder, wanted(request.config), request.path)


def _folder(name: str, file: Path) -> Path:
    """Return the folder of a fixture: a bundled one's, or one that is found from the test's own file. Raises InputError with the nearest id."""
    beside = file.parent / name
    return find_fixture(beside if (beside / "fixture.toml").is_file() else name).resolve()
