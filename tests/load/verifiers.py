"""Webhooks of every kind of sender, signed by the simulated vendors, accepted by one gateway process."""

from __future__ import annotations

import base64
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from itertools import count
from pathlib import Path
from tempfile import TemporaryDirectory
from time import time
from urllib.parse import urlsplit
from uuid import uuid4

from figures import Figure, beside
from ground import Ground, number
from pydantic import JsonValue
from services import gateway_process

from contracts.tenants.hooks import KINDS
from frontdesk.fleet.vendors import OUTWARD_ALLOW
from sandbox.sns.routes import Sns
from sandbox.webhooks import sipgate
from sandbox.webhooks.fire import SENDERS
from sandbox.webhooks.request import Outgoing, Wish
from testkit.door import served
from testkit.service import free_port
from testkit.tenancy import TenancyStub, tenancy_stub

NAMES = tuple(f"{figure}_{kind}" for kind in KINDS for figure in ("verify_accept", "verify_p99"))
PUBLIC = "https://hooks.bench.test"
SECRET = "a-secret-for-all-the-senders"
SETTINGS: dict[str, dict[str, JsonValue]] = {
    "whatsapp": {"verify_token": SECRET},
    "sns": {"topic_arns": ["arn:aws:sns:eu-central-1:123456789012:inbound"]},
    "widget": {"allowed_origins": ["https://www.muster.test"]},
    "sipgate": {"url_token": SECRET},
}
_DELIVERIES = count(int(time() * 1000))
OPEN_RATE = 200.0
OPEN_SECONDS = 2.0
REQUESTS = 6000
"""As many are signed for the closed load: RSA keys sign slowly."""


async def measure(ground: Ground, names: Sequence[str]) -> list[Figure]:
    """Each kind beside the generic one, whose verifier is the cheapest: all out, then 200 a second."""
    await ground.run("prepare_gateway")
    found: dict[str, tuple[float, float]] = {}
    async with _gateway(ground) as port:
        await _accept(ground, port, "hmac")  # warm up
        for kind in KINDS:
            if kind == "hmac" or not names or any(name.endswith(f"_{kind}") for name in names):
                found[kind] = (await _accept(ground, port, kind), await _p99(ground, port, kind))
    figures: list[Figure] = []
    for kind, (rate, p99) in found.items():
        figures.append(beside(f"verify_accept_{kind}", [rate], "webhooks/s", [found["hmac"][0]]))
        figures.append(beside(f"verify_p99_{kind}", [p99], "ms", [found["hmac"][1]]))
    return [figure for figure in figures if figure.name in names]


async def _accept(ground: Ground, port: int, kind: str) -> float:
    answer = await _load(ground, port, kind, requests=REQUESTS, seconds=1.0, rate=None)
    return number(answer, "rate")


async def _p99(ground: Ground, port: int, kind: str) -> float:
    requests = int(OPEN_RATE * OPEN_SECONDS) + 50
    answer = await _load(ground, port, kind, requests=requests, seconds=OPEN_SECONDS, rate=OPEN_RATE)
    return number(answer, "p99_ms")


async def _load(
    ground: Ground, port: int, kind: str, *, requests: int, seconds: float, rate: float | None
) -> dict[str, JsonValue]:
    with TemporaryDirectory() as folder:
        file = Path(folder) / "requests"
        file.write_bytes(b"\n".join(base64.b64encode(_request(kind, port)) for _ in range(requests)))
        answer = await ground.run(
            "http_load", port=port, file=str(file), connections=32, seconds=seconds, rate=rate,
            requests=requests,
        )  # fmt: skip
    # sipgate waits for words of the telephone service, which is not there: 200 with the safe answer.
    good = "known" if kind == "sipgate" else "accepted"
    if number(answer, "others") or number(answer, "lost") or number(answer, good) < 0.99 * _answered(answer):
        raise AssertionError(f"webhooks of {kind} were not accepted: {answer['statuses']}")
    return answer


def _answered(answer: dict[str, JsonValue]) -> float:
    return number(answer, "accepted") + number(answer, "known")


def _request(kind: str, port: int) -> bytes:
    path = f"/webhooks/{kind}/h-{kind}"
    fields: dict[str, JsonValue] = {
        "url": f"http://127.0.0.1:{port}{path}", "signed_url": PUBLIC + path, "secret": SECRET,
    }  # fmt: skip
    if kind in {"hmac", "twilio"}:
        words = base64.b64encode(f'{{"number":"{uuid4()}"}}'.encode()).decode()
        fields |= {"body": words, "content_type": "application/json"}
    if kind in {"weclapp", "hubspot", "telegram"}:  # the others mint an id of their own
        fields["delivery_id"] = str(next(_DELIVERIES))
    outgoing: Outgoing = SENDERS["generic" if kind == "hmac" else kind](Wish.of(fields))
    target = urlsplit(outgoing.url)
    query = f"?{target.query}" if target.query else ""
    headers = "".join(f"{name}: {value}\r\n" for name, value in outgoing.headers.items())
    head = f"POST {target.path}{query} HTTP/1.1\r\nHost: 127.0.0.1\r\n{headers}Content-Length: {len(outgoing.body)}\r\n\r\n"
    return head.encode() + outgoing.body


@asynccontextmanager
async def _gateway(ground: Ground) -> AsyncIterator[int]:
    port = free_port()
    async with tenancy_stub() as tenancy, served(Sns().routes()) as certificates:
        _register(tenancy)
        settings = {
            "GATEWAY_PUBLIC_URL": PUBLIC,
            "GATEWAY_SNS_STAND_IN": certificates,
            "FRONTDESK_OUTWARD_ALLOW": OUTWARD_ALLOW,
            "GATEWAY_LIMIT_ADDRESS": "1000000/minute",
        }
        async with gateway_process(ground, port, tenancy.url, **settings):
            yield port


def _register(tenancy: TenancyStub) -> None:
    for kind, needs in KINDS.items():
        secrets: list[str] = [SECRET] if needs.secret is not None else []
        if kind == "sipgate":
            secrets = [sipgate.public_key()]
        tenancy.hooks.append(
            {"hook_id": f"h-{kind}", "tenant_id": "tenant-00", "source": kind, "verifier": kind, "secrets": secrets,
             "settings": SETTINGS.get(kind, {})}
        )  # fmt: skip
