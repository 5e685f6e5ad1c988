"""What can go wrong with a backup, told to a person."""

from frontdesk.fleet.errors import FleetError


class BackupError(FleetError):
    """A backup cannot be taken or put back; the message says why and what helps."""
