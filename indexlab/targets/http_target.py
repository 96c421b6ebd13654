"""`http://…` and `https://…`: a target that answers over HTTP, `POST <address>/<method>` with the bare params, and `200` with the bare result.

No redirect is followed and no proxy of the environment used: what was named is what is asked, and nobody else is sent a token. Certificates are verified,
always; the environment variable SSL_CERT_FILE names those of an authority of one's own.
"""

from __future__ import annotations

import ssl
import weakref
from http import HTTPStatus
from typing import TYPE_CHECKING, Final

from indexlab.market.errors import TargetFailure
from indexlab.targets.called import CalledTarget, limit_of
from indexlab.targets.hidden import Hider
from indexlab.targets.http_address import read_address
from indexlab.targets.http_line import HttpLine
from indexlab.targets.lines import excerpt, read_json
from indexlab.targets.protocol import error_message

if TYPE_CHECKING:
    from indexlab.targets.http_line import Answer
    from indexlab.targets.options import TargetOptions

__all__ = ["open_http"]

_ANSWER_BYTES: Final = 64 << 20
_LOG_BYTES: Final = 8 << 10
_HINTS: Final[dict[int, str]] = {
    HTTPStatus.UNAUTHORIZED: 'a token is sent with --header "Authorization: env:ACME_TOKEN"',
    HTTPStatus.FORBIDDEN: 'a token is sent with --header "Authorization: env:ACME_TOKEN"',
    HTTPStatus.NOT_FOUND: "the address is the base to which /describe and /index are added",
    HTTPStatus.METHOD_NOT_ALLOWED: "a method is asked with POST",
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE: "a long run takes some megabytes",
}


def open_http(label: str, options: TargetOptions, *, answer_bytes: int = _ANSWER_BYTES) -> CalledTarget:
    """Return the target at an address; nothing is connected yet. Raises InputError."""
    return CalledTarget(label, _HttpCaller(label, options, answer_bytes), Hider(secret for _, secret in options.headers))


class _HttpCaller:
    """Posts each call on one connection, which is kept as long as nothing goes wrong on it."""

    def __init__(self, label: str, options: TargetOptions, answer_bytes: int) -> None:
        self._address, self._options, self._answer_bytes = read_address(label), options, answer_bytes
        self._trust: ssl.SSLContext | None = None
        self._line: HttpLine | None = None
        self._undertaker: weakref.finalize[[], _HttpCaller] | None = None
        self._asked, self._answered = False, False

    def call(self, method: str, params: bytes, runs: int = 1) -> object:
        """Post the params of a method and return its result; raises TargetFailure."""
        limit = limit_of(self._options, runs, first=not self._answered)
        # a service may still be starting when it is first asked; later, one that is not there is waited for only a little
        patient, self._asked = not self._asked, True
        line = self._living()
        try:
            answer = line.ask(f"{self._address.path}/{method}", params, limit, patient=patient)
            self._answered = True
            return _result(answer, method)
        except TargetFailure as failure:
            if failure.kind != "error":
                self.close()
            raise
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        """Hang up."""
        line, self._line = self._line, None
        if line is not None and self._undertaker is not None:
            self._undertaker.detach()
            line.leave()

    def _living(self) -> HttpLine:
        if self._line is None:
            if self._address.secure and self._trust is None:
                self._trust = ssl.create_default_context()
            self._line = HttpLine(self._address, self._options.headers, self._trust, answer_bytes=self._answer_bytes)
            self._undertaker = weakref.finalize(self, self._line.leave)  # also where nobody calls `close`
        return self._line


def _result(answer: Answer, method: str) -> object:
    """Return the result that an answer holds, or raise the failure that it is."""
    if answer.status == HTTPStatus.OK:
        if not answer.body.strip():
            raise TargetFailure("not-json", "answered an empty body")
        return read_json(answer.body, "the answer", "answered")
    status = f"{answer.status} {excerpt(answer.reason.encode())}" if answer.reason else str(answer.status)
    if 300 <= answer.status < 400:
        where = f" to {excerpt(answer.location.encode())}" if answer.location else ""
        raise TargetFailure("error", f"answered {status} to POST …/{method}, a redirect{where}; none is followed: give the address that it leads to")
    if answer.status < 300:
        raise TargetFailure("misfit", f"the answer to POST …/{method} must have status 200, had {status}")
    hint = f" ({_HINTS[answer.status]})" if answer.status in _HINTS else ""
    raise TargetFailure("error", f"{_message(answer.body) or 'answered'} with status {status}{hint}", log=_log(answer.body))


def _message(body: bytes) -> str:
    """Return what an error says, where its body is one of the protocol's."""
    try:
        told = read_json(body, "the answer", "answered")
    except TargetFailure:
        return ""
    error = told.get("error") if isinstance(told, dict) else None
    return "" if error is None else error_message(error)


def _log(body: bytes) -> str:
    """Return the body of an error as the log of the failure: all that such a target tells of what went on in it. Where it is cut, that is seen."""
    return body[:_LOG_BYTES].decode("utf-8", "replace") + ("…" if len(body) > _LOG_BYTES else "")
