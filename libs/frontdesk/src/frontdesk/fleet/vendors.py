"""The simulated vendors as a program beside the fleet."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

OUTWARD_ALLOW = "127.0.0.0/8,::1"
"""What the simulated vendors need of FRONTDESK_OUTWARD_ALLOW: they answer on this machine."""

START_SECONDS, STOP_SECONDS = 30.0, 20.0


@dataclass(frozen=True)
class Vendors:
    """Where the simulated vendors answer, by name."""

    addresses: Mapping[str, str]

    def environment(self) -> dict[str, str]:
        """What the services' settings say when the vendors are the simulated ones."""
        # Shorter than a turn waits for its documents: a model that hangs must not make it late.
        limits = {"timeout_s": 15, "time_limit_s": 20}
        model = json.dumps(
            {"provider": "openai", "base_url": self.addresses["openai"], "api_key": "sandbox", **limits}
        )
        host, port = self.addresses["smtp"].split(":")
        return {
            "FRONTDESK_OUTWARD_ALLOW": OUTWARD_ALLOW,
            "CONVERSATION_MODEL": model,
            "OCR_MODEL": model,
            "TENANCY_MICROSOFT_AUTHORITY_URL": self.addresses["graph_login"],
            "TENANCY_MICROSOFT_CLIENT_ID": "sandbox",
            "TENANCY_MICROSOFT_CLIENT_SECRET": "sandbox",
            "BILLING_STRIPE_URL": self.addresses["stripe"],
            "BILLING_STRIPE_KEY": "sk_test_sandbox",
            "NOTIFICATION_FLEET_SMTP_HOST": host,
            "NOTIFICATION_FLEET_SMTP_PORT": port,
            "NOTIFICATION_FLEET_SMTP_USERNAME": "fleet@frontdesk.test",
            "NOTIFICATION_FLEET_SMTP_PASSWORD": "fleet-password",
            "NOTIFICATION_FLEET_SMTP_SENDER": "fleet@frontdesk.test",
            "NOTIFICATION_FLEET_SMTP_CA_FILE": self.addresses["ca"],
        }


@asynccontextmanager
async def simulated_vendors(folder: Path) -> AsyncIterator[Vendors]:
    """Run `python -m sandbox` for as long as the block lasts. Raises `RuntimeError` when it does not start."""
    folder.mkdir(parents=True, exist_ok=True)
    log = folder / "log"
    with log.open("w") as output:
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "sandbox", "--port", "0", "--state-dir", str(folder / "state"),
            stdin=subprocess.DEVNULL, stdout=output, stderr=output, start_new_session=True,
        )  # fmt: skip
    try:
        yield Vendors(await _addresses(process, log))
    finally:
        await _stop(process)


async def _stop(process: asyncio.subprocess.Process) -> None:
    """End the program in order; one that does not listen is killed with its children, so that nobody waits for ever."""
    if process.returncode is not None:
        return
    process.terminate()
    try:
        async with asyncio.timeout(STOP_SECONDS):
            await process.wait()
    except TimeoutError:
        os.killpg(process.pid, signal.SIGKILL)
        await process.wait()


async def _addresses(process: asyncio.subprocess.Process, log: Path) -> dict[str, str]:
    """What the program prints once it serves."""
    for _ in range(int(START_SECONDS * 20)):
        for line in log.read_text().splitlines():
            if line.startswith("{"):
                addresses: dict[str, str] = json.loads(line)
                return addresses
        if process.returncode is not None:
            break
        await asyncio.sleep(0.05)
    raise RuntimeError(f"the simulated vendors did not start:\n{log.read_text()[-2000:]}")
