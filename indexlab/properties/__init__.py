"""Floor 4: statements about a recorded run, each with a pure check."""
