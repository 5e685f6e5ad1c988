"""What a tenant is, and which settings, credentials and hooks are sound."""
