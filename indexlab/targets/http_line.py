"""One connection to a target over HTTP, kept alive and spoken on by a thread of its own, so that a time limit is the timeout of a queue: no clock is read.

The limit is one for the whole answer: a server that sends a byte now and then holds nobody. What comes is bounded before it is kept, whatever a server says of
its length. A request is sent a second time only where an idle connection turns out to have been closed: not one byte of an answer had come on it.
"""

from __future__ import annotations

import contextlib
import socket
import ssl
import threading
from http.client import HTTPConnection, HTTPException, HTTPResponse, HTTPSConnection, IncompleteRead, RemoteDisconnected
from queue import Empty, SimpleQueue
from typing import TYPE_CHECKING, Final, NamedTuple

from indexlab.market.errors import TargetFailure
from indexlab.targets.lines import excerpt

if TYPE_CHECKING:
    from indexlab.targets.http_address import Address
    from indexlab.targets.options import Secret

__all__ = ["Answer", "HttpLine"]

_CHUNK: Final = 1 << 18
_PAUSES_S: Final = (0.05, 0.1, 0.2, 0.4, 0.8)
"""How long to wait before a connection that was refused is tried again: the service may be starting. The last one is repeated where there is time."""
_GRACE_S: Final = 1.0
_QUICK: Final[int | None] = getattr(socket, "TCP_QUICKACK", None)
_NOBODY_HEARD: Final = (RemoteDisconnected, ConnectionResetError, ConnectionAbortedError, BrokenPipeError)


class Answer(NamedTuple):
    """What came back: the status, the body, and where a redirect leads."""

    status: int
    reason: str
    body: bytes
    location: str


class _Response(HTTPResponse):
    """A response that tells a connection closed before its first byte from one that broke within its first line."""

    def begin(self) -> None:
        if not self.fp.peek(1):
            raise RemoteDisconnected("")
        try:
            super().begin()
        except (ConnectionError, RemoteDisconnected) as error:
            raise IncompleteRead(b"") from error


