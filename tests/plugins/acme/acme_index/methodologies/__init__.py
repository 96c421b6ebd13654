"""Acme's methodologies, a TOML file each."""
