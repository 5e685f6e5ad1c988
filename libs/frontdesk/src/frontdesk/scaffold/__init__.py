"""Scaffolds for the three recipes of CONTRIBUTING.md: an event, a vendor, a service."""

from frontdesk.scaffold.event import new_event
from frontdesk.scaffold.plan import CannotScaffold, Plan, apply
from frontdesk.scaffold.service import new_service
from frontdesk.scaffold.vendor import new_vendor

__all__ = ["CannotScaffold", "Plan", "apply", "new_event", "new_service", "new_vendor"]
