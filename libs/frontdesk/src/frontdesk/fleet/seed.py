"""Tenants from a YAML file into tenancy."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from string import Template

import httpx
import yaml
from pydantic import JsonValue, TypeAdapter, ValidationError

_TENANTS = TypeAdapter(dict[str, dict[str, JsonValue]])


class SeedRefused(Exception):
    """Tenancy refused a tenant of the file and said why, or did not answer."""


def read_tenants(file: Path, places: Mapping[str, str]) -> dict[str, dict[str, JsonValue]]:
    """The tenants of a file by id; `${name}` in it stands for one of the places (addresses of vendors).

    Raises `ValueError` when the file is no such YAML or names a place that is not known; it never repeats a value.
    """
    try:
        text = Template(file.read_text(encoding="utf-8")).substitute(places)
        return _TENANTS.validate_python(yaml.safe_load(text))
    except KeyError as error:
        raise ValueError(
            f"{file} names the place {error}, which only the simulated vendors have: write the address itself"
        ) from None
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark is not None else "?"
        raise ValueError(f"{file} is no YAML: {error.problem} (line {line})") from None
    except ValidationError as error:
        place = ".".join(str(step) for step in error.errors()[0]["loc"]) or "the whole"
        raise ValueError(
            f"{file} is no file of tenants, each with its id: {place} is not a mapping"
        ) from None


async def seed(tenancy_url: str, admin_token: str, tenants: Mapping[str, Mapping[str, JsonValue]]) -> None:
    """Bring each tenant to its configuration; again changes nothing. Raises `SeedRefused`."""
    headers = {"Authorization": f"Bearer {admin_token}", "X-Actor": "frontdesk seed"}
    async with httpx.AsyncClient(base_url=tenancy_url, headers=headers, timeout=30, trust_env=False) as http:
        for tenant_id, document in tenants.items():
            try:
                answer = await http.put(f"/api/v1/tenants/{tenant_id}", json=document)
            except httpx.HTTPError as error:
                raise SeedRefused(
                    f"tenancy at {tenancy_url} does not answer ({type(error).__name__}): start the fleet with 'make run'"
                ) from error
            if answer.is_error:
                raise SeedRefused(f"tenant {tenant_id}: {answer.status_code} {_detail(answer)}")


def _detail(answer: httpx.Response) -> str:
    try:
        return str(answer.json()["detail"])
    except (ValueError, KeyError, TypeError):
        return answer.text[:300]
