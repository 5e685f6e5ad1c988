"""The only service that decides: leads, turns, who answers."""
