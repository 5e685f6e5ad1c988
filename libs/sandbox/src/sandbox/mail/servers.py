"""Starts and stops the mail world, and wires its parts."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path

from starlette.routing import BaseRoute

from sandbox.mail.accounts import KEY, AccountServer
from sandbox.mail.certificate import server_certificate
from sandbox.mail.dovecot import Dovecot
from sandbox.mail.faults import Faults
from sandbox.mail.imap import ImapFront
from sandbox.mail.mailboxes import Mailboxes
from sandbox.mail.postman import Postman
from sandbox.mail.records import Records
from sandbox.mail.routes import ControlPlane
from sandbox.mail.smtp import SmtpServer

_PREFIX = "sandbox-mail-"


class MailServers:
    """SMTP and IMAP; mailboxes, accounts and accepted letters are kept over a restart.

    `host` is where they listen, `name` what others reach them by: the certificate has it beside localhost.
    """

    def __init__(
        self, smtp_port: int = 0, imap_port: int = 0, *, host: str = "127.0.0.1", name: str | None = None
    ) -> None:
        self._ports = (smtp_port, imap_port)
        self._name = name
        self._faults = Faults()
        self._records = Records()
        self._mailboxes = Mailboxes(self._records)
        self._postman = Postman(self._mailboxes)
        self._smtp = SmtpServer(self._faults, self._mailboxes, self._records, self._postman.carry, host)
        self._imap = ImapFront(self._faults, host)
        self._accounts = AccountServer(self._mailboxes, self._faults)
        self._dovecot: Dovecot | None = None
        self._runtime: Path | None = None
        self._link: Path | None = None
        self._addresses: dict[str, str] = {}

    async def start(self, state_dir: Path) -> None:
        """Start Dovecot and SMTP; `state_dir/mail-tls` has the certificate, `state_dir/mail-runtime` shows the letters."""
        certificate = server_certificate(state_dir / "mail-tls", self._name)
        self._records.open(state_dir)
        self._link = state_dir / "mail-runtime"
        self._runtime = Path(tempfile.mkdtemp(prefix=_PREFIX, dir="/tmp"))  # short: sockets' paths must be
        self._runtime.chmod(0o755)
        self._records.take_letters(self._runtime / "mail", self._link / "mail")
        _remove_left_over(self._link)
        self._link.symlink_to(self._runtime)
        try:
            accounts = self._runtime / "accounts.sock"
            dovecot = self._dovecot = Dovecot(self._runtime, certificate, accounts, KEY)
            await self._accounts.start(accounts)
            await dovecot.start()
            self._mailboxes.open(dovecot.mail, dovecot.owner)
            ports = {
                "smtp": await self._smtp.start(self._ports[0], certificate),
                "imap": await self._imap.listen(self._ports[1], dovecot.imap),
                "imaps": await self._imap.listen(0, dovecot.imap, certificate),
                "lmtp": await self._imap.listen(0, dovecot.lmtp, faulty=False),
            }
        except BaseException:
            await self.stop()
            raise
        self._addresses = {kind: f"{self._name or '127.0.0.1'}:{port}" for kind, port in ports.items()}
        self._addresses["ca"] = str(certificate.authority)

    async def stop(self) -> None:
        """Stop everything; no process is left, and no file outside the state folder."""
        await self._smtp.stop()
        await self._imap.stop()
        if self._dovecot is not None:
            await self._dovecot.stop()
            self._dovecot = None
        await self._accounts.stop()
        if self._runtime is not None and self._link is not None:
            self._records.store_letters(self._runtime / "mail")
            _remove_left_over(self._link)
            self._runtime = self._link = None
        self._addresses = {}

    def addresses(self) -> dict[str, str]:
        """Where to find smtp, imap, imaps and lmtp (host:port), and the authority to trust (ca: a path)."""
        return dict(self._addresses)

    def routes(self) -> list[BaseRoute]:
        """The control plane, to be mounted under /_sandbox/mail."""
        return ControlPlane(
            mailboxes=self._mailboxes,
            faults=self._faults,
            postman=self._postman,
            records=self._records,
            addresses=self.addresses,
            change_uidvalidity=self._change_uidvalidity,
            drop=self._drop,
        ).routes()

    async def _change_uidvalidity(self, address: str, folder: str) -> None:
        await self._drop(address)
        self._mailboxes.forget_uids(address, folder)

    async def _drop(self, address: str | None) -> None:
        if address is None:
            self._imap.cut_all()
        elif self._dovecot is not None:
            await self._dovecot.kick(address.lower())


def _remove_left_over(link: Path) -> None:
    """Remove the run-time folder that a link shows, if an earlier run was killed and left one."""
    if not link.is_symlink():
        return
    target = link.readlink()
    if target.name.startswith(_PREFIX):
        shutil.rmtree(target, ignore_errors=True)
    link.unlink()
