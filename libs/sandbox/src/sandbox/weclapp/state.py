"""weclapp's entities in memory: numbered, versioned, stamped."""

import copy
import itertools
import time
from dataclasses import dataclass, field

from sandbox.wire import JsonObject, as_int, as_object, as_objects, as_text, as_texts

FIRST_ID = 1000


class VersionConflict(Exception):
    """The record was changed by someone else since it was read."""


class NoSuchRecord(LookupError):
    """There is no record of this id."""


@dataclass
class Tenant:
    """One weclapp account's records and files."""

    records: dict[str, dict[str, JsonObject]] = field(default_factory=dict[str, dict[str, JsonObject]])
    files: dict[str, bytes] = field(default_factory=dict[str, bytes])
    _ids: "itertools.count[int]" = field(default_factory=lambda: itertools.count(FIRST_ID))

    def all(self, entity: str) -> list[JsonObject]:
        """The records of an entity in the order of their creation."""
        return list(self.records.get(entity, {}).values())

    def get(self, entity: str, record_id: str) -> JsonObject:
        """One record, or NoSuchRecord."""
        try:
            return self.records[entity][record_id]
        except KeyError:
            raise NoSuchRecord(record_id) from None

    def has(self, entity: str, record_id: object) -> bool:
        """Whether the record exists."""
        return str(record_id) in self.records.get(entity, {})

    def create(self, entity: str, properties: JsonObject) -> JsonObject:
        """A new record with an id, version 1 and its dates."""
        wanted = as_text(properties.get("id"))
        record_id = wanted or self._free_id()
        now = now_ms()
        record: JsonObject = {
            **copy.deepcopy(properties),
            "id": record_id,
            "version": "1",
            "createdDate": as_int(properties.get("createdDate"), now),
            "lastModifiedDate": as_int(properties.get("lastModifiedDate"), now),
        }
        self.records.setdefault(entity, {})[record_id] = record
        return record

    def _free_id(self) -> str:
        return next(
            record_id
            for record_id in map(str, self._ids)
            if not any(record_id in kept for kept in self.records.values())
        )

    def update(self, entity: str, record_id: str, properties: JsonObject, *, partial: bool) -> JsonObject:
        """Replace the record (or only what is named) when the version sent is the one held."""
        held = self.get(entity, record_id)
        sent = properties.get("version")
        if sent is not None and str(sent) != held["version"]:
            raise VersionConflict(record_id)
        kept = held if partial else {}
        held_version = as_text(held["version"])
        record: JsonObject = {
            **kept,
            **copy.deepcopy(properties),
            "id": record_id,
            "version": str(int(held_version) + 1),
            "createdDate": held["createdDate"],
            "lastModifiedDate": max(now_ms(), as_int(held["lastModifiedDate"]) + 1),
        }
        # What is null is not there: weclapp leaves it out.
        record = {name: value for name, value in record.items() if value is not None}
        self.records[entity][record_id] = record
        return record

    def delete(self, entity: str, record_id: str) -> None:
        """Remove the record, or NoSuchRecord."""
        self.get(entity, record_id)
        del self.records[entity][record_id]


@dataclass
class WeclappState:
    """All accounts, created when first asked for."""

    tenants: dict[str, Tenant] = field(default_factory=dict[str, Tenant])
    revoked_tokens: set[str] = field(default_factory=set[str])

    def tenant(self, name: str) -> Tenant:
        """The account of this name."""
        return self.tenants.setdefault(name, Tenant())

    def seed(self, data: JsonObject) -> None:
        """Take records per tenant and entity: {"tenants": {"acme": {"party": [{...}]}}}."""
        self.revoked_tokens |= set(as_texts(data.get("revoked_tokens")))
        self.revoked_tokens -= set(as_texts(data.get("restored_tokens")))
        for name, entities in as_object(data.get("tenants")).items():
            for entity, records in as_object(entities).items():
                for record in as_objects(records):
                    self.tenant(name).create(entity, record)


def now_ms() -> int:
    """The present in weclapp's timestamps."""
    return time.time_ns() // 1_000_000
