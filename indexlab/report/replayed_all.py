"""What `replay --all` prints and writes: a line a finding, a table of how many are what, and the same for CI systems."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Final
from xml.etree import ElementTree as ET

from indexlab.report.grid import aligned
from indexlab.report.junit import counted, with_properties, xml_bytes
from indexlab.report.known import known_text
from indexlab.report.plain import cut_to, plain, uncommanded

if TYPE_CHECKING:
    from collections.abc import Sequence

    from indexlab.audit.replay_all import Answer, AskedAgain

__all__ = ["asked_junit", "asked_line", "asked_table"]

_WIDTH: Final = 160
_LONGEST: Final = 400
_ANSWERS: Final[tuple[Answer, ...]] = ("BROKEN", "ERROR", "INCONCLUSIVE", "FIXED")


def asked_line(one: AskedAgain) -> str:
    """Return a finding asked again as one line."""
    word = "KNOWN" if one.known is not None and not one.known.expired else one.answer
    said = f"{_property(one)}  {plain(one.target, most=40)}  {plain(one.file.name, most=60)}: {plain(one.why, most=_LONGEST)}"
    return uncommanded(cut_to(f"{word:<12}  {said}", _WIDTH))


def asked_table(asked: Sequence[AskedAgain]) -> str:
    """Return how many findings of each property and target are what, and of all together."""
    rows = Counter((_property(one), plain(one.target, most=40), one.answer) for one in asked)
    names = list(dict.fromkeys((_property(one), plain(one.target, most=40)) for one in asked))
    answers = [answer for answer in _ANSWERS if any(one.answer == answer for one in asked)]
    lines = [["property", "target", *answers], *([*name, *(str(rows[(*name, answer)] or "") for answer in answers)] for name in names)]
    if len(names) > 1:
        lines.append(["all", "", *(str(sum(one.answer == answer for one in asked)) for answer in answers)])
    known = sum(one.known is not None and not one.known.expired for one in asked)
    table = "\n".join(aligned(lines, right=frozenset(range(2, 2 + len(answers)))))
    return (
        f"{table}\n\n{known} of the broken ones {'is' if known == 1 else 'are'} known to the baseline and {'does' if known == 1 else 'do'} not count"
        if known
        else table
    )


def asked_junit(asked: Sequence[AskedAgain]) -> bytes:
    """Return a junit.xml with a case a finding: broken ones fail, what could not be asked or judged is an error, known ones are skipped."""
    root = ET.Element("testsuites", {"name": "indexlab replay"})
    suite = ET.SubElement(root, "testsuite", {"name": "indexlab replay"})
    for one in asked:
        case = ET.SubElement(suite, "testcase", {"classname": plain(one.target, most=_LONGEST) or "replay", "name": plain(one.file.stem, most=_LONGEST)})
        fingerprint = "" if one.finding is None else one.finding.fingerprint
        with_properties(case, {"property": _property(one), "fingerprint": fingerprint, "answer": one.answer})
        message = plain(one.why, most=_LONGEST)
        if one.answer == "BROKEN":
            kind, said = ("failure", message) if one.fails else ("skipped", known_text(one.known) if one.known is not None else message)
            ET.SubElement(case, kind, {"message": said})
        elif one.answer != "FIXED":
            ET.SubElement(case, "error", {"message": f"{one.answer.lower()}: {message}"})
    counted(suite)
    counted(root)
    return xml_bytes(root)


def _property(one: AskedAgain) -> str:
    return "–" if one.finding is None else plain(one.finding.property, most=40)
