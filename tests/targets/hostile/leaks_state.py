"""Starts every run with the last value of the run before, until somebody says a price."""

from speaking import determined, requests, say

last = None
for request in requests():
    result = determined(request["params"])
    index = [last if value is None else value if last is None else (value + last) / 2 for value in result["index"]]
    say(request, {"index": index, "status": ["halted" if value is None else "ok" for value in index]})
    last = index[-1] if index else last
