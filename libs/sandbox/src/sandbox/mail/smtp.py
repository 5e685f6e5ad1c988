"""The SMTP server: STARTTLS and AUTH as a provider asks for them, and a record of every accepted DATA."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import cast

from aiosmtpd.smtp import MISSING, SMTP, AuthResult, Envelope, LoginPassword, Session

from sandbox.mail.certificate import Certificate
from sandbox.mail.faults import Fault, Faults, Stage
from sandbox.mail.mailboxes import Mailboxes
from sandbox.mail.records import AcceptedMail, Records

# aiosmtpd logs every protocol line at INFO, addresses and letters included.
logging.getLogger("mail.log").setLevel(logging.ERROR)

_TEXTS = {
    421: "4.3.2 Service not available, closing transmission channel",
    450: "4.2.0 Mailbox busy, try again later",
    451: "4.3.0 Requested action aborted: local error in processing",
    452: "4.3.1 Insufficient system storage",
    535: "5.7.8 Authentication credentials invalid",
    550: "5.1.1 Requested action not taken: mailbox unavailable",
    552: "5.2.2 Requested mail action aborted: exceeded storage allocation",
    554: "5.7.1 Transaction failed",
}


class SmtpServer:
    """Listens, and hands every accepted letter to `deliver`."""

    def __init__(
        self,
        faults: Faults,
        mailboxes: Mailboxes,
        records: Records,
        deliver: Callable[[AcceptedMail], Awaitable[None]],
        host: str = "127.0.0.1",
    ) -> None:
        self._host = host
        self._faults = faults
        self._records = records
        self._mailboxes = mailboxes
        self._deliver = deliver
        self._server: asyncio.Server | None = None
        self._conversations: set[_Conversation] = set()

    async def start(self, port: int, certificate: Certificate) -> int:
        """Listen and return the port."""
        loop, context = asyncio.get_running_loop(), certificate.server_context()

        def conversation() -> _Conversation:
            return _Conversation(
                _Hooks(self._faults, self._keep),
                hostname="smtp.sandbox.test",
                ident="Sandbox ESMTP",
                enable_SMTPUTF8=True,
                tls_context=context,
                require_starttls=True,
                auth_required=True,
                authenticator=self._authenticate,
                loop=loop,
            ).registered(self._conversations)

        self._server = await loop.create_server(conversation, self._host, port)
        return self._server.sockets[0].getsockname()[1]

    async def stop(self) -> None:
        """Stop listening and cut what is still open."""
        if self._server is None:
            return
        self._server.close()
        for conversation in list(self._conversations):
            conversation.abort()
        await self._server.wait_closed()
        self._server = None

    def _authenticate(
        self, _server: SMTP, _session: Session, _envelope: Envelope, _mechanism: str, auth_data: object
    ) -> AuthResult:
        known = isinstance(auth_data, LoginPassword) and self._mailboxes.password_fits(
            _text(auth_data.login), _text(auth_data.password)
        )
        # handled=False, or aiosmtpd leaves a wrong password without an answer.
        return AuthResult(success=known, handled=False, auth_data=auth_data)

    async def _keep(self, session: Session, envelope: Envelope, answered: bool) -> None:
        content = envelope.original_content or b""
        mail = AcceptedMail(
            number=len(self._records.accepted) + 1,
            accepted_at=datetime.now(UTC),
            user=_user(session),
            mail_from="" if envelope.mail_from in (None, "<>") else envelope.mail_from,
            recipients=tuple(envelope.rcpt_tos),
            raw=bytes(content),
            answered=answered,
        )
        self._records.keep_accepted(mail)
        await self._deliver(mail)


class _Conversation(SMTP):
    """aiosmtpd's protocol, with the moments it has no hook for: the greeting and the DATA command."""

    _open: set[_Conversation] | None = None

    def registered(self, conversations: set[_Conversation]) -> _Conversation:
        self._open = conversations
        return self

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        if self._open is not None:
            self._open.add(self)
        super().connection_made(transport)

    def connection_lost(self, error: Exception | None) -> None:
        if self._open is not None:
            self._open.discard(self)
        super().connection_lost(error)

    def abort(self) -> None:
        """Cut the connection, with no goodbye."""
        if isinstance(self.transport, asyncio.WriteTransport):
            self.transport.abort()

    async def _handle_client(self) -> None:
        status = await self.hooks.suffer("connect", self)
        if status is not None:
            await self.push(status)
            self.abort()
            return
        await super()._handle_client()

    async def smtp_DATA(self, arg: str) -> None:  # noqa: N802 - aiosmtpd's naming
        status = await self.hooks.suffer("data", self)
        if status is None:
            await super().smtp_DATA(arg)
            return
        await self.push(status)
        self._set_post_data_state()

    @property
    def hooks(self) -> _Hooks:
        hooks = self.event_handler
        assert isinstance(hooks, _Hooks)
        return hooks


