"""What can go wrong, as one tree.

IndexlabError
├── InputError      something a person gave us is wrong: a file, a key, a value, a name (exit 2)
│   └── NothingSelected    the selection is valid and empty (exit 5)
├── TargetFailure   a target misbehaved; becomes a finding of the property `protocol`, never a crash of ours
└── HarnessError    a failure of indexlab itself (exit 3)

It imports nothing of the project.
"""

from __future__ import annotations

import difflib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["HarnessError", "IndexlabError", "InputError", "NothingSelected", "TargetFailure", "did_you_mean", "nearest"]


class IndexlabError(Exception):
    """The root of every error that indexlab raises on purpose."""


class InputError(IndexlabError):
    """Something a person gave us is wrong; the message is one line: `file: key rule, was value; remedy`."""

    def __init__(self, problem: str, *, file: object = None, key: str | None = None, remedy: str | None = None) -> None:
        """Put the line together from its parts; `problem` states the rule and the value."""
        self.problem, self.file, self.key, self.remedy = problem, None if file is None else str(file), key, remedy
        line = f"{key} {problem}" if key else problem
        line = f"{self.file}: {line}" if self.file else line
        super().__init__(f"{line}; {remedy}" if remedy else line)

    def within(self, file: object) -> InputError:
        """Return the same error with the file it came from, where none was known yet."""
        if self.file is not None:
            return self
        return type(self)(self.problem, file=file, key=self.key, remedy=self.remedy)


class NothingSelected(InputError):  # noqa: N818 - it reads as what happened
    """The selection is valid and selects nothing."""


class TargetFailure(IndexlabError):  # noqa: N818 - the house's word for a target that misbehaves
    """A target misbehaved. `kind` is one of KINDS; `detail` is one line a person understands; `log` is the tail of its standard error."""

    KINDS = ("error", "misfit", "wrong-id", "not-json", "timeout", "exited", "too-large", "memory", "not-started")

    def __init__(self, kind: str, detail: str, *, log: str = "") -> None:
        """Keep the parts: they are shown with the finding."""
        self.kind, self.detail, self.log = kind, detail, log
        super().__init__(f"{kind}: {detail}")


class HarnessError(IndexlabError):
    """A failure of indexlab itself."""


def nearest(word: str, known: Iterable[str]) -> str | None:
    """Return the known word nearest to `word`, or None where none is near."""
    found = difflib.get_close_matches(word, list(known), n=1, cutoff=0.5)
    return found[0] if found else None


def did_you_mean(word: str, known: Iterable[str]) -> str | None:
    """Return `did you mean "x"?` for the nearest known word, or the list of all where none is near."""
    options = list(known)
    near = nearest(word, options)
    if near is not None:
        return f'did you mean "{near}"?'
    return f"known: {', '.join(options)}" if options else None
