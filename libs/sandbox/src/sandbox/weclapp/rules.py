"""What weclapp demands of a record, and what it adds to one."""

import re
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation

from sandbox.weclapp.state import Tenant, now_ms
from sandbox.wire import JsonObject, as_objects

_ENTITY_NAMES = """
    party task comment salesOrder crmEvent document user article ticket salesInvoice quotation purchaseOrder
    opportunity customAttributeDefinition webhook unit currency tax calendarEvent campaign contract project
"""
ENTITIES = frozenset(_ENTITY_NAMES.split())
_REQUIRED: dict[str, tuple[str, ...]] = {
    "party": ("partyType",),
    "task": ("subject",),
    "comment": ("entityName", "entityId", "comment"),
    "crmEvent": ("partyId", "subject", "type"),
    "salesOrder": ("customerId",),
}
_CHOICES: dict[tuple[str, str], tuple[str, ...]] = {
    ("party", "partyType"): ("ORGANIZATION", "PERSON"),
    ("task", "taskPriority"): ("HIGH", "MEDIUM", "LOW"),
    ("task", "taskStatus"): ("NOT_STARTED", "IN_PROGRESS", "WAITING_ON_OTHERS", "DEFERRED", "COMPLETED"),
    ("crmEvent", "type"): ("GENERAL", "INCOMING_CALL", "OUTGOING_CALL", "LETTER"),
    ("salesOrder", "status"): (
        "ORDER_ENTRY_IN_PROGRESS",
        "ORDER_CONFIRMATION_PRINTED",
        "CLOSED",
        "MANUALLY_CLOSED",
        "CANCELLED",
    ),
}
_PARTIES: dict[str, tuple[str, ...]] = {
    "crmEvent": ("partyId", "contactId"),
    "task": ("customerId",),
    "salesOrder": ("customerId",),
}
_DECIMALS = frozenset(["quantity", "unitPrice", "discountPercentage", "netAmount", "grossAmount", "amount"])
_TIMESTAMP = re.compile(r"(Date|dateFrom|dateTo)$")
_VAT = Decimal("1.19")


@dataclass(frozen=True)
class Flaw:
    """One thing that is wrong with a record."""

    kind: str
    location: str
    detail: str
    allowed: tuple[str, ...] = ()


def flaws_of(entity: str, record: JsonObject, tenant: Tenant) -> list[Flaw]:
    """Everything weclapp would refuse the record for."""
    flaws = [
        Flaw("not_empty", f"$.{name}", f"{name} must not be empty")
        for name in _required(entity, record)
        if record.get(name) in (None, "", [])
    ]
    for (owner, name), allowed in _CHOICES.items():
        if owner == entity and record.get(name) is not None and record[name] not in allowed:
            flaws.append(Flaw("enum", f"$.{name}", f"{record[name]!r} is not a value of {name}", allowed))
    flaws += [
        Flaw("reference", f"$.{name}", f"there is no party {record[name]}")
        for name in _PARTIES.get(entity, ())
        if record.get(name) is not None and not tenant.has("party", record[name])
    ]
    if entity == "comment" and record.get("entityName") and record.get("entityId"):
        owner = str(record["entityName"])
        if not tenant.has(owner, record["entityId"]):
            flaws.append(Flaw("reference", "$.entityId", f"there is no {owner} {record['entityId']}"))
    return flaws + _badly_typed(record)


def finished(entity: str, record: JsonObject, tenant: Tenant) -> JsonObject:
    """The record with decimals as strings and with what weclapp fills in by itself."""
    done = as_written({name: value for name, value in record.items() if value is not None})
    if entity == "party" and done.get("customer") is True and "customerNumber" not in done:
        done["customerNumber"] = f"C{10_001 + sum('customerNumber' in p for p in tenant.all('party'))}"
    if entity == "task":
        done = {"taskStatus": "NOT_STARTED", "taskPriority": "MEDIUM"} | done
    if entity == "salesOrder":
        number = str(10_001 + len(tenant.all("salesOrder")))
        done = {"status": "ORDER_ENTRY_IN_PROGRESS", "orderNumber": number, "orderDate": now_ms()} | done
        done |= _amounts(done)
    if entity in ("comment", "crmEvent"):
        done = {"privateComment": False, "publicComment": False} | done if entity == "comment" else done
    return done


def as_written(record: JsonObject) -> JsonObject:
    """The properties as weclapp writes them: decimals are strings."""
    return {name: _as_weclapp_writes(name, value) for name, value in record.items()}


def _required(entity: str, record: JsonObject) -> tuple[str, ...]:
    required = _REQUIRED.get(entity, ())
    if entity == "party" and record.get("partyType") == "ORGANIZATION":
        return (*required, "company")
    if entity == "party" and record.get("partyType") == "PERSON":
        return (*required, "lastName")
    return required


def _badly_typed(record: JsonObject) -> list[Flaw]:
    flaws: list[Flaw] = []
    for name, value in record.items():
        if _TIMESTAMP.search(name) and value is not None and not isinstance(value, int):
            flaws.append(Flaw("invalid_value", f"$.{name}", f"{name} is a timestamp in milliseconds"))
        if name in _DECIMALS and value is not None and _decimal(value) is None:
            flaws.append(Flaw("invalid_value", f"$.{name}", f"{name} is a decimal number as a string"))
    return flaws


def _as_weclapp_writes(name: str, value: object) -> object:
    if isinstance(value, float) or (name in _DECIMALS and isinstance(value, int)):
        return str(value)
    if isinstance(value, list):
        elements = as_objects(value)
        if len(elements) == len(value):  # pyright: ignore[reportUnknownArgumentType] - elements are object
            return [{n: _as_weclapp_writes(n, v) for n, v in element.items()} for element in elements]
    return value


def _amounts(order: JsonObject) -> JsonObject:
    items = as_objects(order.get("orderItems"))
    net = sum(
        (
            (_decimal(i.get("quantity")) or Decimal(1)) * (_decimal(i.get("unitPrice")) or Decimal(0))
            for i in items
        ),
        Decimal(0),
    )
    if not items and "netAmount" in order:
        net = _decimal(order["netAmount"]) or Decimal(0)
    cent = Decimal("0.01")
    return {"netAmount": str(net.quantize(cent)), "grossAmount": str((net * _VAT).quantize(cent))}


def _decimal(value: object) -> Decimal | None:
    try:
        return Decimal(str(value))
    except InvalidOperation:
        return None
