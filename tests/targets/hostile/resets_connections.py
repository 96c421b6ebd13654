"""Listens on HTTP, says on standard error where, describes itself, and resets every connection that asks for more."""

import json
import socket
import struct
import sys

listening = socket.create_server(("127.0.0.1", 0))
print(listening.getsockname()[1], file=sys.stderr, flush=True)
while True:
    connection, _ = listening.accept()
    with connection:
        head, _, body = connection.recv(1 << 16).partition(b"\r\n\r\n")
        if head.startswith(b"POST /describe "):
            said = json.dumps({"protocol": 1, "name": "hostile", "version": "1", "provides": ["index"]}).encode()
            connection.sendall(b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: %d\r\n\r\n%s" % (len(said), said))
        else:
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))  # to close is to reset
