"""Links that log in or set a password: made, and mailed so that they lie in clear nowhere."""

from __future__ import annotations

from dataclasses import dataclass

from contracts.messages.v1 import SendEmail
from tenancy.application.secret_ports import Hider
from tenancy.domain.letters import AccountLetter
from tenancy.domain.tokens import INVITATION, Token


@dataclass(frozen=True, slots=True)
class MailLinks:
    """`public_url` is where people reach Frontdesk."""

    public_url: str
    hider: Hider

    def address(self, token: Token) -> str:
        """Where a person opens a link. The token stands behind the #, which no browser sends to a server or a log."""
        page = "invitation" if token.kind == INVITATION else "password"
        return f"{self.public_url.rstrip('/')}/{page}#{token}"

    def letter(self, token: Token, to: str, words: AccountLetter) -> SendEmail:
        """The order to mail a link, in the tenant's name."""
        return SendEmail(
            lead_id=token.row_id,
            turn=0,
            purpose="notice",
            to=(to,),
            subject=words.subject,
            text=words.text,
            secret=self.hider.letter_secret(token.tenant_id, token.row_id, self.address(token)),
        )
