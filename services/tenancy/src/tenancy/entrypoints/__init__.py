"""What reaches tenancy: requests, and time."""
