"""How notification is reached: events, timers, HTTP."""
