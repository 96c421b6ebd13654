"""How Hypothesis draws in our own tests: the same examples every time, no deadline, nothing remembered between runs.

`pytest --hypothesis-profile=search` draws new examples, for a person who goes looking.
"""

from hypothesis import settings

settings.register_profile("ci", derandomize=True, deadline=None, database=None, print_blob=True)
settings.register_profile("search", derandomize=False, deadline=None, database=None, print_blob=True, max_examples=1000)
settings.load_profile("ci")