class HttpLine:
    """A connection to one address. It is made when it is first asked, made again when the server has closed it, and of no use after it has failed."""

    def __init__(self, address: Address, headers: tuple[tuple[str, Secret], ...], trust: ssl.SSLContext | None, *, answer_bytes: int) -> None:
        """Nothing is connected yet. `trust` verifies certificates (None: no TLS)."""
        self._address, self._headers, self._trust, self._answer_bytes = address, headers, trust, answer_bytes
        self._asked: SimpleQueue[tuple[str, bytes, float, bool] | None] = SimpleQueue()
        self._answers: SimpleQueue[Answer | TargetFailure] = SimpleQueue()
        self._left = threading.Event()
        self._connection: HTTPConnection | None = None
        self._sock: socket.socket | None = None  # of the last connection: kept while its answer is read, when the library has let go of it
        self._state, self._refused = "connecting", ""
        self._thread = threading.Thread(target=self._serve, name="indexlab-target-http", daemon=True)
        self._thread.start()

    def ask(self, path: str, body: bytes, limit_s: float, *, patient: bool) -> Answer:
        """Post a body and return the answer; raises TargetFailure. While a connection is refused it is tried again, if `patient` until the limit."""
        self._state, self._refused = "connecting", ""
        self._asked.put((path, body, limit_s, patient))
        try:
            outcome = self._answers.get(timeout=limit_s)
        except Empty:
            outcome = self._late(limit_s)
        except BaseException:
            self.leave()
            raise
        if isinstance(outcome, TargetFailure):
            self.leave()
            raise outcome
        return outcome

    def leave(self) -> None:
        """Hang up; the thread ends with it."""
        self._left.set()
        self._asked.put(None)
        if self._sock is not None:
            with contextlib.suppress(OSError):  # whoever waits for it in the thread wakes up
                socket.socket.shutdown(self._sock, socket.SHUT_RDWR)
        self._thread.join(_GRACE_S)

    def _late(self, limit_s: float) -> TargetFailure:
        state, refused = self._state, self._refused
        if state == "connecting":
            return TargetFailure("not-started", f"could not be connected to within {limit_s:g} s{f', the last time: {refused}' if refused else ''}")
        return TargetFailure("timeout", f"had not ended its answer within {limit_s:g} s" if state == "answering" else f"gave no answer within {limit_s:g} s")

    def _serve(self) -> None:
        while (asked := self._asked.get()) is not None and not self._left.is_set():
            try:
                outcome: Answer | TargetFailure = self._exchanged(*asked)
            except TargetFailure as failure:
                outcome = failure
            except Exception as error:  # noqa: BLE001 - what no library foresaw: the answer could not be read
                outcome = TargetFailure("not-json", f"answered something that is no HTTP ({type(error).__name__})")
            if isinstance(outcome, TargetFailure):
                self._drop()
            self._answers.put(outcome)
        self._drop()

    def _exchanged(self, path: str, body: bytes, limit_s: float, patient: bool) -> Answer:  # noqa: FBT001 - handed on from the queue
        if self._connection is not None and _spoken_on(self._connection):
            self._drop()
        if self._connection is not None:
            try:
                return self._answered(self._connection, path, body)
            except _NOBODY_HEARD:  # it was idle and is closed: as good as never sent
                self._drop()
        self._connection = self._connected(limit_s, patient=patient)
        try:
            return self._answered(self._connection, path, body)
        except RemoteDisconnected:
            raise TargetFailure("exited", "closed the connection instead of answering") from None
        except _NOBODY_HEARD:
            raise TargetFailure("exited", "reset the connection instead of answering") from None

    def _connected(self, limit_s: float, *, patient: bool) -> HTTPConnection:
        """Connect; where that is refused, try again after a while."""
        tries = 0
        while True:
            try:
                return self._connect(limit_s)
            except ConnectionRefusedError:
                self._refused = "the connection was refused"
            if tries >= len(_PAUSES_S) and not patient:
                break
            if self._left.wait(_PAUSES_S[min(tries, len(_PAUSES_S) - 1)]):
                break
            tries += 1
        raise TargetFailure("not-started", f"could not be connected to: the connection was refused ({self._address.text}: does anybody listen there?)")

    def _connect(self, limit_s: float) -> HTTPConnection:
        self._state = "connecting"
        host, port = self._address.host, self._address.port
        made = HTTPConnection(host, port, timeout=limit_s) if self._trust is None else HTTPSConnection(host, port, timeout=limit_s, context=self._trust)
        made.response_class = _Response
        try:
            made.connect()
        except ConnectionRefusedError:
            made.close()
            raise
        except OSError as error:
            made.close()
            raise TargetFailure("not-started", f"could not be connected to: {_why(error)}") from None
        self._sock = made.sock
        made.sock.settimeout(None)  # from here on, whoever waits for the answer hangs up
        return made

    def _answered(self, connection: HTTPConnection, path: str, body: bytes) -> Answer:
        """Send a request and read its answer. Raises one of _NOBODY_HEARD where not a byte of an answer came."""
        self._state = "asking"
        if self._left.is_set():
            raise TargetFailure("timeout", "was not waited for any more")
        try:
            with contextlib.suppress(ConnectionResetError, BrokenPipeError):  # it may have answered before it had heard all, and left
                self._send(connection, path, body)
            _hasten(connection)
            response = connection.getresponse()
            self._state = "answering"
            with contextlib.closing(response):  # where it is its last, the connection is the response's own
                answer = self._read(response)
        except _NOBODY_HEARD:
            if self._state == "asking":
                raise
            raise TargetFailure("exited", "reset the connection in the middle of its answer") from None
        except IncompleteRead:
            raise TargetFailure("exited", "closed the connection in the middle of its answer") from None
        except ssl.SSLError as error:
            raise TargetFailure("exited", f"broke the encryption off: {_why(error)}") from None
        except OSError as error:
            raise TargetFailure("exited", f"lost the connection: {_why(error)}") from None
        except (HTTPException, ValueError) as error:
            raise TargetFailure("not-json", f"answered something that is no HTTP: {excerpt(_told(error))}") from None
        if response.will_close:
            self._drop()
        return answer

    def _send(self, connection: HTTPConnection, path: str, body: bytes) -> None:
        given = {name.lower() for name, _ in self._headers}
        connection.putrequest("POST", path, skip_host="host" in given, skip_accept_encoding=True)
        ours = {"Accept": "application/json", "Accept-Encoding": "identity", "Content-Type": "application/json", "User-Agent": "indexlab"}
        for name, value in (*((name, value) for name, value in ours.items() if name.lower() not in given), ("Content-Length", str(len(body)))):
            connection.putheader(name, value)
        for name, secret in self._headers:
            connection.putheader(name, secret.reveal())
        connection.endheaders(body)

    def _read(self, response: HTTPResponse) -> Answer:
        """Read the body, no more of it than is allowed."""
        encoding = response.getheader("Content-Encoding", "identity").strip().lower()
        if encoding not in {"", "identity"}:
            raise TargetFailure("not-json", f"answered with Content-Encoding {excerpt(encoding.encode())}, although none but identity was accepted")
        too_large = TargetFailure("too-large", f"answered more than {self._answer_bytes >> 20} MiB")
        told = response.length
        if told is not None and told > self._answer_bytes:
            raise too_large
        body = bytearray()
        while chunk := response.read(_CHUNK):
            body += chunk
            if len(body) > self._answer_bytes:
                raise too_large
        if told is not None and len(body) < told:
            raise IncompleteRead(b"")
        return Answer(response.status, response.reason or "", bytes(body), response.getheader("Location", ""))

    def _drop(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.close()


def _hasten(connection: HTTPConnection) -> None:
    """Acknowledge at once what comes: a server that writes the head and the body of an answer apart waits for that, and else for 40 ms."""
    if connection.sock is not None and _QUICK is not None:
        with contextlib.suppress(OSError):
            connection.sock.setsockopt(socket.IPPROTO_TCP, _QUICK, 1)


def _spoken_on(connection: HTTPConnection) -> bool:
    """Say whether something came on an idle connection: its end, or what nobody asked for. Either way it is of no more use."""
    sock = connection.sock
    if sock is None:
        return True
    kept = sock.gettimeout()
    sock.settimeout(0)
    try:
        socket.socket.recv(sock, 1, socket.MSG_PEEK)
    except BlockingIOError:
        return False
    except OSError:
        return True
    finally:
        sock.settimeout(kept)
    return True


def _why(error: OSError) -> str:
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"its certificate cannot be verified ({error.verify_message}); SSL_CERT_FILE names the certificates to trust"
    if isinstance(error, ssl.SSLError):
        return f"it does not speak TLS as it should ({(error.reason or 'unknown reason').lower().replace('_', ' ')}); is it http://?"
    if isinstance(error, socket.gaierror):
        return "its name is not known"
    if isinstance(error, TimeoutError):
        return "nobody answered"
    return error.strerror or type(error).__name__


def _told(error: Exception) -> bytes:
    text = str(error).strip()
    return text.encode("utf-8", "replace") if text else type(error).__name__.encode()
