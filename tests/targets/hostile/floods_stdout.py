"""Answers one request, and then writes lines without end, asked or not."""

from speaking import answer, requests

answer(next(requests()))
while True:
    print("tick\n" * 10_000)
