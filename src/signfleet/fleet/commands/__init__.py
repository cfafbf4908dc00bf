"""Commands: what operators ask of players, on its way there, and what became of it."""
