"""Targets that a test has at hand, offered under their label for as long as an audit in this process takes; no other process knows them."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator

    from indexlab.targets.target import Target

__all__ = ["find_offered", "offered"]

_offered: Final[dict[str, Target]] = {}


@contextmanager
def offered(target: Target) -> Iterator[str]:
    """Let `open_target` find this very target by its label, which is given, within the block."""
    label = target.label
    _offered[label] = target
    try:
        yield label
    finally:
        del _offered[label]


def find_offered(label: str) -> Target | None:
    """Return the target offered under a label, or None."""
    return _offered.get(label)
