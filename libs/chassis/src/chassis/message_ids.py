"""Message-IDs of our own mail: the same for the same reply, and recognisable when they come back.

The loop guard, the Sent folder's reader and the sender must agree on what is ours, without asking each other and
without a header that would tell a customer whose software it is.
"""

from __future__ import annotations

import hashlib
import hmac
import re

from pydantic import SecretStr

from chassis.settings import derive

_FORM = re.compile(r"<?([0-9a-f]{24})\.([0-9a-f]{16})@[^>\s]+>?")


def own_message_id(master_key: SecretStr, tenant_id: str, key: str, domain: str) -> str:
    """The Message-ID of what we send for `key` (such as lead:turn:purpose), in angle brackets (RFC 5322, 3.6.4)."""
    name = hashlib.sha256(f"{tenant_id}\x1f{key}".encode()).hexdigest()[:24]
    return f"<{name}.{_mark(master_key, tenant_id, name)}@{domain}>"


def is_own_message_id(master_key: SecretStr, tenant_id: str, message_id: str) -> bool:
    """Whether a Message-ID was made by `own_message_id` for this tenant; the domain does not count."""
    found = _FORM.fullmatch(message_id.strip())
    return found is not None and hmac.compare_digest(found[2], _mark(master_key, tenant_id, found[1]))


def _mark(master_key: SecretStr, tenant_id: str, name: str) -> str:
    secret = derive(master_key, "message-id")
    return hmac.new(secret.encode(), f"{tenant_id}\x1f{name}".encode(), hashlib.sha256).hexdigest()[:16]
