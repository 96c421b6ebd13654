"""Fingerprints: what makes two findings the same one, whichever seed, profile or shrink budget found them.

A fingerprint is made of the target as the plan names it, the property, and what happened when the breach was found, in one word: before
shrinking, which may end elsewhere with a smaller budget. Scenario, faults, sizes and sentences are left out, since another search finds others for
one and the same mistake; so are the versions of indexlab and of the target. docs/ci.md says how well that was seen to work.
"""

from __future__ import annotations

import hashlib
import re
from typing import Final

from indexlab.market.errors import InputError

__all__ = ["FINGERPRINT", "check_beginning", "fingerprint"]

FINGERPRINT: Final = re.compile(r"[0-9a-f]{12}")
"""What a fingerprint looks like."""
_FEWEST: Final = 4
"""With so many of its digits one may be named."""
_SCHEME: Final = "indexlab finding 1"


def fingerprint(target: str, prop: str, what: str) -> str:
    """Return the fingerprint of a finding, 12 hexadecimal digits; `what` is one word for what happened, as in `Breach.what`."""
    parts = (_SCHEME, " ".join(target.split()), prop, what)
    return hashlib.sha256("\0".join(parts).encode("utf-8", "backslashreplace")).hexdigest()[:12]


def check_beginning(given: str, key: str, other: str = "") -> None:
    """Raise InputError where that are too few digits to name a fingerprint by; `key` is what the command line calls it, `other` what it may be too."""
    if len(given) < _FEWEST:
        problem = f'must be {other}at least {_FEWEST} digits of a fingerprint, was "{given}"'
        raise InputError(problem, key=key, remedy="give more of it")
