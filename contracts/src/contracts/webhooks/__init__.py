"""Webhooks that the gateway accepted."""
