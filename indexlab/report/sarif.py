"""report.sarif: the findings for tools that show them beside the code, SARIF 2.1.0 as GitHub's code scanning takes it.

A rule is a property; a result is a finding, or a property that could not be judged; its place is a line of the plan or of the methodology's file. What is
waived or known is suppressed with its reason. Two runs with the same seed, version, plan and targets differ in `invocations` alone.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from typing import TYPE_CHECKING, Any, Final, TypeAlias

from indexlab.audit.fingerprint import fingerprint
from indexlab.audit.results import exit_code
from indexlab.market.errors import InputError
from indexlab.properties.registry import find_property
from indexlab.report.described import property_text
from indexlab.report.places import Places
from indexlab.report.plain import plain, plain_lines

if TYPE_CHECKING:
    from indexlab.audit.events import AuditResult, Finding, PropertyResult, TargetResult

__all__ = ["sarif_bytes", "sarif_document"]

_SCHEMA: Final = "https://json.schemastore.org/sarif-2.1.0.json"
_BASE: Final = "%SRCROOT%"
_LONGEST: Final = 1_000
_ID: Final = 200
_HELP_LINES: Final = 60
_MOST_RESULTS: Final = 5_000
_Result: TypeAlias = dict[str, Any]
_PLACEHOLDER: Final = re.compile(r"\{(\d+)\}")


def sarif_bytes(result: AuditResult, places: Places | None = None) -> bytes:
    """Return report.sarif as written."""
    return (json.dumps(sarif_document(result, places or Places()), indent=2, ensure_ascii=True, allow_nan=False) + "\n").encode()


def sarif_document(result: AuditResult, places: Places) -> dict[str, object]:
    """Return the contents of report.sarif as plain dicts and lists."""
    statements = {plain(one.id, most=_ID): one for target in result.targets for one in target.properties}
    rules = {name: place for place, name in enumerate(statements)}
    results = _counted([found for target in result.targets for one in target.properties for found in _results(result, target, one, rules, places)])
    run: dict[str, object] = {
        "tool": {"driver": {"name": "indexlab", "version": plain(result.version, most=_ID), "rules": [_rule(one) for one in statements.values()]}},
        "automationDetails": {"id": f"indexlab/{_category(result)}/{_slug(result.profile)}-{result.seed}"},
        "invocations": [_invocation(result)],
        "columnKind": "unicodeCodePoints",
        "results": results[:_MOST_RESULTS],
    }
    return {"$schema": _SCHEMA, "version": "2.1.0", "runs": [run]}


def _counted(results: list[_Result]) -> list[_Result]:
    """Give each result the fingerprint that GitHub looks at, which has to differ where several results stand at one line."""
    seen: Counter[str] = Counter()
    for one in results:
        prints = one["partialFingerprints"]
        identity = prints["indexlab/v1"]
        seen[identity] += 1
        prints["primaryLocationLineHash"] = f"{identity}:{seen[identity]}"
    return results


def _category(result: AuditResult) -> str:
    """Return what tells this audit's results from another one's for the same commit."""
    name = "survey" if result.survey else result.targets[0].name if len(result.targets) == 1 else "audit"
    return _slug(name)


def _slug(text: str) -> str:
    return re.sub(r"[^A-Za-z0-9._-]+", "-", plain(text, most=60)).strip("-.") or "target"


def _invocation(result: AuditResult) -> dict[str, object]:
    said: dict[str, object] = {"executionSuccessful": not result.interrupted, "exitCode": exit_code(result)}
    if re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", result.started):
        said["startTimeUtc"] = result.started
    return said


def _rule(one: PropertyResult) -> dict[str, object]:
    name, statement = plain(one.id, most=_ID), plain(one.statement, most=_LONGEST) or "a property"
    try:
        prop = find_property(one.id)
        text = "\n".join(plain_lines(property_text(prop), most=_HELP_LINES))
        full = f"{statement}. {plain(prop.hurt, most=_LONGEST)}" if prop.hurt else statement
    except InputError:
        text, full = statement, statement
    fence = "`" * max(3, 1 + max((len(run) for run in re.findall("`+", text)), default=0))
    return {
        "id": name,
        "shortDescription": {"text": statement},
        "fullDescription": {"text": full[:_LONGEST]},
        "help": {"text": text, "markdown": f"{fence}text\n{text}\n{fence}"},
        "defaultConfiguration": {"level": "error"},
        "properties": {"tags": ["index-price", "robustness"], "precision": "very-high", "problem.severity": "error"},
    }


def _results(result: AuditResult, target: TargetResult, one: PropertyResult, rules: dict[str, int], places: Places) -> list[_Result]:
    if one.verdict in {"violated", "waived"} and one.all_findings:
        return [_result(result, target, one, _said(finding), finding.fingerprint, rules, places, finding=finding) for finding in one.all_findings]
    if one.verdict in {"violated", "inconclusive"}:
        text = f"{'could not be judged' if one.verdict == 'inconclusive' else 'broken'}: {plain(one.reason, most=_LONGEST)}"
        return [_result(result, target, one, text, fingerprint(target.target, one.id, one.verdict), rules, places)]
    return []


def _result(
    result: AuditResult,
    target: TargetResult,
    one: PropertyResult,
    text: str,
    identity: str,
    rules: dict[str, int],
    places: Places,
    *,
    finding: Finding | None = None,
) -> _Result:
    place, name = places.of(target.target, one.id), plain(one.id, most=_ID)
    region = {"startLine": place.line, "startColumn": place.column, "endLine": place.line, "endColumn": place.end}
    suppressed = _suppression(one, finding)
    written: _Result = {
        "ruleId": name,
        "ruleIndex": rules[name],
        "level": "note" if suppressed or result.survey else "error" if one.verdict == "violated" else "warning",
        "message": {"text": _message(f"{plain(target.target, most=_LONGEST)}: {text}")},
        "locations": [{"physicalLocation": {"artifactLocation": {"uri": place.uri, "uriBaseId": _BASE}, "region": region}}],
        "partialFingerprints": {"indexlab/v1": identity},
    }
    if suppressed:
        written["suppressions"] = [{"kind": "external", "status": "accepted", "justification": suppressed}]
    if finding is not None:
        written["properties"] = {
            "replay": f"indexlab replay {plain(finding.file, most=_LONGEST)}",
            "fault_names": [plain(each, most=_ID) for each in finding.fault_names],
        }
    return written


def _suppression(one: PropertyResult, finding: Finding | None) -> str:
    """Return why a result does not count, or ""; what is known and expired counts."""
    if finding is not None and finding.known is not None and not finding.known.expired:
        owner = f" ({plain(finding.known.owner, most=_ID)})" if finding.known.owner else ""
        return f"known until {plain(finding.known.until, most=_ID)}{owner}: {plain(finding.known.reason, most=_LONGEST)}"
    return plain(one.reason, most=_LONGEST) or "waived" if one.verdict == "waived" else ""


def _said(finding: Finding) -> str:
    parts = [plain(finding.sentence, most=_LONGEST), f"Promised: {plain(finding.promised, most=_LONGEST)}.", f"Seen: {plain(finding.seen, most=_LONGEST)}."]
    return " ".join(parts)


def _message(text: str) -> str:
    """Return a text as a message that holds neither links nor places to fill in."""
    return _PLACEHOLDER.sub(r"{{\1}}", text.replace("\\", "\\\\").replace("[", "\\[").replace("]", "\\]"))
