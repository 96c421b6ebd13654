"""Floor 5: a plan becomes a stream of events; findings are searched, shrunk, saved and explained."""
