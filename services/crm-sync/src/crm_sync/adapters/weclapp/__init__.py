"""weclapp: its HTTP, its forms, and the port over them."""
