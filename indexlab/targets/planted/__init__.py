"""Planted defects: methodologies that are right, and each again with one rule changed. The harness is worth what it finds of them."""
