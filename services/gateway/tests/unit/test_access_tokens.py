from __future__ import annotations

import hmac
import json
from base64 import urlsafe_b64encode
from time import time

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from gateway.adapters.access_tokens import SignedTokens
from gateway.application.api_ports import TokenRefused
from testkit.door import Issuer

ISSUER = Issuer()
TOKENS = SignedTokens()


def read(token: str) -> object:
    assert TOKENS.key_id(token) == "k1"
    return TOKENS.read(token, ISSUER.jwk)


def encoded(part: dict[str, object]) -> str:
    return urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=").decode()


def test_a_sound_token_says_who_calls() -> None:
    claims = TOKENS.read(ISSUER.token(scope="leads:read leads:write", role="tenant_admin"), ISSUER.jwk)

    assert (claims.user_id, claims.tenant_id, claims.role, claims.session_id, claims.key_id) == (
        "u1", "muster", "tenant_admin", "s1", "k1",
    )  # fmt: skip
    assert claims.scopes == {"leads:read", "leads:write"}


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"exp": int(time()) - 1}, "expired"),
        ({"aud": "another-api"}, "somebody else"),
        ({"aud": ["frontdesk-api", "another-api"]}, "somebody else"),
        ({"iss": "evil"}, "somebody else"),
        ({"exp": None}, "no access token"),
        ({"aud": None}, "no access token"),
        ({"sid": None}, "no access token"),
        ({"tenant": "../other"}, "no access token"),
        ({"tenant": 7}, "no access token"),
        ({"scope": "leads:read\r\nX-Evil: 1"}, "no access token"),
        ({"sub": "u1 key:7"}, "no access token"),
        ({"iat": int(time()) + 3600}, "no access token"),
        ({"nbf": int(time()) + 3600}, "no access token"),
    ],
)
def test_a_token_that_is_over_for_others_or_incomplete_is_refused(
    changes: dict[str, object], words: str
) -> None:
    with pytest.raises(TokenRefused, match=words):
        read(ISSUER.token(**changes))


def test_a_token_of_another_type_is_refused() -> None:
    for typ in ("JWT", "rt+jwt", None):
        with pytest.raises(TokenRefused, match="something else"):
            TOKENS.key_id(ISSUER.signed(ISSUER.claims(), typ=typ))


def test_a_token_without_a_signature_is_refused() -> None:
    for alg in ("none", "None", "NONE"):
        token = f"{encoded({'alg': alg, 'typ': 'at+jwt', 'kid': 'k1'})}.{encoded(ISSUER.claims())}."
        with pytest.raises(TokenRefused, match="EdDSA"):
            TOKENS.key_id(token)
        with pytest.raises(TokenRefused):
            TOKENS.read(token, ISSUER.jwk)


def test_our_public_key_is_no_secret_to_sign_with() -> None:
    pem = ISSUER.private.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    for secret in (ISSUER.raw, pem, ISSUER.jwk["x"].encode()):
        signed = f"{encoded({'alg': 'HS256', 'typ': 'at+jwt', 'kid': 'k1'})}.{encoded(ISSUER.claims())}"
        mac = urlsafe_b64encode(hmac.digest(secret, signed.encode(), "sha256")).rstrip(b"=").decode()
        with pytest.raises(TokenRefused, match="EdDSA"):
            TOKENS.key_id(f"{signed}.{mac}")
        with pytest.raises(TokenRefused):
            TOKENS.read(f"{signed}.{mac}", ISSUER.jwk)


def test_a_key_that_a_token_brings_along_is_not_used() -> None:
    other = Issuer()
    rsa = generate_private_key(65537, 2048)
    with pytest.raises(TokenRefused):
        read(other.signed(other.claims(), jwk=other.jwk))
    with pytest.raises(TokenRefused, match="EdDSA"):
        TOKENS.key_id(jwt.encode(ISSUER.claims(), rsa, "RS256", {"typ": "at+jwt", "kid": "k1"}))


def test_a_changed_token_is_refused() -> None:
    head, _, signature = ISSUER.token().split(".")
    with pytest.raises(TokenRefused):
        read(f"{head}.{encoded(ISSUER.claims(role='super_admin'))}.{signature}")
    with pytest.raises(TokenRefused):
        TOKENS.key_id("a.b.c")


def test_only_a_public_key_of_ed25519_verifies() -> None:
    token = ISSUER.token()
    private = {**ISSUER.jwk, "d": ISSUER.jwk["x"]}
    symmetric = {"kty": "oct", "k": ISSUER.jwk["x"]}
    for key in (private, symmetric, {**ISSUER.jwk, "crv": "X25519"}, {}, {**ISSUER.jwk, "x": "AAAA"}):
        with pytest.raises(TokenRefused):
            TOKENS.read(token, key)
    assert isinstance(ISSUER.private, Ed25519PrivateKey)


def test_a_token_with_headers_that_must_be_understood_is_refused() -> None:
    with pytest.raises(TokenRefused):
        TOKENS.key_id(ISSUER.signed(ISSUER.claims(), crit=["b64"]))
