"""Tenants for a fleet that is not this checkout's, as in containers."""

from __future__ import annotations

from pathlib import Path

import httpx

from frontdesk.fleet.vendors import simulated_vendors
from frontdesk.play.furnishing import furnish_elsewhere
from tenancy.app import create_service
from testkit.service import running

TENANTS = Path(__file__).parents[4] / "deploy" / "tenants.yaml"


async def test_a_fleet_elsewhere_gets_its_tenants_and_its_simulated_vendors_their_mailboxes(
    environment: dict[str, str], tmp_path: Path
) -> None:
    async with simulated_vendors(tmp_path) as vendors, running(create_service, environment) as tenancy:
        url = vendors.addresses["sandbox"]
        brought = await furnish_elsewhere(
            url,
            str(tenancy.http.base_url),
            environment["FRONTDESK_ADMIN_TOKEN"],
            TENANTS,
            "http://gateway:8080",
        )
        smtp = (await tenancy.http.get("/internal/tenants/muster-immobilien/credentials/smtp")).json()[
            "values"
        ]
        async with httpx.AsyncClient(base_url=url, trust_env=False) as http:
            boxes = (await http.get("/_sandbox/mail/mailboxes")).json()["mailboxes"]
            stripe = (await http.get("/_sandbox/state", params={"vendor": "stripe"})).text

    assert brought.keys() == {"muster-immobilien", "vorsicht-makler"}
    assert f"{smtp['host']}:{smtp['port']}" == vendors.addresses["smtp"]
    assert "http://gateway:8080/webhooks/stripe/" in stripe
    assert smtp["ca_pem"].startswith("-----BEGIN CERTIFICATE-----")
    assert {
        "fleet@frontdesk.test",
        "anna.berger@muster-immobilien.test",
        "office@vorsicht-makler.test",
    } <= set(boxes)
