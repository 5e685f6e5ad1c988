"""Which settings of real vendors an environment lacks, and what the fleet does without them."""

from __future__ import annotations

import json
from collections.abc import Mapping

from pydantic import JsonValue

_MODELS = {
    "CONVERSATION_MODEL": "replies are written from the built-in templates",
    "OCR_MODEL": "documents are analysed by the built-in rules",
}
_FLEET_SMTP = "NOTIFICATION_FLEET_SMTP_"


def missing(environment: Mapping[str, str]) -> list[str]:
    """A sentence for each vendor that nobody named; what belongs to a tenant is in its credentials."""
    found: list[str] = []
    for name, instead in _MODELS.items():
        if _provider(environment, name) in (None, "offline"):
            found.append(f"{name}__PROVIDER is not set (openai or gemini): {instead}")
    if not environment.get("BILLING_STRIPE_KEY"):
        found.append("BILLING_STRIPE_KEY is not set: use is recorded, and nothing can be bought")
    if not environment.get(f"{_FLEET_SMTP}HOST"):
        found.append(
            f"{_FLEET_SMTP}HOST is not set: an agent is not told when the company's own mail server takes nothing"
        )
    elif not environment.get(f"{_FLEET_SMTP}SENDER"):
        found.append(f"{_FLEET_SMTP}SENDER is not set: the fleet's own mail server has nobody to send as")
    return found


def _provider(environment: Mapping[str, str], name: str) -> JsonValue:
    """Who a model is asked from, as the services read it: by itself, or in the JSON of the whole."""
    if alone := environment.get(f"{name}__PROVIDER"):
        return alone
    try:
        whole: JsonValue = json.loads(environment.get(name) or "{}")
    except ValueError:
        return None  # the service itself says so when it is made
    return whole.get("provider") if isinstance(whole, dict) else None
