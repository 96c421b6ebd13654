"""Floor 2: declared methodologies, the textbook and the compiled engine that both follow them, and their determinations."""
