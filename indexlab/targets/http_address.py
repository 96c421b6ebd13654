"""The base address of a target that is reached over HTTP: read strictly, and with nothing in it that ought not to be shown."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

from indexlab.market.errors import InputError

if TYPE_CHECKING:
    from urllib.parse import SplitResult

__all__ = ["Address", "read_address"]

_EXAMPLE: Final = 'write "http://127.0.0.1:8080" or "https://index.acme.example/v1"'
_PRINTABLE: Final = re.compile(r"[\x21-\x7e]+")
_LONGEST: Final = 2_000


@dataclass(frozen=True, slots=True)
class Address:
    """Where a target listens; a method is asked at `path`/method."""

    secure: bool
    host: str
    port: int
    path: str

    @property
    def text(self) -> str:
        """How a person writes it."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        usual = self.port == (443 if self.secure else 80)
        return f"{'https' if self.secure else 'http'}://{host}{'' if usual else f':{self.port}'}{self.path}"


def read_address(label: str) -> Address:
    """Read `http://host:port/path` or `https://…`. Raises InputError, which never repeats what may be a password."""
    scheme = label.partition(":")[0]
    try:
        parts = urlsplit(label)
        host, port = parts.hostname, parts.port
    except ValueError as error:
        raise InputError(f"is no address: {error}" if "@" not in label else "is no address", key=f"target {scheme}:…", remedy=_EXAMPLE) from None
    shown = f"target {scheme}://{'…@' if '@' in parts.netloc else ''}{host or ''}"
    problem, remedy = _problem(label, parts, host)
    if problem or host is None:
        raise InputError(problem, key=shown if _PRINTABLE.fullmatch(shown[len("target ") :]) else f"target {scheme}:…", remedy=remedy)
    if port == 0:
        raise InputError("names port 0, which nobody listens on", key=shown, remedy=_EXAMPLE)
    return Address(scheme == "https", host, port or (443 if scheme == "https" else 80), parts.path.rstrip("/"))


def _problem(label: str, parts: SplitResult, host: str | None) -> tuple[str, str]:
    """Say what is wrong with an address, and what to do; the first is empty where nothing is."""
    if "@" in parts.netloc:
        return "holds a name or a password, which would be shown and stored", 'leave it out and send --header "Authorization: env:ACME_TOKEN"'
    if not host or not label.startswith(f"{parts.scheme}://"):
        return "names no host", _EXAMPLE
    if parts.query or parts.fragment or label.endswith(("?", "#")):
        return "ends in a query or a fragment, but a method is asked at <address>/index", 'leave it out; a token goes into --header "Name: value"'
    if len(label) > _LONGEST or not _PRINTABLE.fullmatch(label):
        return f"must be printable ASCII without spaces, of at most {_LONGEST} characters", "write a name with other letters as its xn--… form, a path with %XX"
    return "", ""
