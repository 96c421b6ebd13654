"""Answers one request, and takes ever more memory over the next, in a child."""

import os
import time

from speaking import answer, requests

asked = requests()
answer(next(asked))
next(asked)
if os.fork() == 0:
    eaten = []
    while True:
        eaten.append(bytearray(b"\1" * (8 << 20)))
        time.sleep(0.01)  # fast, but no danger to the machine that runs the tests
time.sleep(600)
