"""Why the fleet cannot be run as asked."""


class FleetError(Exception):
    """One sentence for people: what is wrong, and what to do."""
