"""Floor 6: handlers of the event stream: the terminal, the page, the files."""
