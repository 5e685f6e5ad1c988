"""How notification reaches the world: its tables, and SMTP."""
