"""What people and services ask billing: for a company, for the fleet, between services."""
