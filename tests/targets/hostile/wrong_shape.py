"""Answers with JSON that is none of the protocol's."""

from speaking import determined, requests, say

for request in requests():
    say(request, {"index": [[value] for value in determined(request["params"])["index"]]})
