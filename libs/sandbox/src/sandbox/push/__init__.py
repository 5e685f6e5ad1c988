"""A Web Push service and the browser behind it, simulated: RFC 8030, 8291 and 8292."""
