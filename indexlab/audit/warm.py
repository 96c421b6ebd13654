"""Fill the cache of compiled functions with everything that an audit calls: `python -m indexlab.audit.warm`, once after installing."""

from __future__ import annotations

from indexlab.audit.work import Job, Unit, close_targets, do_unit
from indexlab.index import warm as index_warm
from indexlab.margin import kernel as margin_kernel
from indexlab.margin import kernel_mark
from indexlab.properties.registry import properties
from indexlab.scenarios.expect import Expect
from indexlab.scenarios.recipes import World
from indexlab.targets.planted import specimen

__all__ = ["main"]

_FEW: int = 2


def main() -> None:
    """Compile each floor's functions, then judge one small batch end to end, so that nothing is left to compile."""
    index_warm.main()
    margin_kernel.warm()
    kernel_mark.warm()
    specimen.warm()
    names = tuple(prop.id for prop in properties())
    job = Job("preset:plain-median", "warm", "", ("price",), ("index",), World(Expect(), None, book=False, twins=_FEW), names, 0, sparing=False)
    do_unit(job, Unit("built-in", 0, 1, 0))
    close_targets()


if __name__ == "__main__":
    main()
