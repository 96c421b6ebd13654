"""junit.xml: a test case a target and property, for CI systems.

A violation is a failure, an inconclusive property an error (the audit exits with 4, so CI is not green either); waived and not applicable
ones, and those that the baseline knows, are skipped with their reason. In a survey nobody is judged: what was broken is skipped too, and said.
"""

from __future__ import annotations

from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

from indexlab.report.plain import plain, plain_lines
from indexlab.report.text import finding_text
from indexlab.report.words import finding_word

if TYPE_CHECKING:
    from indexlab.audit.events import AuditResult, Coverage, PropertyResult, TargetResult

__all__ = ["counted", "junit_bytes", "with_properties", "xml_bytes"]

_LONGEST = 500


def junit_bytes(result: AuditResult) -> bytes:
    """Return junit.xml as written: valid XML whatever the targets said."""
    root = ET.Element("testsuites", {"name": "indexlab", "timestamp": plain(result.started), "time": f"{result.seconds:.3f}"})
    for target in result.targets:
        root.append(_suite(result, target))
    counted(root)
    return xml_bytes(root)


def xml_bytes(root: ET.Element) -> bytes:
    """Return a tree of elements as a file."""
    ET.indent(root)
    text = ET.tostring(root, encoding="unicode")
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{text}\n'.encode()


def _suite(result: AuditResult, target: TargetResult) -> ET.Element:
    suite = ET.Element("testsuite", {"name": plain(target.target, most=_LONGEST)})
    with_properties(suite, {"indexlab": result.version, "seed": result.seed, "profile": result.profile, "kind": target.kind, "version": target.version})
    for one in target.properties:
        suite.append(_case(result, target, one))
    if result.require_coverage and target.coverage is not None:
        suite.append(_coverage(target, target.coverage, survey=result.survey))
    counted(suite)
    return suite


def _case(result: AuditResult, target: TargetResult, one: PropertyResult) -> ET.Element:
    case = ET.Element("testcase", {"classname": plain(target.target, most=_LONGEST), "name": plain(one.id, most=_LONGEST)})
    with_properties(case, {"seed": result.seed, "scenarios": one.scenarios, "n": one.premise_met} | _bound(target, one))
    reason = plain(one.reason, most=_LONGEST)
    if one.verdict == "violated":
        kind, said = ("skipped", "a survey judges nobody: broken") if result.survey else ("failure", "")
        sentences = [plain(finding.sentence, most=_LONGEST) for finding in one.all_findings if finding_word(finding) == "BROKEN"]
        known = len(one.all_findings) - len(sentences)
        besides = [*([f"{len(sentences) - 1} more"] if len(sentences) > 1 else []), *([f"{known} known"] if known else [])]
        summary = sentences[0] + (f" (and {', '.join(besides)})" if besides else "") if sentences else reason
        ET.SubElement(case, kind, {"message": ": ".join(part for part in (said, summary) if part)}).text = _explanation(result, one)
    elif one.verdict == "inconclusive":
        kind = "skipped" if result.survey else "error"
        ET.SubElement(case, kind, {"message": f"inconclusive: {reason}"})
    elif one.verdict != "holds":
        ET.SubElement(case, "skipped", {"message": reason if one.known else f"{one.verdict}: {reason}"})
        if one.all_findings:
            ET.SubElement(case, "system-out").text = _explanation(result, one)
    return case


def _bound(target: TargetResult, one: PropertyResult) -> dict[str, object]:
    """Return what an estimate says of a property, where one was made: at most how likely a breach is, of how many independent cases."""
    for each in [] if target.estimate is None else target.estimate.properties:
        if each.id == one.id:
            return {"bound": f"{each.bound.upper_95:.6g}", "bound_99": f"{each.bound.upper_99:.6g}", "cases": each.bound.n, "cases_broken": each.bound.k}
    return {}


def _coverage(target: TargetResult, found: Coverage, *, survey: bool) -> ET.Element:
    """Return the test case of a required coverage: an error where a cell is blank."""
    case = ET.Element("testcase", {"classname": plain(target.target, most=_LONGEST), "name": "coverage"})
    with_properties(case, {"cells": found.expected, "filled": found.filled})
    if found.filled < found.expected:
        message = f"inconclusive: {found.expected - found.filled} of {found.expected} cells of the coverage are blank"
        ET.SubElement(case, "skipped" if survey else "error", {"message": message}).text = "\n".join(plain(line, most=_LONGEST) for line in found.blanks)
    return case


def _explanation(result: AuditResult, one: PropertyResult) -> str:
    """Return the texts of the findings; they went through `plain` line by line already."""
    if not one.all_findings:
        return "\n".join(plain_lines(one.reason))
    return "\n" + "\n\n".join(finding_text(finding, survey=result.survey, of=one.scenarios) for finding in one.all_findings) + "\n"


def with_properties(parent: ET.Element, table: dict[str, object]) -> None:
    """Give an element its properties."""
    holder = ET.SubElement(parent, "properties")
    for name, value in table.items():
        ET.SubElement(holder, "property", {"name": name, "value": plain(str(value), most=_LONGEST)})


def counted(element: ET.Element) -> None:
    """Write the totals that every reader of JUnit files expects."""
    element.set("tests", str(len(element.findall(".//testcase"))))
    for name, kind in (("failures", "failure"), ("errors", "error"), ("skipped", "skipped")):
        element.set(name, str(len(element.findall(f".//testcase/{kind}"))))
