"""SMTP: a tenant's own server, and the fleet's; one conversation for each letter.

What goes wrong before the letter itself is written is definite; a connection that is lost between the letter's last
byte and the server's answer leaves it unknown.
"""

from __future__ import annotations

import asyncio
import re
import ssl
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import lru_cache

import aiosmtplib
from pydantic import SecretStr

from chassis import Tenants
from chassis.calls import vendor_call
from chassis.errors import EffectUncertain, NeedsTenant
from contracts.tenants.http_v1 import Credential
from notification.application.ports import (
    AccountUnusable,
    DeliveryUnknown,
    LetterRefused,
    Parcel,
    Receipt,
    Remembered,
)
from vendorkit import (
    PUBLIC_ONLY,
    AddressRefused,
    Guard,
    VendorAuthExpired,
    VendorRejected,
    VendorUnavailable,
    shortened,
)

CREDENTIAL = "smtp"
_VENDOR = "the mail server"
_LOGIN_REFUSED = frozenset({530, 534, 535, 538})
_CONNECT_SECONDS = 20.0
_DOT = re.compile(rb"(?m)^\.")


class SmtpRejected(VendorRejected, LetterRefused):
    """The server refused the letter for good (5xx)."""


class SmtpAccountUnusable(VendorAuthExpired, AccountUnusable):
    """The server refuses the login, or what was entered for it cannot be used; `version` is the credential's."""

    def __init__(self, message: str, *, version: int = 0) -> None:
        super().__init__(message, vendor=_VENDOR, credential=CREDENTIAL)
        self.version = version


class SmtpUncertain(EffectUncertain, DeliveryUnknown):
    """The letter was written to the server, and its answer never came."""


@dataclass(frozen=True, slots=True)
class SmtpAccount:
    """A server and how to log in; `version` is the credential's, 0 for the fleet's own."""

    host: str
    port: int
    security: str
    username: str = ""
    password: SecretStr = field(default=SecretStr(""))
    ca_pem: str | None = None
    version: int = 0


Accounts = Callable[[str], Awaitable[SmtpAccount]]


class SmtpMailer:
    """Hands letters over; a few connections for each tenant at a time."""

    def __init__(
        self,
        accounts: Accounts,
        *,
        seconds: float = 60.0,
        connections: int = 4,
        guard: Guard = PUBLIC_ONLY,
    ) -> None:
        self._accounts = accounts
        self._guard = guard
        self._seconds = seconds
        self._connections = connections
        self._gates: dict[str, asyncio.Semaphore] = {}

    async def send(
        self, tenant_id: str, parcel: Parcel, before_data: Callable[[], Awaitable[None]]
    ) -> Receipt:
        """Hand one letter over. Raises `SmtpRejected`, `SmtpAccountUnusable`, `SmtpUncertain`, `VendorUnavailable`."""
        account = await self._accounts(tenant_id)
        gate = self._gates.setdefault(tenant_id, asyncio.Semaphore(self._connections))
        conversation = _Conversation(account, parcel, self._guard, seconds=self._seconds)
        try:
            # Waiting for one's turn counts too: all must be over before the effect's lease is.
            with vendor_call("smtp", "send"):
                async with asyncio.timeout(self._seconds), gate:
                    return await conversation.hand_over(before_data)
        except AddressRefused as error:
            raise SmtpAccountUnusable(
                f"the server in the credential '{CREDENTIAL}' cannot be used: {error}",
                version=account.version,
            ) from error
        except (aiosmtplib.SMTPException, OSError) as error:
            raise _meaning(error, account, handed_over=conversation.handed_over) from error
        finally:
            await conversation.end()

    async def ask_after(self, tenant_id: str, message_id: str) -> Remembered | None:  # noqa: ARG002 — the port's form
        """SMTP has no question for it. Raises `SmtpUncertain`."""
        raise SmtpUncertain(
            "sending was interrupted after the letter had been handed to the mail server; whether it left is not known"
        )


def tenants_accounts(tenants: Tenants) -> Accounts:
    """The tenants' own servers, as tenancy keeps them."""

    async def account(tenant_id: str) -> SmtpAccount:
        try:
            credential = await tenants.credential(tenant_id, CREDENTIAL)
        except NeedsTenant as error:
            raise SmtpAccountUnusable(str(error)) from error
        return account_of(credential)

    return account


def account_of(credential: Credential) -> SmtpAccount:
    """A credential read as an account. Raises `SmtpAccountUnusable`, which says what is wrong with it."""
    values = {name: value.get_secret_value() for name, value in credential.values.items()}
    security, port = values.get("security", "starttls"), values.get("port", "587")
    if not values.get("host") or not port.isdecimal() or security not in ("starttls", "tls", "none"):
        raise SmtpAccountUnusable(
            "the credential 'smtp' must have host, port (a number) and security (starttls, tls or none)",
            version=credential.version,
        )
    return SmtpAccount(
        host=values["host"],
        port=int(port),
        security=security,
        username=values.get("username", ""),
        password=SecretStr(values.get("password", "")),
        ca_pem=values.get("ca_pem") or None,
        version=credential.version,
    )


