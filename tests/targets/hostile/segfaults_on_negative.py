"""Is right, and is ended by a fault of memory where a price is negative."""

import os
import signal

from speaking import answer, requests

for request in requests():
    if any(price is not None and price < 0 for price in request["params"]["observations"]["price"]):
        os.kill(os.getpid(), signal.SIGSEGV)
    answer(request)
