"""Signatures by kind of sender, tenancy's registry, the snapshot, the services behind, and the intake."""
