"""Where messages, timers and requests come in."""