@dataclass
class _Hooks:
    """What aiosmtpd calls while a conversation goes on; each hook asks for a fault first."""

    faults: Faults
    keep: Callable[[Session, Envelope, bool], Awaitable[None]]

    async def handle_AUTH(  # noqa: N802
        self, server: _Conversation, _session: Session, _envelope: Envelope, _args: list[str]
    ) -> object:
        return await self.suffer("auth", server) or MISSING

    async def handle_MAIL(  # noqa: N802
        self, server: _Conversation, _session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        status = await self.suffer("mail", server, address)
        if status is not None:
            return status
        envelope.mail_from = address  # "<>" stays: aiosmtpd takes an empty one for none at all
        envelope.mail_options.extend(options)
        return "250 2.1.0 OK"

    async def handle_RCPT(  # noqa: N802
        self, server: _Conversation, _session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        status = await self.suffer("rcpt", server, address)
        if status is not None:
            return status
        envelope.rcpt_tos.append(address)
        envelope.rcpt_options.extend(options)
        return "250 2.1.5 OK"

    async def handle_DATA(  # noqa: N802
        self, server: _Conversation, session: Session, envelope: Envelope
    ) -> str:
        fault = self._strikes("message", server)
        if fault is not None and fault.action in ("accept_then_cut", "accept_then_hang"):
            await self.keep(session, envelope, False)
            await self._obey(fault, server)
        elif fault is not None:
            status = await self._obey(fault, server)
            if status is not None:
                return status
        await self.keep(session, envelope, True)
        return "250 2.0.0 OK: queued"

    async def suffer(self, stage: Stage, server: _Conversation, address: str = "") -> str | None:
        """Obey the fault ordered for this moment; return the answer it wants given, if any."""
        fault = self._strikes(stage, server, address)
        return await self._obey(fault, server) if fault is not None else None

    def _strikes(self, stage: Stage, server: _Conversation, address: str = "") -> Fault | None:
        session, envelope = server.session, server.envelope
        user = _user(session) if session is not None else ""
        sender = (envelope.mail_from or "") if envelope is not None else ""
        recipients = envelope.rcpt_tos if envelope is not None else []
        return self.faults.take("smtp", stage, [address, user, sender, *recipients])

    async def _obey(self, fault: Fault, server: _Conversation) -> str | None:
        match fault.action:
            case "reply":
                text = f"{fault.code} {fault.text or _TEXTS.get(fault.code, 'Ordered by the sandbox')}"
                if fault.code == 421:  # the code that announces that the server hangs up
                    asyncio.get_running_loop().call_later(0.05, server.abort)
                return text
            case "delay":
                await asyncio.sleep(fault.seconds)
                return None
            case "cut" | "accept_then_cut":
                server.abort()
            case _:
                pass  # hang, accept_then_hang
        await asyncio.Event().wait()  # until the connection is gone: aiosmtpd then cancels us
        return None


def _user(session: Session) -> str:
    data = cast("object", session.auth_data)  # declared as None, set at login
    return _text(data.login) if isinstance(data, LoginPassword) else ""


def _text(value: bytes) -> str:
    return value.decode("utf-8", "surrogateescape")
