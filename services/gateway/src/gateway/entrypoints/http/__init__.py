"""The gateway over HTTP: webhooks, the API, and what both need of bodies."""
