"""Is right, and greets on standard output."""

from speaking import answer, requests

print("ACME index 2.3.1, listening on standard input", flush=True)
for request in requests():
    answer(request)
