"""How crm-sync is reached: events, timers, HTTP."""
