"""Reads documents, then has a model analyse them."""
