"""The whole fleet on one machine: which services there are, how they are set, started, migrated and seeded."""
