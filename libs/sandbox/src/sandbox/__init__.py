"""Every vendor, simulated on localhost over its real protocol."""