class _Conversation:
    """One connection, one letter."""

    def __init__(self, account: SmtpAccount, parcel: Parcel, guard: Guard, *, seconds: float) -> None:
        self.handed_over = False
        self._guard = guard
        self._seconds = seconds
        self._account = account
        self._parcel = parcel
        self._client = aiosmtplib.SMTP(
            hostname=account.host,
            local_hostname=parcel.greeting,
            timeout=seconds,
            use_tls=account.security == "tls",
            start_tls=account.security == "starttls",
            tls_context=_tls_context(account),
        )

    async def hand_over(self, before_data: Callable[[], Awaitable[None]]) -> Receipt:
        client, parcel, account = self._client, self._parcel, self._account
        # The connection goes where the guard has looked; the host's name is what TLS verifies.
        made = await self._guard.connected_soon(
            account.host, account.port, "smtp", seconds=min(self._seconds, _CONNECT_SECONDS)
        )
        await client.connect(sock=made)
        if account.username:
            await client.login(account.username, account.password.get_secret_value())
        await client.mail(parcel.mail_from)
        refused = await self._name_recipients()
        await before_data()
        ready = await client.execute_command(b"DATA")
        if ready.code != 354:
            raise aiosmtplib.SMTPDataError(ready.code, ready.message)
        # aiosmtplib's own `data` does not tell whether the connection was lost before or after the letter was written.
        protocol = client.protocol
        if protocol is None:
            raise aiosmtplib.SMTPServerDisconnected("Connection lost")
        self.handed_over = True
        protocol.write(_DOT.sub(b"..", parcel.raw) + b".\r\n")
        answer = await protocol.read_response(timeout=client.timeout)
        if answer.code != 250:
            raise aiosmtplib.SMTPDataError(answer.code, answer.message)
        return Receipt(datetime.now(UTC), refused)

    async def end(self) -> None:
        """Say goodbye when there is someone to say it to; the letter's fate is settled by now."""
        if self.handed_over and self._client.is_connected:
            with suppress(aiosmtplib.SMTPException, OSError):
                await self._client.quit(timeout=2)
        self._client.close()

    async def _name_recipients(self) -> tuple[str, ...]:
        refusals: list[aiosmtplib.SMTPRecipientRefused] = []
        for recipient in self._parcel.recipients:
            try:
                await self._client.rcpt(recipient)
            except aiosmtplib.SMTPRecipientRefused as error:
                refusals.append(error)
        if len(refusals) == len(self._parcel.recipients):
            raise next((refusal for refusal in refusals if refusal.code < 500), refusals[0])
        return tuple(f"{refusal.recipient}: {_words(refusal)}" for refusal in refusals)


def _meaning(error: Exception, account: SmtpAccount, *, handed_over: bool) -> Exception:
    """One of the errors that delivery understands."""
    if isinstance(error, aiosmtplib.SMTPResponseException) and error.code >= 400:
        return _answered(error, account)
    if handed_over:
        return SmtpUncertain(
            "the mail server took the letter's text and then did not answer; whether the letter left is not known"
        )
    if _is_certificate(error):
        return SmtpAccountUnusable(
            f"the certificate of the mail server {account.host} is not trusted; enter its authority (ca_pem)",
            version=account.version,
        )
    if type(error) is aiosmtplib.SMTPException or isinstance(error, aiosmtplib.SMTPNotSupported):
        return SmtpAccountUnusable(
            f"the mail server {account.host} offers no login that can be used: {error.message}",
            version=account.version,
        )
    return VendorUnavailable(
        f"the mail server {account.host} cannot be reached or cut the connection ({type(error).__name__}); "
        "nothing was sent",
        vendor=_VENDOR,
        ambiguous=False,
    )


def _answered(error: aiosmtplib.SMTPResponseException, account: SmtpAccount) -> Exception:
    if error.code in _LOGIN_REFUSED or (
        isinstance(error, aiosmtplib.SMTPAuthenticationError) and error.code >= 500
    ):
        return SmtpAccountUnusable(
            f"the mail server {account.host} refuses the login: {_words(error)}", version=account.version
        )
    about_us = isinstance(error, aiosmtplib.SMTPConnectResponseError | aiosmtplib.SMTPHeloError)
    if error.code < 500 or about_us:
        return VendorUnavailable(
            f"the mail server {account.host} does not take the letter now: {_words(error)}",
            vendor=_VENDOR,
            ambiguous=False,
        )
    return SmtpRejected(
        f"the mail server refused the letter: {_words(error)}", vendor=_VENDOR, status=error.code
    )


def _words(error: aiosmtplib.SMTPResponseException) -> str:
    """What the server said, without addresses that it may repeat."""
    return f"{error.code} {shortened(error.message)}".strip()


def _is_certificate(error: BaseException | None) -> bool:
    while error is not None:
        if isinstance(error, ssl.SSLCertVerificationError):
            return True
        error = error.__cause__
    return False


def _tls_context(account: SmtpAccount) -> ssl.SSLContext | None:
    if account.security == "none":
        return None
    try:
        return _context(account.ca_pem)
    except (ssl.SSLError, ValueError) as error:
        raise SmtpAccountUnusable(
            "ca_pem of the credential 'smtp' is no certificate in PEM form", version=account.version
        ) from error


@lru_cache(maxsize=256)
def _context(ca_pem: str | None) -> ssl.SSLContext:
    # The operating system's authorities stay trusted beside the tenant's own.
    context = ssl.create_default_context()
    if ca_pem is not None:
        context.load_verify_locations(cadata=ca_pem)
    return context
