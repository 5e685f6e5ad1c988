"""Leads: who asks, how far it has come, who answers."""
