"""Answers one request, the next with half a line, and ends."""

import sys

from speaking import answer, requests

asked = requests()
answer(next(asked))
sys.stdout.write(f'{{"id": {next(asked)["id"]}, "result": {{"index": [5')
