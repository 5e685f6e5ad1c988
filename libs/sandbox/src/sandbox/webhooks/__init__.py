"""The vendors' webhooks, made and signed as their documents say; one module for each sender."""
