"""sipgate.io push: `X-Sipgate-Signature`, base64 RSA-SHA256 (PKCS#1 v1.5) over the form, under a key pair of the sandbox's."""

import base64
from functools import cache
from urllib.parse import quote_plus, urlencode

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa

from sandbox.webhooks.request import Outgoing, Wish


@cache
def key_pair() -> rsa.RSAPrivateKey:
    """sipgate's is 4096 bits long; half of that is made in a tenth of the time."""
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


def public_key() -> str:
    """What a receiver verifies with."""
    encoding, form = serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    return key_pair().public_key().public_bytes(encoding, form).decode()


def signed(wish: Wish) -> Outgoing:
    """The form as it is given, else a new call; `secret` is the token in the address, if there is one."""
    call = wish.id("")
    fields = {
        "event": wish.text("type", "newCall"), "direction": "in", "from": "492111234567", "to": "4915791234567",
        "callId": call, "origCallId": call, "user[]": "Alice", "userId[]": "w0", "fullUserId[]": "1234567w0", "xcid": call,
    }  # fmt: skip
    body = wish.body or urlencode(fields, quote_via=quote_plus).encode("ascii")
    signature = key_pair().sign(body, padding.PKCS1v15(), hashes.SHA256())
    url = f"{wish.url}?{urlencode({'token': wish.secret})}" if wish.secret else wish.url
    headers = wish.headers(
        Content_Type="application/x-www-form-urlencoded",
        X_Sipgate_Signature=base64.b64encode(signature).decode(),
    )
    return Outgoing(url, body, headers)
