"""Planted defects of the margin side: our engine under a venue's rules, and again with one thing wrong."""
