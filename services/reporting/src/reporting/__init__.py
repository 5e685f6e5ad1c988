"""The journal of everything that happened."""
