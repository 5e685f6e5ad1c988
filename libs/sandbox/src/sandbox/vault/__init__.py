"""HashiCorp Vault, simulated: reading secrets of the KV engine, version 2."""
