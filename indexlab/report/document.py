"""report.json: the whole audit as data, schema 1.

Two runs with the same seed, version, plan and targets differ in the table `run` alone. Numbers that JSON has no word for are the strings
"Infinity", "-Infinity" and "NaN".
"""

from __future__ import annotations

import json
import math
import shlex
from typing import TYPE_CHECKING, Final

import msgspec

from indexlab.report.power_view import power_document

if TYPE_CHECKING:
    from collections.abc import Mapping

    from indexlab.audit.events import AuditResult, Finding, PropertyResult, TargetResult, Worst

__all__ = ["SCHEMA", "plain_value", "report_bytes", "report_document"]

SCHEMA: Final = 1
_LONG: Final = frozenset({"cells", "strata", "distribution"})


def report_document(result: AuditResult) -> dict[str, object]:
    """Return the contents of report.json: plain dicts, lists, texts and numbers, keys in a fixed order."""
    return {
        "schema": SCHEMA,
        "indexlab": result.version,
        "seed": result.seed,
        "profile": result.profile,
        "survey": result.survey,
        "interrupted": result.interrupted,
        "run": {"started": result.started, "seconds": plain_value(result.seconds)},
        "plan": plain_value(result.plan),
        "targets": [_target(target) for target in result.targets],
        "baseline": None if result.baseline is None else plain_value(msgspec.to_builtins(result.baseline)),
        "power": power_document(result.version),
    }


def report_bytes(result: AuditResult) -> bytes:
    """Return report.json as written: indented UTF-8. A lone surrogate becomes an escape, so the text always encodes."""
    return (_written(report_document(result)) + "\n").encode("utf-8", "backslashreplace")


def _written(value: object, depth: int = 0, key: str = "") -> str:
    """Write JSON as `json` does with an indent of 2, but the rows of long tables on a line each: they would be most of the file's lines."""
    pad = "  " * (depth + 1)
    if isinstance(value, dict) and value:
        rows = [f"{pad}{_line(name)}: {_written(inner, depth + 1, name)}" for name, inner in value.items()]
        return "{\n" + ",\n".join(rows) + "\n" + "  " * depth + "}"
    if isinstance(value, list) and value:
        rows = [pad + (_line(inner) if key in _LONG else _written(inner, depth + 1)) for inner in value]
        return "[\n" + ",\n".join(rows) + "\n" + "  " * depth + "]"
    return _line(value)


def _line(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, allow_nan=False)


def _target(target: TargetResult) -> dict[str, object]:
    return {
        "target": target.target,
        "name": target.name,
        "version": target.version,
        "kind": target.kind,
        "scenarios": target.scenarios,
        "evaluations": target.evaluations,
        "cut": target.cut,
        "expect": plain_value(target.expect),
        "properties": [_property(one) for one in target.properties],
        "measures": _sorted(target.measures),
        "notes": list(target.notes),
        "estimate": None if target.estimate is None else plain_value(msgspec.to_builtins(target.estimate)),
        "coverage": None if target.coverage is None else plain_value(msgspec.to_builtins(target.coverage)),
    }


def _property(one: PropertyResult) -> dict[str, object]:
    return {
        "id": one.id,
        "verdict": one.verdict,
        "reason": one.reason,
        "scenarios": one.scenarios,
        "premise_met": one.premise_met,
        "breaches": one.breaches,
        "worst": None if one.worst is None else _worst(one.worst),
        "finding": None if one.finding is None else _finding(one.finding),
        "findings": [_finding(finding) for finding in one.all_findings],
        "known": one.known,
    }


def _worst(worst: Worst) -> dict[str, object]:
    return {"value": plain_value(worst.value), "unit": worst.unit, "text": worst.text, "scenario": worst.scenario, "fault": worst.fault}


def _finding(finding: Finding) -> dict[str, object]:
    return {
        "id": finding.id,
        "summary": finding.sentence,
        "scenario": finding.file,
        "reproduce": _reproduce(finding),
        "drawn": finding.scenario,
        "promised": finding.promised,
        "seen": finding.seen,
        "fault_names": list(finding.fault_names),
        "sources": finding.sources,
        "quotes": finding.quotes,
        "faults": finding.faults,
        "shrunk_from": {"sources": finding.from_sources, "quotes": finding.from_quotes, "faults": finding.from_faults, "evaluations": finding.evaluations},
        "waived": finding.waived,
        "fingerprint": finding.fingerprint,
        "known": None if finding.known is None else plain_value(msgspec.to_builtins(finding.known)),
    }


def _reproduce(finding: Finding) -> str:
    # relative to the folder that the report lies in: the same audit gives the same report, wherever it was written
    return f"indexlab replay {finding.file} {shlex.quote(finding.target)}"


def _sorted(table: Mapping[str, object]) -> dict[str, object]:
    """Return a table with its keys in order, all the way down: measures are gathered from several workers."""
    return {key: _sorted(value) if isinstance(value, dict) else plain_value(value) for key, value in sorted(table.items())}


def plain_value(value: object) -> object:
    """Return a value as JSON knows it."""
    if value is None or isinstance(value, bool | int | str):
        return value
    if isinstance(value, float):
        return value if math.isfinite(value) else "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"
    if isinstance(value, dict):
        return {str(key): plain_value(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [plain_value(inner) for inner in value]
    return str(value)
