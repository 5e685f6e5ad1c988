"""Microsoft Graph (drive) and its token endpoint, simulated."""
