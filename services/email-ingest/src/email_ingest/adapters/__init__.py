"""Where the service touches the world: its tables, and mail servers."""
