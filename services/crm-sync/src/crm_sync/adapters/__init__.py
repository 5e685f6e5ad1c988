"""How crm-sync reaches the world: its tables, and the CRMs."""
