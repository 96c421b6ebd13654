"""Answers one request, and the next with a line of a gigabyte."""

import sys

from speaking import answer, requests

asked = requests()
answer(next(asked))
next(asked)
for _ in range(1 << 14):
    sys.stdout.write("7" * (1 << 16))
