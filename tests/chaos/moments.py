"""The worst moments to be killed at, brought about on purpose: once each in every run.

Each is an effect in the world that happens while the process that asked for it never hears of it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import httpx
from flood import Enquiry
from killer import Killer

Moment = Callable[[httpx.AsyncClient, str, Enquiry], Awaitable[None]]
SLOW_SECONDS = 4.0


async def the_mail_server_has_the_letter(http: httpx.AsyncClient, control: str, enquiry: Enquiry) -> None:
    """The reply is accepted, and the 250 never comes: nobody can look it up."""
    hanging = {"server": "smtp", "stage": "message", "action": "accept_then_hang", "address": enquiry.email}
    await _order(http, f"{control}/mail/faults", hanging)
    while not (await http.get(f"{control}/mail/sent", params={"to": enquiry.email})).json()["sent"]:
        await asyncio.sleep(0.1)


async def the_drive_has_the_file(http: httpx.AsyncClient, control: str, _: Enquiry) -> None:
    """An upload is done, and its answer is cut off."""
    fault = {"vendor": "graph", "kind": "commit_then_cut", "method": "PUT"}
    await _until_shown(http, control, await _order(http, f"{control}/faults", fault))


async def the_crm_is_about_to_make_a_customer(http: httpx.AsyncClient, control: str, _: Enquiry) -> None:
    """The CRM will make a customer in a few seconds, for somebody who is dead by then."""
    fault = {
        "vendor": "weclapp",
        "kind": "delay",
        "method": "POST",
        "path": "*/party",
        "seconds": SLOW_SECONDS,
    }
    await _until_shown(http, control, await _order(http, f"{control}/faults", fault))


MOMENTS: dict[str, tuple[str, Moment, str]] = {
    "smtp": (
        "notification",
        the_mail_server_has_the_letter,
        "the mail server has a reply and does not say so",
    ),
    "graph": ("file-management", the_drive_has_the_file, "the drive has a file and its answer is cut off"),
    "weclapp": ("crm-sync", the_crm_is_about_to_make_a_customer, "the CRM takes its time to make a customer"),
}
"""By vendor: whom it kills, what is waited for, and what is said."""


async def kill_at(vendor: str, killer: Killer, enquiry: Enquiry) -> None:
    """Wait for the moment, then kill."""
    victim, moment, words = MOMENTS[vendor]
    async with httpx.AsyncClient(trust_env=False, timeout=30) as http:
        await moment(http, killer.house.vendors.addresses["control"], enquiry)
    killer.say(f"{words}:")
    await killer.kill(victim)


async def _order(http: httpx.AsyncClient, url: str, fault: dict[str, Any]) -> int:
    answer = await http.post(url, json=fault)
    answer.raise_for_status()
    return int(answer.json().get("id", 0))


async def _until_shown(http: httpx.AsyncClient, control: str, number: int) -> None:
    while True:
        faults = (await http.get(f"{control}/faults")).json()["faults"]
        if any(fault["id"] == number and fault["shown"] for fault in faults):
            return
        await asyncio.sleep(0.1)
