"""What GitHub's runner shows of an audit: annotations, which it reads from the output of a step, errors first; and the step's summary.

A step may make ten annotations of each kind; where there are more, the tenth says how many. Nothing that a target said can end a command or begin another.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Final, Literal, NamedTuple, TypeAlias

from indexlab.audit.events import AuditFinished
from indexlab.report.known import baseline_lines
from indexlab.report.markdown import LARGEST, markdown_bytes
from indexlab.report.places import Place, Places
from indexlab.report.plain import plain
from indexlab.report.words import count_of

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from indexlab.audit.events import AuditResult, Event, PropertyResult, TargetResult

__all__ = ["OnGitHub", "annotation_lines"]

_MOST: Final = 10
_LONGEST: Final = 400
Kind: TypeAlias = Literal["error", "warning", "notice"]


class OnGitHub:
    """A handler that writes annotations and the step's summary when the audit is finished and it runs there; elsewhere it does nothing."""

    def __init__(self, environ: Mapping[str, str], places: Places, folder: str, say: Callable[[str], None]) -> None:
        """Look for the runner in `environ`; `say` takes a line of the step's output."""
        self._there = environ.get("GITHUB_ACTIONS") == "true"
        self._summary = environ.get("GITHUB_STEP_SUMMARY", "") if self._there else ""
        self._places, self._folder, self._say = places, folder, say

    def handle(self, event: Event) -> None:
        """Take one event."""
        if not self._there or not isinstance(event, AuditFinished):
            return
        for line in annotation_lines(event.result, self._places):
            self._say(line)
        if self._summary:
            self._append(event.result, Path(self._summary))

    def _append(self, result: AuditResult, path: Path) -> None:
        """Add the summary to what the step has written there; what does not fit is left out, and a file that cannot be written fails no audit."""
        try:
            written = path.stat().st_size if path.exists() else 0
            if written < LARGEST:
                with path.open("ab") as file:
                    file.write(markdown_bytes(result, self._folder, most=LARGEST - written))
        except OSError as error:
            self._say(f"note: the step's summary cannot be written: {error.strerror}")


class _Annotation(NamedTuple):
    kind: Kind
    title: str
    message: str
    place: Place | None


def annotation_lines(result: AuditResult, places: Places | None = None) -> list[str]:
    """Return the commands, a line each: an error a finding, a warning a property that could not be judged, a notice what is known, waived or surveyed."""
    found = [each for target in result.targets for one in target.properties for each in _annotations(result, target, one, places or Places())]
    found += [_Annotation("notice", "indexlab baseline", line, None) for line in baseline_lines(result)[1:]]
    lines = []
    for kind in ("error", "warning", "notice"):
        mine = [each for each in found if each.kind == kind]
        lines += [_line(each) for each in (mine if len(mine) <= _MOST else mine[: _MOST - 1])]
        if len(mine) > _MOST:
            lines.append(
                _line(_Annotation(kind, "indexlab", f"{count_of(len(mine) - _MOST + 1, 'more finding')} of this kind: see the summary or the report", None))
            )
    return lines


def _annotations(result: AuditResult, target: TargetResult, one: PropertyResult, places: Places) -> list[_Annotation]:
    if one.verdict in {"holds", "not-applicable"}:
        return []
    place, title = places.of(target.target, one.id), f"{plain(one.id, most=60)} of {plain(target.target, most=80)}"
    if one.verdict == "inconclusive":
        return [_Annotation("notice" if result.survey else "warning", f"inconclusive: {title}", plain(one.reason, most=_LONGEST), place)]
    said = []
    for finding in one.all_findings:
        waived = one.verdict == "waived" or (finding.known is not None and not finding.known.expired)
        word = "known" if finding.known is not None and not finding.known.expired else "waived" if waived else "broken"
        message = "\n".join(
            [
                plain(finding.sentence, most=_LONGEST),
                f"promised: {plain(finding.promised, most=_LONGEST)}",
                f"seen: {plain(finding.seen, most=_LONGEST)}",
                *([f"fingerprint: {plain(finding.fingerprint, most=20)}"] if finding.fingerprint else []),
            ]
        )
        said.append(_Annotation("notice" if waived or result.survey else "error", f"{word}: {title}", message, place))
    if said:
        return said
    kind: Kind = "error" if one.verdict == "violated" and not result.survey else "notice"
    return [_Annotation(kind, f"{'broken' if one.verdict == 'violated' else one.verdict}: {title}", plain(one.reason, most=_LONGEST), place)]


def _line(one: _Annotation) -> str:
    fields = {} if one.place is None else {"file": one.place.path, "line": str(one.place.line)}
    fields["title"] = one.title
    return f"::{one.kind} {','.join(f'{name}={_property(text)}' for name, text in fields.items())}::{_data(one.message)}"


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
