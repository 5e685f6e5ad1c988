"""A tenant: what the services may know of a company. No secrets."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, fields
from typing import Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from tenancy.domain.flaws import Flaw
from tenancy.domain.hours import BusinessHours, hours_flaws
from tenancy.domain.licence import Licence
from tenancy.domain.permissions import FLEET

Language = Literal["de", "en"]
RESERVED = frozenset({FLEET})
"""Ids that no company can have."""
LANGUAGES: tuple[Language, ...] = ("de", "en")
# Before the @ ASCII alone: mail servers take no other, and nothing could be sent in the company's name.
_ADDRESS = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~.-]+@[^\s@<>,;]+\.[^\s@<>,;]+")
PLACEHOLDERS = ("year", "month", "date", "person", "category", "object", "filename", "extension")
"""What a template may name: what is known of a document when it is filed."""
_TEMPLATE_FIELD = re.compile(r"\{([a-z_]*)\}")


@dataclass(frozen=True, slots=True)
class Texts:
    """A tenant's own words in one language; they stand in every reply."""

    signature: str
    imprint: str
    ai_notice: str


@dataclass(frozen=True, slots=True)
class RoutingRule:
    """Who answers what: the first rule that fits decides."""

    answer: Literal["ai", "draft", "human"]
    intents: tuple[str, ...] = ()
    channels: tuple[str, ...] = ()
    minimum_confidence: float = 0.0
    hours: Literal["open", "closed"] | None = None


@dataclass(frozen=True, slots=True)
class Tenant:
    """A company. `version` rises with each change of anything in here and of its hooks."""

    tenant_id: str
    name: str
    mailbox: str
    display_name: str
    agent_email: str
    texts: Mapping[Language, Texts]
    version: int = 0
    time_zone: str = "Europe/Vienna"
    language: Language = "de"
    autonomy: Literal["draft", "send"] = "draft"
    rules: tuple[RoutingRule, ...] = ()
    hours: BusinessHours | None = None
    paused: bool = False
    suspended: bool = False
    suspended_because: str = ""
    suspended_by: Literal["", "fleet", "licence"] = ""
    licence: Licence | None = None
    burst_window_seconds: float = 20.0
    replies_per_contact_per_day: int = 10
    replies_per_hour: int = 200
    crm: Literal["weclapp", "builtin"] = "builtin"
    file_store: Literal["onedrive", "local"] = "local"
    folder_template: str = field(default="{year}/{person}/{category}")
    filename_template: str = field(default="{date} {category} {person}{extension}")

    def changes(self, wanted: Tenant) -> tuple[str, ...]:
        """The names of the fields in which `wanted` differs; the version does not count."""
        names = (each.name for each in fields(self) if each.name != "version")
        return tuple(name for name in names if getattr(self, name) != getattr(wanted, name))


def tenant_flaws(tenant: Tenant) -> Iterator[Flaw]:
    """What is wrong with a tenant's profile."""
    if tenant.tenant_id in RESERVED:
        yield Flaw("tenant_id", f"{tenant.tenant_id} is reserved: choose another")
    for name in ("name", "display_name"):
        if not getattr(tenant, name).strip():
            yield Flaw(name, "is empty")
    for name in ("mailbox", "agent_email"):
        if not _ADDRESS.fullmatch(getattr(tenant, name)):
            yield Flaw(name, "is no e-mail address that mail can be sent with (no umlauts before the @)")
    if tenant.mailbox.lower() == tenant.agent_email.lower():
        yield Flaw("agent_email", "is the mailbox itself: drafts mailed there would come in as letters")
    yield from _zone_flaws(tenant.time_zone)
    yield from _text_flaws(tenant.texts)
    yield from _template_flaws(tenant)
    yield from _hours_flaws(tenant)


def _zone_flaws(time_zone: str) -> Iterator[Flaw]:
    try:
        ZoneInfo(time_zone)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        yield Flaw("time_zone", "is no IANA time zone such as Europe/Vienna")


def _hours_flaws(tenant: Tenant) -> Iterator[Flaw]:
    if tenant.hours is not None:
        yield from hours_flaws(tenant.hours)
        return
    for place, rule in enumerate(tenant.rules):
        if rule.hours is not None:
            yield Flaw(
                f"rules/{place}/hours", "asks for business hours, and the company has none: add `hours`"
            )


def _text_flaws(texts: Mapping[Language, Texts]) -> Iterator[Flaw]:
    for language in LANGUAGES:
        words = texts.get(language)
        if words is None:
            yield Flaw(
                f"texts/{language}",
                "is missing: replies in this language need signature, imprint and AI notice",
            )
            continue
        for name in ("signature", "imprint", "ai_notice"):
            if not getattr(words, name).strip():
                yield Flaw(f"texts/{language}/{name}", "is empty; it stands in every reply")


def _template_flaws(tenant: Tenant) -> Iterator[Flaw]:
    for name in ("folder_template", "filename_template"):
        template: str = getattr(tenant, name)
        if not template.strip():
            yield Flaw(name, "is empty")
        elif set(_TEMPLATE_FIELD.sub("", template)) & {"{", "}"}:
            yield Flaw(name, "has a brace that does not close around a name such as {person}")
        elif unknown := sorted(set(_TEMPLATE_FIELD.findall(template)) - set(PLACEHOLDERS)):
            known = ", ".join(f"{{{each}}}" for each in PLACEHOLDERS)
            yield Flaw(name, f"names {', '.join(f'{{{each}}}' for each in unknown)}; there are {known}")
    if ".." in tenant.folder_template.replace("\\", "/").split("/"):
        yield Flaw("folder_template", "must not lead out of its folder with ..")
