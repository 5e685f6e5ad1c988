"""What the gateway does: accept a webhook, hold the hooks, forward a request."""
