"""Amazon SNS: notifications and confirmations in its JSON envelope, signed in version 1 or 2."""

import base64
import json
import uuid
from datetime import UTC, datetime

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding

from sandbox.sns.authority import CERTIFICATE, HOST, certified
from sandbox.webhooks.request import Outgoing, Wish

_TOPIC = "arn:aws:sns:eu-central-1:123456789012:inbound"


def signed(wish: Wish) -> Outgoing:
    """The body as message of a notification, or a confirmation by `type`; `signature_version` is 1 or 2."""
    kind, topic = wish.text("type", "Notification"), wish.text("topic_arn", _TOPIC)
    envelope = {
        "Type": kind, "MessageId": wish.text("delivery_id") or str(uuid.uuid4()), "TopicArn": topic,
        "Message": wish.body.decode() or "Grüße", "SignatureVersion": wish.text("signature_version", "2"),
        "Timestamp": datetime.fromtimestamp(wish.second, UTC).strftime("%Y-%m-%dT%H:%M:%S.000Z"),
        "SigningCertURL": f"https://{HOST}{CERTIFICATE}",
    }  # fmt: skip
    if kind == "Notification" and wish.text("subject"):
        envelope["Subject"] = wish.text("subject")
    if kind != "Notification":
        token = uuid.uuid4().hex
        query = f"Action=ConfirmSubscription&TopicArn={topic}&Token={token}"
        envelope |= {"Token": token, "SubscribeURL": f"https://{HOST}/?{query}"}
    envelope["Signature"] = _signature(envelope)
    headers = wish.headers(
        Content_Type="text/plain; charset=UTF-8",
        User_Agent="Amazon Simple Notification Service Agent",
        x_amz_sns_message_type=kind,
        x_amz_sns_topic_arn=topic,
    )
    return Outgoing(wish.url, json.dumps(envelope, indent=2).encode(), headers)


def _signature(envelope: dict[str, str]) -> str:
    """All that is signed stands in the alphabet's order in either kind of message, and nothing else is there yet."""
    unsigned = {"SignatureVersion", "SigningCertURL"}
    lines: list[str] = []
    for name in sorted(envelope.keys() - unsigned):
        lines += [name, envelope[name]]
    text = "\n".join(lines) + "\n"
    digest = hashes.SHA1() if envelope["SignatureVersion"] == "1" else hashes.SHA256()  # noqa: S303 — as version 1 is
    key, _ = certified()
    return base64.b64encode(key.sign(text.encode("utf-8"), padding.PKCS1v15(), digest)).decode()
