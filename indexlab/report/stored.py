"""A report.json read back: what two runs are compared by. Strict in what it reads, blind to the rest, so that reports of other versions can be read."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Final

import msgspec

from indexlab.market.errors import InputError
from indexlab.report.document import SCHEMA

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

__all__ = [
    "StoredCell",
    "StoredCoverage",
    "StoredFinding",
    "StoredProperty",
    "StoredReport",
    "StoredTarget",
    "StoredWorst",
    "displacements",
    "number",
    "read_report",
]

_NAME: Final = "report.json"
_MOST_BYTES: Final = 256 << 20
_WORDS: Final = {"NaN": float("nan"), "Infinity": float("inf"), "-Infinity": float("-inf")}


class StoredWorst(msgspec.Struct, frozen=True):
    """The worst case of a property; a number that JSON has no word for is a text."""

    value: float | str
    unit: str
    text: str
    fault: str = ""


class StoredFinding(msgspec.Struct, frozen=True):
    """A finding in a report."""

    id: str
    summary: str
    scenario: str = ""
    fault_names: list[str] = []
    fingerprint: str = ""


class StoredProperty(msgspec.Struct, frozen=True):
    """One property of one target."""

    id: str
    verdict: str
    reason: str
    scenarios: int
    premise_met: int
    worst: StoredWorst | None = None
    findings: list[StoredFinding] = []
    known: bool = False

    @property
    def word(self) -> str:
        """The verdict as people are told it: what a baseline knows is not called waived."""
        return "known" if self.known else self.verdict

    @property
    def is_judged(self) -> bool:
        """Whether a breach would have been found."""
        return self.verdict not in {"not-applicable", "inconclusive"}


class StoredCell(msgspec.Struct, frozen=True):
    """A cell of the table of coverage."""

    fault: str
    regime: str
    met: list[int]


class StoredCoverage(msgspec.Struct, frozen=True):
    """The table of coverage."""

    expected: int
    filled: int
    properties: list[str] = []
    cells: list[StoredCell] = []


class StoredTarget(msgspec.Struct, frozen=True):
    """All of one target."""

    target: str
    scenarios: int
    properties: list[StoredProperty]
    name: str = ""
    version: str = ""
    cut: int | None = None
    expect: dict[str, object] = {}
    measures: dict[str, object] = {}
    coverage: StoredCoverage | None = None


class StoredReport(msgspec.Struct, frozen=True):
    """A whole report."""

    schema: int
    indexlab: str
    seed: int
    profile: str
    targets: list[StoredTarget]
    plan: dict[str, object] = {}
    run: dict[str, object] = {}
    survey: bool = False
    interrupted: bool = False


def number(value: object) -> float | None:
    """Return a number as the report writes it, NaN and the infinities too; None for anything else."""
    if isinstance(value, bool):
        return None
    if isinstance(value, int | float):
        return float(value)
    return _WORDS.get(value) if isinstance(value, str) else None


def read_report(given: Path) -> StoredReport:
    """Read a report, named by its file or by its run's folder. Raises InputError where it is none, or of another schema."""
    path = given / _NAME if given.is_dir() else given
    try:
        if path.stat().st_size > _MOST_BYTES:
            raise InputError(f"must be at most {_MOST_BYTES >> 20} MiB", file=path, remedy="give a report.json that an audit wrote")
        content = path.read_bytes()
    except OSError as error:
        remedy = "give a run's folder (reports/NAME-SEED) or its report.json"
        raise InputError(f"cannot be read: {error.strerror}", file=path, remedy=remedy) from None
    try:
        document = json.loads(content)  # a target's lone surrogate, which the report keeps as an escape, is no JSON to stricter readers
        schema = msgspec.convert(document, _Schema).schema
        if schema != SCHEMA:
            raise InputError(f"must be {SCHEMA}, was {schema}", file=path, key="schema", remedy="compare reports with the version of indexlab that wrote them")
        return msgspec.convert(document, StoredReport)
    except (ValueError, msgspec.ValidationError, RecursionError) as error:
        raise InputError(f"is no report: {error}", file=path, remedy="give a report.json that an audit wrote") from None


class _Schema(msgspec.Struct):
    schema: int


def displacements(measures: Mapping[str, object]) -> dict[str, float]:
    """Return the worst displacement by fault, as ratios; what is no number is left out."""
    told = measures.get("worst_displacement_by_fault")
    if not isinstance(told, dict):
        return {}
    return {str(fault): value for fault, given in told.items() if (value := number(given)) is not None}
