"""Entra's sign-in of people: authorization code with PKCE, id tokens signed with RS256, and the public keys."""

import base64
import hashlib
import json
import secrets
import time
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from urllib.parse import urlencode

from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, generate_private_key
from cryptography.hazmat.primitives.hashes import SHA256
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, RedirectResponse, Response

from sandbox.wire import JsonObject, as_object, as_objects, as_text

_CODE_LIFE_SECONDS = 600
_ID_TOKEN_LIFE_SECONDS = 3600


@dataclass(frozen=True)
class Account:
    """Somebody in a directory. `claims` go into his id token, over everything else: also what is false."""

    upn: str
    object_id: str
    directory: str
    name: str
    claims: JsonObject


@dataclass(frozen=True)
class Refusal:
    """Why there is no token, in Entra's words."""

    error: str
    code: int
    description: str


@dataclass
class _Code:
    """What was asked for when the person signed in; a code is good once."""

    account: Account
    client: str
    directory: str
    asked: Mapping[str, str]
    until: float
    used: bool = False


@dataclass
class SignIns:
    """Who signs in, and the codes that were given out."""

    accounts: list[Account] = field(default_factory=list[Account])
    declined: bool = False
    forged: bool = False
    _codes: dict[str, _Code] = field(default_factory=dict[str, _Code])

    def seed(self, data: JsonObject) -> None:
        """People; whether they decline; whether id tokens are signed with a key that is not published."""
        for each in as_objects(data.get("accounts")):
            account = Account(
                as_text(each.get("upn")),
                as_text(each.get("object_id")) or str(uuid.uuid4()),
                as_text(each.get("directory")),
                as_text(each.get("name")),
                as_object(each.get("claims")),
            )
            self.accounts = [known for known in self.accounts if known.upn != account.upn] + [account]
        if "sign_in_declined" in data:
            self.declined = data["sign_in_declined"] is True
        if "id_tokens_forged" in data:
            self.forged = data["id_tokens_forged"] is True

    def authorize(self, request: Request) -> Response:
        """Send the browser back with a code: who is named in `login_hint` signs in, else the one seeded last."""
        asked = dict(request.query_params)
        directory: str = request.path_params["tenant"]
        missing = [name for name in ("client_id", "redirect_uri", "scope") if not asked.get(name)]
        if missing:
            return _page(900144, f"The request must contain the following parameter: '{missing[0]}'.")
        if asked.get("response_type") != "code":
            return self._back(asked, error="unsupported_response_type")
        if self.declined:
            return self._back(asked, error="access_denied", error_description="AADSTS65004: User declined.")
        account = self._who(asked.get("login_hint", ""))
        if account is None or account.directory != directory:
            return _page(50020, "User account does not exist in tenant and cannot access the application.")
        code = secrets.token_urlsafe(40)
        until = time.monotonic() + _CODE_LIFE_SECONDS
        self._codes[code] = _Code(account, asked["client_id"], directory, asked, until)
        return self._back(asked, code=code, session_state=str(uuid.uuid4()))

    def redeem(self, form: Mapping[str, str], client: str, directory: str) -> JsonObject | Refusal:
        """An id token for a code, once, to who asked for it and can show the verifier."""
        found = self._codes.get(form.get("code", ""))
        if found is None or found.client != client or found.directory != directory:
            return Refusal("invalid_grant", 70000, "The provided authorization code is malformed or invalid.")
        if found.used:
            return Refusal("invalid_grant", 54005, "OAuth2 Authorization code was already redeemed.")
        if found.until < time.monotonic():
            return Refusal("invalid_grant", 70008, "The provided authorization code has expired.")
        if form.get("redirect_uri") != found.asked["redirect_uri"]:
            return Refusal("invalid_client", 500112, "The reply address does not match.")
        if not _verified(found.asked, form.get("code_verifier", "")):
            return Refusal("invalid_grant", 501481, "The Code_Verifier does not match the code_challenge.")
        found.used = True
        uid = {"uid": found.account.object_id, "utid": found.account.directory}
        return {
            "id_token": self._id_token(found),
            "scope": found.asked["scope"],
            "client_info": _encoded(json.dumps(uid)),
        }

    def keys(self, _request: Request) -> Response:
        """The public keys of id tokens."""
        numbers = self._key.public_key().public_numbers()
        key = {
            "kty": "RSA", "use": "sig", "alg": "RS256", "kid": self._key_id,
            "n": _encoded(numbers.n.to_bytes(256, "big")), "e": _encoded(numbers.e.to_bytes(3, "big")),
        }  # fmt: skip
        return JSONResponse({"keys": [key]})

    def _who(self, hint: str) -> Account | None:
        fitting = [each for each in self.accounts if not hint or each.upn.casefold() == hint.casefold()]
        return fitting[-1] if fitting else None

    def _back(self, asked: Mapping[str, str], **answer: str) -> Response:
        answer |= {"state": asked["state"]} if "state" in asked else {}
        return RedirectResponse(f"{asked['redirect_uri']}?{urlencode(answer)}", 302)

    def _id_token(self, code: _Code) -> str:
        now, account = int(time.time()), code.account
        claims: JsonObject = {
            "ver": "2.0", "iss": f"https://login.microsoftonline.com/{account.directory}/v2.0", "aud": code.client,
            "iat": now, "nbf": now, "exp": now + _ID_TOKEN_LIFE_SECONDS, "tid": account.directory,
            "oid": account.object_id, "sub": hashlib.sha256(f"{code.client}{account.object_id}".encode()).hexdigest(),
            "name": account.name, "preferred_username": account.upn,
        }  # fmt: skip
        claims |= {"nonce": code.asked["nonce"]} if "nonce" in code.asked else {}
        claims |= account.claims
        head = {"typ": "JWT", "alg": "RS256", "kid": self._key_id}
        signed = f"{_encoded(json.dumps(head))}.{_encoded(json.dumps(claims))}"
        key = generate_private_key(65537, 2048) if self.forged else self._key
        return f"{signed}.{_encoded(key.sign(signed.encode(), PKCS1v15(), SHA256()))}"

    @cached_property
    def _key(self) -> RSAPrivateKey:
        return generate_private_key(65537, 2048)

    @cached_property
    def _key_id(self) -> str:
        return secrets.token_urlsafe(20)


def _verified(asked: Mapping[str, str], verifier: str) -> bool:
    challenge = asked.get("code_challenge")
    if challenge is None:
        return not verifier
    if asked.get("code_challenge_method") != "S256":
        return challenge == verifier
    return challenge == _encoded(hashlib.sha256(verifier.encode()).digest())


def _encoded(value: str | bytes) -> str:
    raw = value.encode() if isinstance(value, str) else value
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def _page(code: int, words: str) -> Response:
    """What Entra shows the person instead of sending him back."""
    return PlainTextResponse(f"Sorry, but we're having trouble signing you in.\nAADSTS{code}: {words}", 400)
