"""What an incident is asked about, as data: incident.toml beside a fixture says whose margin rules hold, what the fault was, and under which other indices."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Final

import msgspec

from indexlab.market.errors import InputError, did_you_mean
from indexlab.market.toml_table import read_text, root_table

if TYPE_CHECKING:
    from indexlab.market.fixture import Fixture
    from indexlab.market.toml_table import Table

__all__ = ["INCIDENT_TOML", "OTHERS", "Collateral", "IncidentPlan", "OtherIndex", "checked_plan", "incident_plan"]

INCIDENT_TOML: Final = "incident.toml"
OTHERS: Final = "others"
"""In [clean]: the source says the median of what the sources that are not broken say."""


class OtherIndex(msgspec.Struct, frozen=True):
    """Another index over the same incident: its name in tables, the target's label, and the fixture that it is run over ("": the incident's own)."""

    name: str
    rules: str
    fixture: str = ""


class Collateral(msgspec.Struct, frozen=True):
    """Where the index prices collateral and not the position: the asset, and the price of the position's underlying, which does not move."""

    asset: str
    underlying_price: float


class IncidentPlan(msgspec.Struct, frozen=True, kw_only=True):
    """Whose rules, which accounts, and what is compared.

    `clean`: broken source = what it says in the clean twin, another source's id or `others`. `notional` is in the quote currency.
    `takeover`: the venue takes a position of this size over at its bankruptcy price, whatever the market is, so that nothing of its margin is left; otherwise
    it trades it by the path of its rules.
    """

    venue: str
    contract: str
    notional: float
    clean: dict[str, str]
    others: tuple[OtherIndex, ...]
    collateral: Collateral | None = None
    takeover: bool = False


def incident_plan(fixture: Fixture) -> IncidentPlan | None:
    """Read incident.toml of a fixture, None where there is none. Raises InputError with file, key, value and remedy."""
    path = fixture.folder / INCIDENT_TOML
    if not path.is_file():
        return None
    root = root_table(read_text(path), {}, file=path)
    clean, collateral = root.table("clean"), root.table("collateral")
    rows = root.tables("index")
    plan = IncidentPlan(
        venue=_beside(_given(root, "venue"), fixture.folder),
        contract=_given(root, "contract"),
        notional=root.number("notional", 10_000.0, above=0.0),
        clean={key: clean.text(key) for key in clean.raw()},
        others=tuple(OtherIndex(_given(row, "name"), _label(_given(row, "rules"), fixture.folder), row.text("fixture")) for row in rows),
        takeover=root.flag("takeover"),
        collateral=Collateral(collateral.text("asset"), collateral.number("underlying_price", 0.0, above=0.0)) if root.has("collateral") else None,
    )
    for table in (root, *rows, collateral):
        table.close()
    try:
        return checked_plan(plan, fixture)
    except InputError as error:
        raise error.within(path) from None


def _given(table: Table, key: str) -> str:
    text = table.text(key)
    if not text:
        raise table.problem(key, "must be given")
    return text


def _beside(name: str, folder: Path) -> str:
    return str(folder / name) if name.endswith(".toml") and not Path(name).is_absolute() else name


def _label(label: str, folder: Path) -> str:
    scheme, colon, rest = label.partition(":")
    return f"file:{_beside(rest, folder)}" if colon and scheme == "file" else label


def checked_plan(plan: IncidentPlan, fixture: Fixture) -> IncidentPlan:
    """Return the plan where its broken sources, and what they say in the clean twin, are the fixture's. Raises InputError with the nearest."""
    known = [source.id for source in fixture.basket]
    if OTHERS in plan.clean.values() and set(known) <= set(plan.clean):
        problem = f"must leave a source that is not broken, named all: {', '.join(plan.clean)}"
        raise InputError(problem, key="clean")
    for broken, says in plan.clean.items():
        for name in (broken, *([] if says == OTHERS else [says])):
            if name not in known:
                problem = f'must be a source of {fixture.id}, was "{name}"'
                raise InputError(problem, key=f"clean.{broken}", remedy=did_you_mean(name, [*known, OTHERS]))
        if says in plan.clean:
            problem = f'must be a source that is not broken itself, was "{says}"'
            raise InputError(problem, key=f"clean.{broken}")
    return plan
