"""Fingerprints: what makes two findings the same one, whichever seed, profile or shrink budget found them.

A fingerprint is made of the target as the plan names it, the property, and what happened when the breach was found, in one word: before
shrinking, which may end elsewhere with a smaller budget. Scenario, faults, sizes and sentences are left out, since another search finds others for
one and the same mistake; so are the versions of indexlab and of the target. docs/ci.md says how well that was seen to work.
"""

from __future__ import annotations

import hashlib
import re
from typing import Final

__all__ = ["FINGERPRINT", "fingerprint"]

FINGERPRINT: Final = re.compile(r"[0-9a-f]{12}")
"""What a fingerprint looks like."""
_SCHEME: Final = "indexlab finding 1"


def fingerprint(target: str, prop: str, what: str) -> str:
    """Return the fingerprint of a finding, 12 hexadecimal digits; `what` is one word for what happened, as in `Breach.what`."""
    parts = (_SCHEME, " ".join(target.split()), prop, what)
    return hashlib.sha256("\0".join(parts).encode("utf-8", "backslashreplace")).hexdigest()[:12]
