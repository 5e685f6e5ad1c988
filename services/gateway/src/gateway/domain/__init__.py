"""Hooks, and the declared table of the API."""
