"""Starting targets: in each of several languages a small right index that speaks the target protocol, to go on from. They are package data, never run here."""
