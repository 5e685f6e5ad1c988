"""Frontdesk's command line: stack, fleet, demo, desks."""
