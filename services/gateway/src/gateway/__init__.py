"""The one safe door: verifies webhooks, stores them, routes the API."""
