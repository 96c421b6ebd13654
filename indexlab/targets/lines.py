"""Lines of JSON as they come from the other side: read, or refused with what is wrong and where."""

from __future__ import annotations

import re
from typing import Final

import msgspec

from indexlab.market.errors import TargetFailure
from indexlab.targets.shape import misfit

__all__ = ["excerpt", "read_json"]

_EXCERPT: Final = 80
_AT_BYTE: Final = re.compile(r"\(byte (\d+)\)")
_NO_JSON_NUMBERS: Final = ("NaN", "Infinity")


def read_json(line: bytes, what: str, did: str) -> object:
    """Return what a line says; `what` is the line's name and `did` what the other side did: "the answer", "answered".

    Raises TargetFailure: `not-json`, or `misfit` where a number fits no double.
    """
    try:
        return msgspec.json.decode(line)
    except msgspec.ValidationError:
        raise misfit(what, "must hold numbers that fit double precision, one is too large") from None
    except msgspec.DecodeError as error:
        raise TargetFailure("not-json", _why_no_json(line, str(error), did)) from None
    except UnicodeDecodeError:
        raise TargetFailure("not-json", f"{did} a line that is no UTF-8: {excerpt(line)}") from None
    except RecursionError:
        raise TargetFailure("not-json", f"{did} a line that is nested too deep to read") from None


def excerpt(line: bytes, around: int = 0) -> str:
    """Return what a person reads of a line: quoted, on one line, cut; `around` is the byte to show."""
    start = max(0, around - _EXCERPT // 2) if around >= _EXCERPT else 0
    piece = line[start : start + _EXCERPT]
    text = "".join(c if c.isprintable() else "·" for c in piece.decode("utf-8", errors="replace"))
    return f"{'…' if start else ''}{text}{'…' if start + _EXCERPT < len(line) else ''}" if line else "an empty line"


def _why_no_json(line: bytes, complaint: str, did: str) -> str:
    at = int(found[1]) if (found := _AT_BYTE.search(complaint)) else len(line)
    here = line[at : at + 9].decode("ascii", errors="replace")
    for word in _NO_JSON_NUMBERS:
        if here.startswith(word):
            return f"{did} {word}, which is no JSON (null says that there is no number): {excerpt(line, at)}"
    if not line.strip():
        return f"{did} an empty line"
    cut = found is None  # msgspec names no byte where the text ends too soon
    return f"{did} a line that is no JSON{' (it ends too soon)' if cut else ''}: {excerpt(line, at)}"
