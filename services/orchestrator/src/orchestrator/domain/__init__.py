"""Leads, turns and the rules that decide; no I/O."""
