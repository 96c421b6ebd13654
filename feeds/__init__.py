"""Feeds: what brings quotes in from outside. They know `indexlab.market` alone, and are found by entry point as a third party's are."""
