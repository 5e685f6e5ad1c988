"""Outgoing mail in the company's own name."""
