"""The text of a plan file, commented, for somebody who has none yet."""

from __future__ import annotations

import json
from pathlib import Path
from string import Template
from typing import Final

from indexlab.scenarios.expect import Expect

__all__ = ["plan_text"]

_TEMPLATE: Final = Path(__file__).parent / "indexlab.toml.template"


def plan_text(use: str, expect: Expect | None = None) -> str:
    """Return a plan for the target `use` with this promise (the usual one); what grows with the interval stands there as it is assumed."""
    told = (Expect() if expect is None else expect).as_table()
    return Template(_TEMPLATE.read_text(encoding="utf-8")).substitute({key: json.dumps(value) for key, value in told.items()}, use=json.dumps(use))
