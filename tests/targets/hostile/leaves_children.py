"""Starts children with every request, one in its group and one in a session of its own, and ends without them."""

import os
import subprocess
import sys

from speaking import requests

next(requests())
for alone in (False, True):
    child = subprocess.Popen([sys.executable, "-S", "-c", "import time; time.sleep(600)"], start_new_session=alone)
    print(f"child {child.pid}", file=sys.stderr, flush=True)
os._exit(5)
