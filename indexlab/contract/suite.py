"""The ready-made suite: `pytest --pyargs indexlab.contract` collects a test for each property of each target, `indexlab.contract::single-source`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import pytest

from indexlab.contract.asking import ask
from indexlab.contract.outcomes import OurTest
from indexlab.contract.wanted import asked, judged_by, wanted
from indexlab.market.errors import InputError
from indexlab.report.plain import plain

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from indexlab.contract.wanted import Asked

__all__ = ["NAME", "PropertyTest", "Suite"]

NAME: Final = "indexlab.contract"
__test__ = False  # pytest looks for functions in the file that it was given, too


class Suite(pytest.Collector):
    """Collects the tests. What is wrong with the plan or a target's label is one error, before anything is run."""

    def collect(self) -> Iterator[pytest.Item]:
        """Give a test for each property that the plan selects, of each target."""
        wish = wanted(self.config)
        try:
            for label in wish.targets or (None,):
                audit = asked(wish, label)
                for name in judged_by(audit):
                    shown = f"{name}[{plain(audit.target)}]" if len(wish.targets) > 1 else name
                    item: PropertyTest = PropertyTest.from_parent(self, name=shown)
                    item.audit, item.judged = audit, name
                    item.add_marker("indexlab")
                    yield item
        except InputError as error:
            raise self.CollectError(str(error)) from None


class PropertyTest(OurTest):
    """One property of one target."""

    audit: Asked
    judged: str

    def runtest(self) -> None:
        """See what the audit says of the property."""
        ask(self, self.audit, self.judged, wanted(self.config).inconclusive)

    def reportinfo(self) -> tuple[Path, int | None, str]:
        """Say where the test comes from: no file of the user's."""
        return self.config.rootpath / NAME, None, self.name
