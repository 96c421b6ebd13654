"""Servers on the loopback interface for the tests of HTTP targets: one that answers as it should, and raw sockets that do what they are told."""

from __future__ import annotations

import contextlib
import json
import socket
import struct
import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from indexlab.targets.http_target import open_http
from indexlab.targets.options import Secret, TargetOptions

PATIENT = {"first_answer_s": 60.0, "answer_s": 60.0}
"""No test waits for these: they only keep a busy machine from failing one that must not time out."""
HASTY = {"first_answer_s": 0.3, "answer_s": 0.3}
DESCRIPTION = {"protocol": 1, "name": "web", "version": "1", "provides": ["index"]}


def right(method, params):
    """What a right target answers to our small runs: 50 000 wherever it is asked."""
    if method == "describe":
        return DESCRIPTION
    n = len(params["times"])
    return {"index": [50_000.0] * n, "status": ["ok"] * n}


def opened(address, *, headers=(), answer_bytes=64 << 20, **limits):
    """A target at an address, patient unless it is told otherwise."""
    options = TargetOptions(headers=tuple((name, Secret(value)) for name, value in headers), **(PATIENT | limits))
    return open_http(address, options, answer_bytes=answer_bytes)


class Web:
    """A server of `respond(method, params)`, which returns a result, or (status, body, headers). It keeps what it was sent."""

    def __init__(self, respond, trust=None, keep_alive=True):
        self.requests, self.connections = [], 0
        web = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1" if keep_alive else "HTTP/1.0"
            disable_nagle_algorithm = True

            def setup(self):
                web.connections += 1
                super().setup()

            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                method = self.path.rsplit("/", 1)[-1]
                web.requests.append((self.path, {name.lower(): value for name, value in self.headers.items()}, body))
                answer = respond(method, json.loads(body))
                status, payload, headers = answer if isinstance(answer, tuple) else (200, json.dumps(answer).encode(), {})
                self.send_response(status)
                for name, value in ({"Content-Length": str(len(payload))} | headers).items():
                    self.send_header(name, value)
                self.end_headers()
                with contextlib.suppress(OSError):
                    self.wfile.write(payload)

            def log_message(self, *args):
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        if trust is not None:
            self.server.socket = trust.wrap_socket(self.server.socket, server_side=True)
        self.server.handle_error = lambda *_: None
        self.address = f"{'http' if trust is None else 'https'}://127.0.0.1:{self.server.server_port}"


@contextmanager
def web(respond=right, **how):
    """Serve until the block ends."""
    made = Web(respond, **how)
    thread = threading.Thread(target=lambda: made.server.serve_forever(poll_interval=0.02), daemon=True)
    thread.start()
    try:
        yield made
    finally:
        made.server.shutdown()
        thread.join(10)
        made.server.server_close()


class Raw:
    """A listening socket: the nth connection is played by the nth act, every later one by the last. `heard` are the bodies that came whole."""

    def __init__(self, acts):
        self.acts, self.heard, self.count = acts, [], 0
        self.over = threading.Event()
        self.listening = socket.create_server(("127.0.0.1", 0))
        self.address = f"http://127.0.0.1:{self.listening.getsockname()[1]}"

    def serve(self):
        while True:
            try:
                connection, _ = self.listening.accept()
            except OSError:
                return
            act = self.acts[min(self.count, len(self.acts) - 1)]
            self.count += 1
            threading.Thread(target=self._play, args=(act, connection), daemon=True).start()

    def _play(self, act, connection):
        with connection, contextlib.suppress(OSError):
            act(self, connection)


@contextmanager
def raw(*acts):
    """Play the acts until the block ends."""
    made = Raw(acts)
    thread = threading.Thread(target=made.serve, daemon=True)
    thread.start()
    try:
        yield made
    finally:
        made.over.set()
        made.listening.shutdown(socket.SHUT_RDWR)
        made.listening.close()
        thread.join(10)


def hear(server, connection):
    """Read one request; its method, or None where the other side has gone."""
    data = b""
    while b"\r\n\r\n" not in data:
        chunk = connection.recv(1 << 16)
        if not chunk:
            return None
        data += chunk
    head, _, body = data.partition(b"\r\n\r\n")
    length = next(int(line.split(b":")[1]) for line in head.split(b"\r\n") if line.lower().startswith(b"content-length"))
    while len(body) < length:
        body += connection.recv(1 << 16)
    server.heard.append(body)
    return head.split()[1].rsplit(b"/", 1)[-1].decode()


def said(method, body, extra=b"", length=None):
    """A whole answer of 200 as bytes; its body is that of a right target where none is given."""
    body = json.dumps(right(method, json.loads(body))).encode() if isinstance(body, bytes) else body.encode()
    return b"HTTP/1.1 200 OK\r\n%sContent-Length: %d\r\n\r\n%s" % (extra, len(body) if length is None else length, body)


def answer(server, connection):
    """Hear one request and answer it rightly; False where nobody asks any more."""
    method = hear(server, connection)
    if method is None:
        return False
    connection.sendall(said(method, server.heard[-1]))
    return True


def reset(connection):
    """Close with a reset instead of an end."""
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    connection.close()
