"""What can be done with tenants."""
