"""A target served over HTTP on the loopback interface: `POST /describe`, `/index`, `/index_batch` and `/margin`, bare params in, bare result out.

One request at a time reaches the target; who is slow to send or to read keeps nobody else waiting.
"""

from __future__ import annotations

import contextlib
import socket
import socketserver
import threading
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Final

import msgspec

from indexlab.market.errors import InputError, TargetFailure
from indexlab.targets.requests import read_params
from indexlab.targets.serve import answer, failed, internal, methods_of

if TYPE_CHECKING:
    from indexlab.targets.shape import JSONObject
    from indexlab.targets.target import Target

__all__ = ["HttpServer"]

HOST: Final = "127.0.0.1"
_MOST_BODY: Final = 64 << 20
_PATIENCE_S: Final = 60.0
_LINGER_S: Final = 1.0
_CHUNK: Final = 1 << 16
_HELP: Final = """{label}, served by the target protocol, version 1 (indexlab).

POST /describe      {{"protocol": 1}}                                              what it is
POST /index         {{"sources": [...], "observations": {{...}}, "times": [...]}}    what it publishes
POST /index_batch   [{{"sources": [...], ...}}, ...]                               many runs at once
POST /margin        {{"contracts": [...], "accounts": [...], "times": [...], …}}    margin states, where it has a margin engine

Bodies are JSON: bare params in, the bare result out; an error is {{"error": {{"message": ...}}}}.
"""


class HttpServer(ThreadingHTTPServer):
    """A server of one target, bound to the loopback interface alone."""

    daemon_threads = True

    def __init__(self, target: Target, port: int, *, most_body: int = _MOST_BODY) -> None:
        """Bind a port, 0 for any free one; raises InputError where it cannot be had."""
        self.target, self.most_body, self.asking = target, most_body, threading.Lock()
        try:
            super().__init__((HOST, port), _Handler)
        except (OSError, OverflowError) as error:
            problem = f"{port} cannot be served on: {(error.strerror or error) if isinstance(error, OSError) else error}"
            raise InputError(problem, key="--http", remedy="0 takes any free port") from None

    @property
    def address(self) -> str:
        """Where it is reached."""
        return f"http://{HOST}:{self.server_port}"

    def server_bind(self) -> None:
        """Bind without asking anybody for this machine's name."""
        socketserver.TCPServer.server_bind(self)
        self.server_name, self.server_port = HOST, self.socket.getsockname()[1]

    def shutdown_request(self, request: socket.socket | tuple[bytes, socket.socket]) -> None:
        """Close a connection, but hear out (and forget) a client that still sends: else it would never read why it was refused."""
        if isinstance(request, socket.socket):
            with contextlib.suppress(OSError):
                request.shutdown(socket.SHUT_WR)
                request.settimeout(_LINGER_S)
                left = 2 * self.most_body
                while left > 0 and (heard := request.recv(_CHUNK)):
                    left -= len(heard)
        self.close_request(request)

    def handle_error(self, request: object, client_address: object) -> None:
        """Say nothing of a client that went away."""


class _Handler(BaseHTTPRequestHandler):
    server: HttpServer
    protocol_version = "HTTP/1.1"
    server_version, sys_version = "indexlab", ""
    timeout = _PATIENCE_S
    disable_nagle_algorithm = True  # the head and the body of an answer go out apart: neither waits for the other to be acknowledged

    def do_GET(self) -> None:
        """Help, at the root."""
        if self.path == "/":
            self._send(HTTPStatus.OK, _HELP.format(label=self.server.target.label).encode(), "text/plain; charset=utf-8")
        elif self.path.lstrip("/") in methods_of(self.server.target):
            self.send_error(HTTPStatus.METHOD_NOT_ALLOWED, f"{self.path} is asked with POST")
        else:
            self._unknown_path()

    def do_POST(self) -> None:
        """Answer a method."""
        body = self._body()
        if body is None:
            return
        method = self.path.removeprefix("/")
        if method not in methods_of(self.server.target):
            self._unknown_path()
            return
        try:
            params = read_params(body)
            with self.server.asking:
                result = answer(self.server.target, method, params)
        except InputError as error:
            self._fail(HTTPStatus.BAD_REQUEST, str(error))
        except TargetFailure as failure:
            self._fail(HTTPStatus.BAD_GATEWAY, failed(failure))
        except Exception as error:  # noqa: BLE001 - one request must not end the server
            self._fail(HTTPStatus.INTERNAL_SERVER_ERROR, internal(error))
        else:
            self._send(HTTPStatus.OK, msgspec.json.encode(result))  # NaN is written as null

    def send_error(self, code: int, message: str | None = None, explain: str | None = None) -> None:
        """Answer what http.server refuses by itself (a method, a header) as we answer everything; the connection ends with it."""
        self.close_connection = True
        self._fail(HTTPStatus(code), message or explain or HTTPStatus(code).phrase)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the signature is http.server's
        """Keep standard error quiet."""

    def _body(self) -> bytes | None:
        """Read the body; None where it was refused, and that was said."""
        told = self.headers.get("Content-Length")
        if told is None or self.headers.get("Transfer-Encoding") is not None:
            self.send_error(HTTPStatus.LENGTH_REQUIRED, "the request must say its Content-Length")
            return None
        if not (told.isascii() and told.isdigit() and len(told) < 20):
            self.send_error(HTTPStatus.BAD_REQUEST, "Content-Length must be a whole number")
            return None
        if int(told) > self.server.most_body:
            self.send_error(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, f"the body must not be longer than {self.server.most_body} bytes, is {told}")
            return None
        body = self.rfile.read(int(told))
        if len(body) < int(told):
            self.send_error(HTTPStatus.BAD_REQUEST, f"the body ends after {len(body)} of {told} bytes")
            return None
        return body

    def _unknown_path(self) -> None:
        self._fail(HTTPStatus.NOT_FOUND, f"there is nothing at {self.path[:80]}; POST /{', /'.join(methods_of(self.server.target))}")

    def _fail(self, status: HTTPStatus, message: str) -> None:
        told: JSONObject = {"error": {"message": message}}
        self._send(status, msgspec.json.encode(told))

    def _send(self, status: HTTPStatus, body: bytes, kind: str = "application/json") -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        if self.close_connection:
            self.send_header("Connection", "close")
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)
