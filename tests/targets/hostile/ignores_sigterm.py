"""Is right, and will not end: neither when its input does, nor when it is asked to."""

import signal
import time

from speaking import answer, requests

signal.signal(signal.SIGTERM, signal.SIG_IGN)
for request in requests():
    answer(request)
time.sleep(600)
