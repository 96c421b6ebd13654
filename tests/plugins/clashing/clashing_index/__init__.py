"""Names that are taken."""
