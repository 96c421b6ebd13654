"""Floor 1: sources, quotes, panels, synthetic markets; units, times, seeds, errors."""
