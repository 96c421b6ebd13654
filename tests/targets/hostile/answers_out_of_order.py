"""Is right, and of the requests that are at hand answers the newest first."""

import json
import os
import select

from speaking import answer, say

waiting, buffer = [], b""
while True:
    if waiting and not select.select([0], [], [], 0.05)[0]:
        answer(waiting.pop())
        continue
    piece = os.read(0, 1 << 16)
    if not piece:
        break
    *lines, buffer = (buffer + piece).split(b"\n")
    for request in map(json.loads, lines):
        if request["method"] == "describe":
            say(request, {"protocol": 1, "name": "hostile", "version": "1", "provides": ["index"]})
        else:
            waiting.append(request)
while waiting:
    answer(waiting.pop())
