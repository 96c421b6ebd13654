"""Floor 2: what breaks a source, one small file each."""
