"""Tenancy over HTTP: for people under /api/v1, for the other services under /internal."""
