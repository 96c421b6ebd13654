"""Is right, and logs more than a pipe holds for every request."""

import sys

from speaking import answer, requests

for request in requests():
    sys.stderr.write("considering a quote\n" * 10_000)
    answer(request)
