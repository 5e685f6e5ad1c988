"""What people and services can ask the Observer."""
