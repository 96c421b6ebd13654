"""Secrets taken out of what a target says: it may repeat a token that it was sent, whole, in part or cut, and none of it may reach a finding.

A value is looked for as it was sent, by its words (`Bearer` and its like apart), by what it encodes, and as JSON or an address would write it; in any case of
letters, and also where an excerpt ended in the middle of it. What is shorter than four characters is no secret.
"""

from __future__ import annotations

import base64
import binascii
import json
import re
from dataclasses import replace
from typing import TYPE_CHECKING, Final
from urllib.parse import quote

from indexlab.market.errors import TargetFailure

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from indexlab.targets.options import Secret
    from indexlab.targets.target import Description

__all__ = ["HIDDEN", "Hider"]

HIDDEN: Final = "«hidden»"
_LEAST: Final = 4
_LEAST_CUT: Final = 3
_CUT: Final = "…"
_SCHEMES: Final = frozenset({"bearer", "basic", "digest", "token", "negotiate", "apikey", "hmac"})
_PIECES: Final = re.compile(r"[\s,;]+")


class Hider:
    """Takes secrets out of texts; without any it gives everything back as it is."""

    def __init__(self, values: Iterable[Secret]) -> None:
        """Know them in all the ways in which they may come back."""
        known = {form.lower() for secret in values for form in _forms(secret.reveal())}
        self._known = sorted(known, key=lambda form: (-len(form), form))
        self._pattern = re.compile("|".join(map(re.escape, self._known)), re.IGNORECASE) if known else None

    def text(self, text: str) -> str:
        """Return the text with «hidden» in place of every secret."""
        if self._pattern is None:
            return text
        pieces = self._pattern.sub(HIDDEN, text).split(_CUT)
        if len(pieces) == 1:
            return pieces[0]
        ended = [*(self._without_end(piece) for piece in pieces[:-1]), pieces[-1]]
        return _CUT.join([ended[0], *(self._without_start(piece) for piece in ended[1:])])

    def failure(self, failure: TargetFailure) -> TargetFailure:
        """Return the failure without secrets."""
        return failure if self._pattern is None else TargetFailure(failure.kind, self.text(failure.detail), log=self.text(failure.log))

    def description(self, said: Description) -> Description:
        """Return what a target says of itself without secrets."""
        if self._pattern is None:
            return said
        provides = tuple(self.text(name) for name in said.provides)
        expect = {self.text(key): self._value(value) for key, value in said.expect.items()}
        return replace(said, name=self.text(said.name), version=self.text(said.version), provides=provides, expect=expect)

    def _value(self, value: object) -> object:
        if isinstance(value, str):
            return self.text(value)
        if isinstance(value, list):
            return [self._value(entry) for entry in value]
        return {self.text(key): self._value(entry) for key, entry in value.items()} if isinstance(value, dict) else value

    def _without_end(self, piece: str) -> str:
        """Hide what is left of a secret at the end of a piece that was cut there."""
        low = piece.lower()
        length = max((_common(secret, low, len(secret)) for secret in self._known), default=0)
        return f"{piece[:-length]}{HIDDEN}" if length else piece

    def _without_start(self, piece: str) -> str:
        """Hide what is left of a secret at the start of a piece that was cut there."""
        low = piece.lower()[::-1]
        length = max((_common(secret[::-1], low, len(secret)) for secret in self._known), default=0)
        return f"{HIDDEN}{piece[length:]}" if length else piece


def _common(secret: str, text: str, most: int) -> int:
    """Return how many of a secret's first characters a text ends with, where they are enough to tell."""
    return next((length for length in range(min(most, len(text)), _LEAST_CUT - 1, -1) if text.endswith(secret[:length])), 0)


def _forms(value: str) -> Iterator[str]:
    for part in _parts(value):
        if len(part) < _LEAST:
            continue
        yield part
        yield json.dumps(part)[1:-1]
        yield quote(part, safe="")
        yield quote(part)


def _parts(value: str) -> Iterator[str]:
    """Give the value, its words, the values of its `name=value` pairs, and what any of these encodes."""
    yield value
    for word in _PIECES.split(value):
        if word.lower() in _SCHEMES:
            continue
        yield word
        _, equals, after = word.partition("=")
        if equals and after.strip("="):
            yield after.strip('"')
        decoded = _decoded(word)
        if decoded:
            yield decoded
            yield decoded.partition(":")[2]


def _decoded(word: str) -> str:
    try:
        text = base64.b64decode(word, validate=True).decode()
    except (binascii.Error, ValueError):
        return ""
    return text if text.isprintable() else ""
