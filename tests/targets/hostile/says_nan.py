"""Publishes NaN where it has no number."""

from speaking import determined, requests, say

for request in requests():
    result = determined(request["params"])
    say(request, {"index": [float("nan") for _ in result["index"]], "status": result["status"]})
