"""What people and machines can ask the Observer."""
