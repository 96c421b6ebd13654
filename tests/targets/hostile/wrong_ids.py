"""Counts its answers by itself, one ahead."""

from speaking import answer, requests

for request in requests():
    answer({**request, "id": request["id"] + 1})
