"""Frontdesk's pytest plugin: real broker, real database, simulated vendors."""
