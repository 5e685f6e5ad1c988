"""Entra's token endpoint: client credentials, authorization codes, expiring tokens, OIDC discovery."""

import base64
import json
import secrets
import time
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import parse_qs

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from sandbox.graph.sign_in import Refusal, SignIns
from sandbox.wire import JsonObject, as_int, as_objects, as_text, as_texts

_DEFAULT_LIFETIME_SECONDS = 3599
_REAL_LOGIN = "https://login.microsoftonline.com"


@dataclass
class Tokens:
    """Who may have a token, and which tokens are good."""

    lifetime_seconds: int = _DEFAULT_LIFETIME_SECONDS
    public_login: str = _REAL_LOGIN
    clients: dict[str, str] = field(default_factory=dict[str, str])
    revoked_clients: set[str] = field(default_factory=set[str])
    sign_ins: SignIns = field(default_factory=SignIns)
    _good_until: dict[str, float] = field(default_factory=dict[str, float])

    def seed(self, data: JsonObject) -> None:
        """Registered clients, revoked ones, life of a token, or all tokens expired at once."""
        for client in as_objects(data.get("clients")):
            self.clients[as_text(client.get("client_id"))] = as_text(client.get("client_secret"))
            self.revoked_clients.discard(as_text(client.get("client_id")))
        self.revoked_clients |= set(as_texts(data.get("revoked_clients")))
        self.lifetime_seconds = as_int(data.get("token_lifetime_seconds"), self.lifetime_seconds)
        self.public_login = as_text(data.get("public_login")) or self.public_login
        self.sign_ins.seed(data)
        if data.get("expire_tokens") is True:
            self._good_until.clear()

    def is_good(self, token: str) -> bool:
        """Whether the token was given out here and has not expired."""
        return self._good_until.get(token, 0.0) > time.monotonic()

    async def discovery(self, request: Request) -> Response:
        """The OIDC document, with Entra's own https addresses, as msal demands."""
        base = f"{self.public_login}/{request.path_params['tenant']}"
        return JSONResponse(
            {
                "issuer": f"{base}/v2.0",
                "authorization_endpoint": f"{base}/oauth2/v2.0/authorize",
                "token_endpoint": f"{base}/oauth2/v2.0/token",
                "jwks_uri": f"{base}/discovery/v2.0/keys",
                "token_endpoint_auth_methods_supported": ["client_secret_post", "client_secret_basic"],
                "response_types_supported": ["code"],
                "subject_types_supported": ["pairwise"],
                "id_token_signing_alg_values_supported": ["RS256"],
            }
        )

    async def instances(self, _request: Request) -> Response:
        """Entra's own names; msal asks for them when it looks into its cache."""
        host = self.public_login.removeprefix("https://")
        names = {"preferred_network": host, "preferred_cache": host, "aliases": [host]}
        endpoint = f"{self.public_login}/common/v2.0/.well-known/openid-configuration"
        return JSONResponse(
            {"tenant_discovery_endpoint": endpoint, "api-version": "1.1", "metadata": [names]}
        )

    async def token(self, request: Request) -> Response:
        """Client credentials or an authorization code → tokens, or Entra's error."""
        form = {name: values[0] for name, values in parse_qs((await request.body()).decode()).items()}
        client, secret = _client(request, form)
        directory: str = request.path_params["tenant"]
        kind = form.get("grant_type")
        if kind not in ("client_credentials", "authorization_code"):
            return _refused(
                400, "unsupported_grant_type", 70003, "The app requested an unsupported grant type."
            )
        if kind == "client_credentials" and not form.get("scope", "").endswith("/.default"):
            return _refused(
                400,
                "invalid_scope",
                70011,
                "The provided value for the input parameter 'scope' is not valid.",
            )
        refused = self._client_refused(client, secret, form)
        if refused is not None:
            return refused
        also: JsonObject = {}
        if kind == "authorization_code":
            redeemed = self.sign_ins.redeem(form, client, directory)
            if isinstance(redeemed, Refusal):
                return _refused(400, redeemed.error, redeemed.code, redeemed.description)
            also = redeemed
        token = _token_for(client, directory, self.lifetime_seconds)
        self._good_until[token] = time.monotonic() + self.lifetime_seconds
        life = self.lifetime_seconds
        return JSONResponse(
            {
                "token_type": "Bearer",
                "expires_in": life,
                "ext_expires_in": life,
                "access_token": token,
                **also,
            },
            headers={"Cache-Control": "no-store"},
        )

    def _client_refused(self, client: str, secret: str, form: Mapping[str, str]) -> Response | None:
        if not client:
            return _refused(400, "invalid_request", 900144, "The request body must contain 'client_id'.")
        if client in self.revoked_clients or (self.clients and client not in self.clients):
            return _refused(
                400, "unauthorized_client", 700016, f"Application '{client}' was not found in the directory."
            )
        if (not secret and "client_assertion" not in form) or self.clients.get(client, secret) != secret:
            return _refused(401, "invalid_client", 7000215, "Invalid client secret provided.")
        return None


def _client(request: Request, form: Mapping[str, str]) -> tuple[str, str]:
    scheme, _, encoded = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() == "basic":
        client, _, secret = base64.b64decode(encoded).decode().partition(":")
        return client, secret
    return form.get("client_id", ""), form.get("client_secret", "")


def _token_for(client: str, tenant: str, lifetime: int) -> str:
    """Shaped like a JWT; nobody but the sandbox itself checks it."""
    now = int(time.time())
    claims = {
        "aud": "https://graph.microsoft.com",
        "appid": client,
        "tid": tenant,
        "iat": now,
        "exp": now + lifetime,
    }
    parts = [json.dumps({"typ": "JWT", "alg": "RS256"}), json.dumps(claims), secrets.token_hex(32)]
    return ".".join(base64.urlsafe_b64encode(part.encode()).rstrip(b"=").decode() for part in parts)


def _refused(status: int, error: str, code: int, description: str) -> Response:
    correlation = str(uuid.uuid4())
    return JSONResponse(
        {
            "error": error,
            "error_description": f"AADSTS{code}: {description} Correlation ID: {correlation}",
            "error_codes": [code],
            "timestamp": time.strftime("%Y-%m-%d %H:%M:%SZ", time.gmtime()),
            "trace_id": str(uuid.uuid4()),
            "correlation_id": correlation,
        },
        status_code=status,
    )
