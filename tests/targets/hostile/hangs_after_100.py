"""Answers a hundred requests, and then nothing more."""

import time

from speaking import answer, requests

for count, request in enumerate(requests()):
    if count == 100:
        time.sleep(600)
    answer(request)
