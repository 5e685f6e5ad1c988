"""Secrets that people and programs carry: they name their tenant and their row in clear, and are kept as hashes alone.

The tenant stands in clear so that the database can be bound to it before anything is looked up. The secret has 256
random bits, so that a plain SHA-256 of it is as good as any slow hash.
"""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
from dataclasses import dataclass

_TENANT = r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?"
_FORM = re.compile(rf"(fd[a-z])_({_TENANT})_([0-9a-f-]{{16,36}})_([A-Za-z0-9_-]{{43}})")

API_KEY, REFRESH, INVITATION, PASSWORD_LINK = "fdk", "fdr", "fdi", "fdp"


@dataclass(frozen=True, slots=True)
class Token:
    """A secret with its address: kind, tenant, row."""

    kind: str
    tenant_id: str
    row_id: str
    secret: str

    def __str__(self) -> str:
        """As it is handed out, once."""
        return f"{self.kind}_{self.tenant_id}_{self.row_id}_{self.secret}"

    def __repr__(self) -> str:
        return f"Token({self.kind}, {self.tenant_id}, {self.row_id}, …)"

    @property
    def hash(self) -> str:
        """What is kept of it."""
        return hashlib.sha256(self.secret.encode()).hexdigest()

    def fits(self, kept: str) -> bool:
        """Whether this is the secret of a kept hash; as long as for any other."""
        return hmac.compare_digest(self.hash, kept)


def new_token(kind: str, tenant_id: str, row_id: str) -> Token:
    """A new secret for a row."""
    return Token(kind, tenant_id, row_id, secrets.token_urlsafe(32))


def read_token(kind: str, text: str) -> Token | None:
    """The token in a text; None when it is none of that kind."""
    found = _FORM.fullmatch(text.strip())
    return Token(*found.groups()) if found is not None and found[1] == kind else None
