"""Tables, and the sealing of secrets."""
