"""Floor 4: what is tested: presets, files, processes."""
