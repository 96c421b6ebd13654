"""A methodology that does not hold."""
