"""Who the companies are: tenants, credentials, hooks, texts, rules."""
