"""The companies that Frontdesk works for."""
