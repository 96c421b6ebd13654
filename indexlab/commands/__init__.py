"""The commands, a module each: they parse, call one function of the floors below, and print."""
