"""Answers every request twice."""

from speaking import answer, requests

for request in requests():
    answer(request)
    answer(request)
