"""A package in which everything is wrong in another way."""
