"""`volume-capture`: whoever says that it trades the most does not become the index."""

from __future__ import annotations

from typing import TYPE_CHECKING

from indexlab.properties.bounded import bounded
from indexlab.properties.premise import enough_sources, of_family, single_source_premise
from indexlab.properties.property import Outcome, Property

if TYPE_CHECKING:
    from indexlab.properties.run import Run

__all__ = ["PROPERTY"]

_UNMET = "no source reported a wrong volume while enough sources were live"


def check(run: Run) -> Outcome:
    """Hold every twin in which a fault acts on volumes, alone or beside other faults of the same source, against the range of the clean index."""
    return bounded(run, single_source_premise(run) & of_family(run, "volume")[:, None], _UNMET)


PROPERTY = Property(
    id="volume-capture",
    statement="no volume that «faulty_sources» sources report displaces the index by more than «max_displacement»",
    check=check,
    applies=enough_sources,
    hurt="Mango 2022-10-11: 483 million MNGO perpetuals were traded between two wallets of one owner (https://www.soliduslabs.com/post/mango-hack); umee"
    " pull 601: no volume for one asset stopped the votes for all",
    premise="as for `single-source`, with a fault that changes a volume",
    measure="the largest displacement of a twin with a wrong volume",
    example="""five sources that say 100; from 12:00:20 on a reports a million times its volume and says 104, and the target weighs by volume
12:00:21   index 103.99998, clean twin 100 (400.0 bp)
a alone moved the index by 400.0 bp.
promised: displacement of at most max_displacement = 1%""",
)
