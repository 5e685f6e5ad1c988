"""Who a customer is, from the local copy: telephony and people ask."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime
from typing import Annotated, Protocol

from fastapi import APIRouter, Depends, Query, Response
from pydantic import BaseModel, ConfigDict, Field

from chassis import Session, Units
from chassis.http import Problem, tenant_of
from crm_sync.domain.contact_points import normal_email, normal_phone
from crm_sync.domain.customer import Customer

_Tenant = Annotated[str, Depends(tenant_of)]


def _may_be_kept(response: Response) -> None:
    """Let the gateway answer the same caller from memory for a moment: a person looks at a customer page by page."""
    response.headers["Cache-Control"] = "private, max-age=10"


_KEPT = [Depends(_may_be_kept)]


class CustomerAnswer(BaseModel):
    """A customer as the local copy has it."""

    model_config = ConfigDict(from_attributes=True)

    customer_id: str
    number: str | None = Field(description="The number that people use.")
    name: str
    kind: str = Field(description="person or organization.")
    is_customer: bool = Field(description="False for a contact within a company.")
    parent_id: str | None = Field(description="The company that a contact belongs to.")
    emails: tuple[str, ...]
    phones: tuple[str, ...]
    version: str = Field(description="The CRM's version of the record.")
    modified_at: datetime


class RecordAnswer(BaseModel):
    """A task or an entry of the built-in CRM."""

    model_config = ConfigDict(from_attributes=True)

    id: str
    subject: str
    text: str
    at: datetime


class Customers(Protocol):
    """Where customers are found."""

    async def by_contact(
        self, session: Session, *, emails: Sequence[str] = (), phones: Sequence[str] = ()
    ) -> Sequence[Customer]: ...
    async def by_words(self, session: Session, text: str, *, limit: int) -> Sequence[Customer]: ...
    async def get(self, session: Session, customer_id: str) -> Customer | None: ...


class Records(Protocol):
    """The built-in CRM's tasks and entries."""

    async def tasks_of(self, session: Session, customer_id: str, *, limit: int) -> Sequence[object]: ...
    async def entries_of(self, session: Session, customer_id: str, *, limit: int) -> Sequence[object]: ...


def router(
    units: Units, customers: Customers, records: Records, country_code: Callable[[str], Awaitable[str]]
) -> APIRouter:
    """The routes; `country_code` tells a tenant's calling code for national numbers."""
    router = APIRouter(prefix="/api/v1/customers", tags=["customers"])

    async def known(session: Session, customer_id: str) -> Customer:
        found = await customers.get(session, customer_id)
        if found is None:
            raise Problem(404, "No such customer", f"the local copy has no customer {customer_id}")
        return found

    @router.get("", summary="Find customers by e-mail address, phone number or words")
    async def find(
        tenant_id: _Tenant,
        email: Annotated[str | None, Query(max_length=254)] = None,
        phone: Annotated[str | None, Query(max_length=40)] = None,
        q: Annotated[
            str | None, Query(max_length=200, description="Beginnings of words of name or number.")
        ] = None,
        limit: Annotated[int, Query(ge=1, le=200)] = 50,
    ) -> list[CustomerAnswer]:
        if email is None and phone is None and q is None:
            raise Problem(400, "Nothing to look for", "give email, phone or q")
        emails = [found for found in [normal_email(email)] if found] if email is not None else []
        phones: list[str] = []
        if phone is not None:
            # In a query "+" is a blank unless it is encoded.
            asked = f"+{phone[1:]}" if phone.startswith(" ") else phone
            normal = normal_phone(asked, country_code=await country_code(tenant_id))
            phones = [normal] if normal else []
        async with units.reading(tenant_id) as session:
            found = (
                await customers.by_words(session, q, limit=limit)
                if q is not None
                else await customers.by_contact(session, emails=emails, phones=phones)
            )
        return [CustomerAnswer.model_validate(customer) for customer in found[:limit]]

    @router.get("/{customer_id}", summary="One customer", dependencies=_KEPT)
    async def one(tenant_id: _Tenant, customer_id: str) -> CustomerAnswer:
        async with units.reading(tenant_id) as session:
            return CustomerAnswer.model_validate(await known(session, customer_id))

    @router.get(
        "/{customer_id}/tasks",
        summary="A customer's tasks in the built-in CRM, newest first",
        dependencies=_KEPT,
    )
    async def tasks(
        tenant_id: _Tenant, customer_id: str, limit: Annotated[int, Query(ge=1, le=200)] = 50
    ) -> list[RecordAnswer]:
        async with units.reading(tenant_id) as session:
            await known(session, customer_id)
            return [
                RecordAnswer.model_validate(task)
                for task in await records.tasks_of(session, customer_id, limit=limit)
            ]

    @router.get(
        "/{customer_id}/entries",
        summary="A customer's log in the built-in CRM, newest first",
        dependencies=_KEPT,
    )
    async def entries(
        tenant_id: _Tenant, customer_id: str, limit: Annotated[int, Query(ge=1, le=200)] = 50
    ) -> list[RecordAnswer]:
        async with units.reading(tenant_id) as session:
            await known(session, customer_id)
            found = await records.entries_of(session, customer_id, limit=limit)
            return [RecordAnswer.model_validate(entry) for entry in found]

    return router
