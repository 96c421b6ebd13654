"""Other people's text made harmless for a terminal, a page and an XML file.

Names, messages and logs come from targets and fixtures that nobody here wrote. Terminal control sequences, control characters, what turns the
direction of writing around and what no XML file may hold are taken out; everything else stays as it was.
"""

from __future__ import annotations

import re
import unicodedata
from typing import Final

__all__ = ["cut_to", "plain", "plain_lines", "uncommanded", "width_of"]

_ESCAPES: Final = re.compile(
    r"(?:\x1b\[|\x9b)[0-?]*[ -/]*[@-~]"  # CSI: colours, cursor movements
    r"|(?:\x1b\]|\x9d)[^\x07\x1b\x9c\n]*(?:\x07|\x1b\\|\x9c)?"  # OSC: window titles, links
    r"|(?:\x1b[PX^_]|[\x90\x98\x9e\x9f])[^\x1b\x9c\n]*(?:\x1b\\|\x9c)?"  # DCS and its kin
    r"|\x1b[ -/]*[0-~]"  # the short ones
)
_CONTROLS: Final = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069\ufeff\ud800-\udfff\ufdd0-\ufdef\ufffe\uffff]")
_BREAKS: Final = re.compile(r"\r\n?|[\u2028\u2029\x85\x0b\x0c]")
_COMMANDS: Final = re.compile(r"^(\s*):(?=:)|#(?=#(?:\[|vso\[|teamcity\[))", re.IGNORECASE)
_SPACES: Final = re.compile(r"[\t\n]+")


def plain_lines(text: str, *, most: int | None = None, last: bool = False) -> list[str]:
    """Return the lines of `text` without control sequences; at most `most` of them, the first ones or the `last` ones."""
    text = _BREAKS.sub("\n", _ESCAPES.sub("", text))
    lines = [_CONTROLS.sub("", line).replace("\t", "    ").rstrip() for line in text.strip("\n").split("\n")]
    if most is None or len(lines) <= most:
        return lines
    return lines[-most:] if last else lines[:most]


def plain(text: str, *, most: int | None = None) -> str:
    """Return `text` as one line without control sequences, at most `most` columns wide (cut with an ellipsis)."""
    line = _SPACES.sub(" ", "\n".join(plain_lines(text))).strip()
    return line if most is None else cut_to(line, most)


def uncommanded(line: str) -> str:
    """Return a line that no CI system takes for a command of its own, whatever a target said: GitHub's "::error::" and "##[error]", "##vso[", "##teamcity["."""
    return _COMMANDS.sub(lambda found: found[0] + " ", line)


def width_of(text: str) -> int:
    """Return how many columns of a terminal `text` takes."""
    if text.isascii():
        return len(text)
    return sum(0 if unicodedata.combining(char) else 2 if unicodedata.east_asian_width(char) in "WF" else 1 for char in text)


def cut_to(text: str, columns: int) -> str:
    """Return `text`, cut with an ellipsis where it is wider than `columns`."""
    text = text[: 4 * columns] if len(text) > 4 * columns else text  # marks that take no column would else make it as long as they please
    if width_of(text) <= columns:
        return text
    while width_of(text) > columns - 1:
        text = text[: max(0, min(len(text) - 1, columns - 1))]
    return text.rstrip() + "…"
