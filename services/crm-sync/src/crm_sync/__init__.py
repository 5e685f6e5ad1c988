"""Keeps the CRM's record and a local copy of it."""
