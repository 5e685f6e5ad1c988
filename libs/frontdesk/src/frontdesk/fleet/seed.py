"""Tenants from a YAML file into tenancy."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from string import Template

import httpx
import yaml
from pydantic import JsonValue, TypeAdapter

_TENANTS = TypeAdapter(dict[str, dict[str, JsonValue]])


class SeedRefused(Exception):
    """Tenancy refused a tenant of the file, and said why."""


def read_tenants(file: Path, places: Mapping[str, str]) -> dict[str, dict[str, JsonValue]]:
    """The tenants of a file by id; `${name}` in it stands for one of the places (addresses of vendors).

    Raises `ValueError` when the file is no such YAML, `KeyError` when it names a place that is not known.
    """
    text = Template(file.read_text(encoding="utf-8")).substitute(places)
    return _TENANTS.validate_python(yaml.safe_load(text))


async def seed(tenancy_url: str, admin_token: str, tenants: Mapping[str, Mapping[str, JsonValue]]) -> None:
    """Bring each tenant to its configuration; again changes nothing. Raises `SeedRefused`."""
    headers = {"Authorization": f"Bearer {admin_token}", "X-Actor": "frontdesk seed"}
    async with httpx.AsyncClient(base_url=tenancy_url, headers=headers, timeout=30, trust_env=False) as http:
        for tenant_id, document in tenants.items():
            answer = await http.put(f"/api/v1/tenants/{tenant_id}", json=document)
            if answer.is_error:
                raise SeedRefused(f"tenant {tenant_id}: {answer.json().get('detail', answer.text)}")
