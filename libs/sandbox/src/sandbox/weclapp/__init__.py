"""weclapp, simulated."""
