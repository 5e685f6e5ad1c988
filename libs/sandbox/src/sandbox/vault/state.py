"""What the simulated Vault holds."""

import itertools
from dataclasses import dataclass, field
from datetime import UTC, datetime

from sandbox.wire import JsonObject, as_object, as_texts


@dataclass(frozen=True)
class Version:
    """One version of a secret; its data are gone when it was deleted."""

    number: int
    data: JsonObject | None
    created: str
    deleted: str = ""


@dataclass(frozen=True)
class Role:
    """Which service accounts log in, and what they may read then."""

    jwts: frozenset[str]
    paths: frozenset[str]


@dataclass
class VaultState:
    """Everything but the wire."""

    secrets: dict[str, list[Version]] = field(default_factory=dict[str, list[Version]])
    tokens: dict[str, frozenset[str]] = field(default_factory=dict[str, frozenset[str]])
    roles: dict[str, Role] = field(default_factory=dict[str, Role])
    sealed: bool = False
    _numbers: "itertools.count[int]" = field(default_factory=lambda: itertools.count(1))

    def seed(self, data: JsonObject) -> None:
        """See the vendor's FIDELITY.md."""
        for path, values in as_object(data.get("secrets")).items():
            versions = self.secrets.setdefault(path, [])
            versions.append(Version(len(versions) + 1, as_object(values), _now()))
        for path in as_texts(data.get("deleted")):
            versions = self.secrets[path]
            versions[-1] = Version(versions[-1].number, None, versions[-1].created, _now())
        for token, paths in as_object(data.get("tokens")).items():
            self.tokens[token] = frozenset(as_texts(paths))
        for name, role in as_object(data.get("roles")).items():
            known = as_object(role)
            self.roles[name] = Role(
                frozenset(as_texts(known.get("jwts"))), frozenset(as_texts(known.get("paths")))
            )
        self.sealed = bool(data.get("sealed", self.sealed))

    def may_read(self, token: str, path: str) -> bool:
        """Whether a token's policy lets it read a path."""
        paths = self.tokens.get(token, frozenset())
        return path in paths or "*" in paths

    def version(self, path: str, number: int) -> Version | None:
        """A version of a secret, the newest for 0."""
        versions = self.secrets.get(path, [])
        if number == 0:
            return versions[-1] if versions else None
        return versions[number - 1] if 0 < number <= len(versions) else None

    def new_token(self, role: Role) -> str:
        """A token with a role's rights."""
        token = f"hvs.sandbox-{next(self._numbers):06d}"
        self.tokens[token] = role.paths
        return token


def _now() -> str:
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
