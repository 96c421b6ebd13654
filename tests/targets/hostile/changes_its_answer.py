"""Publishes a little more every time it is asked."""

from speaking import determined, requests, say

for count, request in enumerate(requests()):
    result = determined(request["params"])
    say(request, {"index": [value and value * (1 + count / 1e6) for value in result["index"]], "status": result["status"]})
