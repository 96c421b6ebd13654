"""All faults as text, family by family, for `indexlab faults list`; below them the true market moves and what other packages bring."""

from __future__ import annotations

from indexlab.faults.fault import FAMILIES
from indexlab.faults.registry import BUNDLED, GROUP, fault, fault_names
from indexlab.faults.true_moves import TRUE_MOVES
from indexlab.market.errors import InputError

__all__ = ["listing"]


def listing() -> str:
    """Return a heading a family and a line a fault; a third party's fault that cannot be loaded is listed with what is wrong with it."""
    faults = [fault(name) for name in BUNDLED]
    foreign = [name for name in fault_names() if name not in BUNDLED]
    width = max(map(len, (*BUNDLED, *TRUE_MOVES, *foreign)))
    lines: list[str] = []
    for family, meaning in FAMILIES.items():
        lines.append(f"{family}: {meaning}")
        lines += [f"  {each.name:<{width}}  {each.summary}" for each in faults if each.family == family]
    lines += ["", "true market moves: no faults, an index must follow them"]
    lines += [f"  {move.name:<{width}}  {move.summary}" for move in TRUE_MOVES.values()]
    if foreign:
        lines += ["", f"of other packages, by the entry point {GROUP}"]
        lines += [f"  {name:<{width}}  {_told(name)}" for name in foreign]
    return "\n".join(lines)


def _told(name: str) -> str:
    try:
        found = fault(name)
    except InputError as error:
        return str(error)
    return f"{found.family}: {found.summary}"
