"""What `frontdesk doctor` looks at: what is installed, what is reachable, what is migrated."""
