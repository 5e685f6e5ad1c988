"""weclapp's REST interface, version 2: requests and answers only."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TypeVar

from pydantic import BaseModel, SecretStr

from crm_sync.adapters.weclapp.mapping import EventRecord, ListOf, Made, PartyRecord, TaskRecord
from vendorkit import (
    PUBLIC_ONLY,
    Guard,
    HostGates,
    Limits,
    VendorClient,
    VendorContractBroken,
    VendorRejected,
    VendorUnavailable,
)

CREDENTIAL = "weclapp"
PAGE = 1000
_VENDOR = "weclapp"
_LARGEST_ANSWER = 64 * 1024 * 1024
Query = Mapping[str, str | int | float | bool | None]
_Record = TypeVar("_Record", bound=BaseModel)


class WeclappClient:
    """One company's weclapp. A write without an answer is `VendorUnavailable(ambiguous=True)`, whatever hid it."""

    def __init__(
        self,
        base_url: str,
        token: SecretStr,
        *,
        gates: HostGates,
        limits: Limits | None = None,
        guard: Guard = PUBLIC_ONLY,
    ) -> None:
        self._http = VendorClient(
            _VENDOR,
            base_url,
            credential=CREDENTIAL,
            headers={"AuthenticationToken": token.get_secret_value(), "Accept": "application/json"},
            # weclapp queues what exceeds its limit for up to 30 s; all stays below an effect's lease of two minutes.
            limits=limits or Limits(read=65, total=90, response_bytes=_LARGEST_ANSWER),
            gates=gates,
            guard=guard,
        )

    async def party(self, party_id: str) -> PartyRecord | None:
        """One party, or None when there is none of that id."""
        try:
            return await self._http.get(f"party/id/{party_id}", PartyRecord)
        except VendorRejected as error:
            if error.status == 404:
                return None
            raise

    async def parties(self, **query: str | int) -> Sequence[PartyRecord]:
        """Parties by filters; names as weclapp writes them, with `_` for `-`."""
        return await self._list("party", ListOf[PartyRecord], _filters(query))

    async def tasks_of(self, customer_id: str) -> Sequence[TaskRecord]:
        """A customer's newest tasks."""
        query = {"customerId-eq": customer_id, "sort": "-createdDate,-id", "pageSize": 200}
        return await self._list("task", ListOf[TaskRecord], query)

    async def events_of(self, party_id: str) -> Sequence[EventRecord]:
        """A party's newest log entries."""
        query = {"partyId-eq": party_id, "sort": "-createdDate,-id", "pageSize": 200}
        return await self._list("crmEvent", ListOf[EventRecord], query)

    async def create_party(self, body: Mapping[str, object]) -> PartyRecord:
        """Make a party."""
        return await self._create("party", PartyRecord, body)

    async def create_task(self, body: Mapping[str, object]) -> str:
        """Make a task; returns its id."""
        return (await self._create("task", Made, body)).id

    async def create_event(self, body: Mapping[str, object]) -> str:
        """Write a log entry; returns its id."""
        return (await self._create("crmEvent", Made, body)).id

    async def change_party(self, party: PartyRecord, changes: Mapping[str, object]) -> PartyRecord | None:
        """Change some properties of a party as it was read; None when somebody changed it in the meantime."""
        try:
            return await self._http.request(
                "PUT",
                f"party/id/{party.id}",
                PartyRecord,
                params={"ignoreMissingProperties": "true"},
                json={"version": party.version, **changes},
            )
        except VendorRejected as error:
            if error.status == 409:
                return None
            raise

    async def aclose(self) -> None:
        """Close the connections."""
        await self._http.aclose()

    async def _list(self, entity: str, form: type[ListOf[_Record]], query: Query) -> Sequence[_Record]:
        return (await self._http.get(entity, form, params=query)).result

    async def _create(self, entity: str, form: type[_Record], body: Mapping[str, object]) -> _Record:
        try:
            return await self._http.post(entity, form, json=dict(body))
        except (VendorUnavailable, VendorContractBroken) as error:
            # Also an answer of 500 or one that cannot be read may come after the record was made: look, then repeat.
            after = error.after if isinstance(error, VendorUnavailable) else None
            raise VendorUnavailable(str(error), vendor=_VENDOR, ambiguous=True, after=after) from error


def _filters(query: Mapping[str, str | int]) -> dict[str, str | int]:
    return {name.replace("_", "-"): value for name, value in query.items()}
