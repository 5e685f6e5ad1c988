"""What every Frontdesk process must do identically, and nothing else.

A service is put together from these names in its `app.py`; the rest of the chassis is reached by module.
"""

from chassis.blobs import Blobs
from chassis.database import Session
from chassis.intake import Intake
from chassis.router import AnyEvent, Router
from chassis.running import run
from chassis.service import Service
from chassis.settings import Settings
from chassis.tenants import Tenants
from chassis.unit import Outcome, UnitOfWork
from chassis.units import Transaction, Units

__all__ = [
    "AnyEvent",
    "Blobs",
    "Intake",
    "Outcome",
    "Router",
    "Service",
    "Session",
    "Settings",
    "Tenants",
    "Transaction",
    "UnitOfWork",
    "Units",
    "run",
]
