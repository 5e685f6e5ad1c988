"""The CRM, version 1."""

from __future__ import annotations

from typing import ClassVar, Literal

from pydantic import Field

from contracts.envelope import Event

CrmVendor = Literal["weclapp", "builtin"]


class CustomerLinked(Event):
    """A lead is tied to a customer of the CRM."""

    aggregate: ClassVar[str] = "lead_id"

    lead_id: str = Field(description="The lead.")
    customer_id: str = Field(description="The customer's id in the CRM.")
    customer_number: str | None = Field(
        default=None, description="The number that people use for the customer."
    )
    vendor: CrmVendor = Field(description="Which CRM.")
    how: Literal["copy", "crm", "created"] = Field(
        description="Found in the local copy, in the CRM, or newly created."
    )


class ActivityLogged(Event):
    """Something about a lead was written into the CRM's log."""

    aggregate: ClassVar[str] = "lead_id"

    lead_id: str = Field(description="The lead.")
    customer_id: str = Field(description="The customer's id in the CRM.")
    entry_id: str = Field(description="The entry's id in the CRM.")
    subject: str = Field(description="What it is about.")


class TaskCreated(Event):
    """A task for staff stands in the CRM."""

    aggregate: ClassVar[str] = "lead_id"

    lead_id: str = Field(description="The lead.")
    customer_id: str = Field(description="The customer's id in the CRM.")
    task_id: str = Field(description="The task's id in the CRM.")
    subject: str = Field(description="What is to be done.")


class CustomerChanged(Event):
    """A customer of the CRM changed; the local copy follows."""

    aggregate: ClassVar[str] = "customer_id"

    customer_id: str = Field(description="The customer's id in the CRM.")
    vendor: CrmVendor = Field(description="Which CRM.")
    version: str = Field(description="The CRM's version of the record.")
