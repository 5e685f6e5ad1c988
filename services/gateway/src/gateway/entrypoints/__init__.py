"""What reaches the gateway: webhooks, requests of the API, and news of changed hooks."""
