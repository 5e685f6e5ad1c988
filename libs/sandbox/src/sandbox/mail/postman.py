"""Letters into mailboxes: from outside by the control plane, and from our own SMTP server."""

from __future__ import annotations

from collections.abc import Iterator
from email.utils import format_datetime

from sandbox.mail.arrival import header_from, received, submitted_verdict
from sandbox.mail.mailboxes import Letter, Mailboxes
from sandbox.mail.payloads import DeliverManyPayload, DeliverPayload, Generate
from sandbox.mail.records import AcceptedMail


class Postman:
    """Puts letters where they belong."""

    def __init__(self, mailboxes: Mailboxes) -> None:
        self._mailboxes = mailboxes

    def deliver(self, order: DeliverPayload) -> int:
        """Deliver one letter from outside to each recipient, and return how many copies were put."""
        mail_from = header_from(order.raw_base64) if order.mail_from is None else order.mail_from
        verdict = order.authentication.model_dump() if order.authentication is not None else None
        delivered = 0
        for recipient in order.recipients:
            raw = order.raw_base64
            if not order.exact:
                raw = received(
                    raw,
                    mail_from=mail_from,
                    recipient=recipient,
                    authentication=verdict,
                    authserv_id=order.authserv_id,
                    at=order.received_at,
                )
            letter = Letter(raw, order.received_at, frozenset(order.flags))
            delivered += self._mailboxes.put(recipient, order.folder, [letter])
        return delivered

    def deliver_many(self, order: DeliverManyPayload) -> int:
        """Fill a folder with history, exactly as given or generated."""
        if order.generate is not None:
            letters = _old_letters(order.to, order.generate)
        else:
            letters = (Letter(old.raw_base64, old.received_at, frozenset(old.flags)) for old in order.letters)
        return self._mailboxes.put(order.to, order.folder, letters)

    async def carry(self, mail: AcceptedMail) -> None:
        """Deliver what our SMTP server accepted to those recipients who have a mailbox here."""
        for recipient in dict.fromkeys(mail.recipients):
            if self._mailboxes.has(recipient):
                raw = received(
                    mail.raw,
                    mail_from=mail.mail_from,
                    recipient=recipient,
                    authentication=submitted_verdict(mail.raw, mail.user),
                )
                self._mailboxes.put(recipient, "INBOX", [Letter(raw)])


def _old_letters(to: str, order: Generate) -> Iterator[Letter]:
    step = (order.last - order.first) / max(order.count - 1, 1)
    for number in range(order.count):
        moment = order.first + step * number
        raw = (
            f"From: Kundin {number} <kundin{number}@alt.example>\r\n"
            f"To: {to}\r\n"
            f"Subject: Anfrage {number} aus dem Archiv\r\n"
            f"Date: {format_datetime(moment)}\r\n"
            f"Message-ID: <archive-{number}-{int(moment.timestamp())}@alt.example>\r\n"
            "MIME-Version: 1.0\r\n"
            "Content-Type: text/plain; charset=utf-8\r\n"
            "Content-Transfer-Encoding: 8bit\r\n\r\n"
            f"Guten Tag,\r\n\r\nist die Wohnung W-{1000 + number} noch frei? Schöne Grüße\r\nKundin {number}\r\n"
        )
        yield Letter(raw.encode(), moment, frozenset({"\\Seen"} if order.seen else ()))
