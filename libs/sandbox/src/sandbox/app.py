"""The sandbox's composition root: one mount per vendor, the control plane beside them."""

from collections.abc import Sequence
from dataclasses import dataclass

from starlette.applications import Starlette
from starlette.routing import BaseRoute, Mount
from starlette.types import ASGIApp

from sandbox.captcha.routes import Captcha
from sandbox.control import ControlPlane
from sandbox.gate import VendorGate
from sandbox.gemini.routes import Gemini
from sandbox.graph.routes import Graph
from sandbox.openai.routes import OpenAI
from sandbox.push.routes import Push
from sandbox.sns.routes import Sns
from sandbox.stripe.control import StripeControl
from sandbox.stripe.routes import Stripe
from sandbox.vault.routes import Vault
from sandbox.vendor import Vendor
from sandbox.weclapp.routes import Weclapp


@dataclass(frozen=True)
class Sandbox:
    """The program's parts: what is served, and what steers it."""

    asgi: ASGIApp
    control: ControlPlane


def create_sandbox(mail_routes: Sequence[BaseRoute] = ()) -> Sandbox:
    """Put the vendors together; the mail servers' control routes go under /_sandbox/mail."""
    stripe = Stripe()
    vendors: dict[str, Vendor] = {
        vendor.name: vendor
        for vendor in (OpenAI(), Gemini(), Weclapp(), Graph(), Vault(), Sns(), Captcha(), Push(), stripe)
    }
    control = ControlPlane(vendors)
    mounts: list[BaseRoute] = [Mount(f"/{name}", routes=list(v.routes())) for name, v in vendors.items()]
    steering: list[BaseRoute] = [
        Mount("/mail", routes=list(mail_routes)),
        Mount("/stripe", routes=StripeControl(stripe).routes()),
        *control.routes(),
    ]
    inner = Starlette(routes=[Mount("/_sandbox", routes=steering), *mounts])
    gate = VendorGate(inner, vendors, control.journal, control.faults, control.latencies)
    return Sandbox(gate, control)


def http_addresses(base: str) -> dict[str, str]:
    """Each vendor's base URL; `{tenant}` stands for the weclapp tenant."""
    return {
        "sandbox": base,
        "control": f"{base}/_sandbox",
        "openai": f"{base}/openai/v1",
        "gemini": f"{base}/gemini",
        "weclapp": f"{base}/weclapp/{{tenant}}/webapp/api/v2",
        "graph": f"{base}/graph/v1.0",
        "graph_login": f"{base}/graph/login",
        "sns": f"{base}/sns",
        "captcha": f"{base}/captcha/siteverify",
        "vault": f"{base}/vault",
        "push": f"{base}/push",
        "stripe": f"{base}/stripe",
    }
