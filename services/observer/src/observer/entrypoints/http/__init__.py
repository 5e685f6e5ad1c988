"""What people and services ask the Observer."""
