"""A private Dovecot: its configuration, and its life as a child process that never outlives us.

It listens on Unix sockets alone; `imap.py` puts TCP ports before them. Everything it writes lies in
one short-lived run-time folder under /tmp, because socket paths must be short and because, under
root, its mail processes run as nobody and could not enter a closed home folder.
"""

from __future__ import annotations

import asyncio
import grp
import os
import pwd
import shutil
import sys
from pathlib import Path

from sandbox.mail.certificate import Certificate
from sandbox.mail.mailboxes import Owner

_START_SECONDS = 15.0
_STOP_SECONDS = 3.0


class DovecotMissing(RuntimeError):
    """Dovecot cannot be started on this machine."""


class Dovecot:
    """One instance; `imap` and `lmtp` are the paths of its sockets."""

    def __init__(self, runtime: Path, certificate: Certificate, accounts: Path, account_key: str) -> None:
        self.mail = runtime / "mail"
        self.owner = mail_owner()
        self._base = runtime / "run"
        self._runtime = runtime
        self._certificate = certificate
        self._accounts = accounts
        self._account_key = account_key
        self._process: asyncio.subprocess.Process | None = None
        self.imap = self._base / "imap-front"
        self.lmtp = self._base / "lmtp-front"
        self.log = runtime / "dovecot.log"

    async def start(self) -> None:
        """Write the configuration, start, and wait until the sockets answer."""
        program = _find("dovecot")
        for folder in (self._base, self.mail, self._runtime / "home"):
            folder.mkdir(exist_ok=True)
            folder.chmod(0o755)
        for folder in (self.mail, self._runtime / "home"):
            if self.owner.uid != os.geteuid():
                os.chown(folder, self.owner.uid, self.owner.gid)
        config = self._write_configuration()
        with (self._runtime / "dovecot.out").open("wb") as output:
            guard = Path(__file__).with_name("guard.py")
            self._process = await asyncio.create_subprocess_exec(
                sys.executable, "-I", str(guard), str(os.getpid()), program, "-F", "-c", str(config),
                stdin=asyncio.subprocess.DEVNULL, stdout=output, stderr=output, start_new_session=True,
            )  # fmt: skip
        await self._until_it_answers()

    async def stop(self) -> None:
        """End it and wait for the end; its children follow their master."""
        process, self._process = self._process, None
        if process is None or process.returncode is not None:
            return
        process.terminate()
        try:
            await asyncio.wait_for(process.wait(), _STOP_SECONDS)
        except TimeoutError:
            process.kill()
            await process.wait()

    async def kick(self, address: str) -> None:
        """End every session of one mailbox, with Dovecot's own BYE."""
        process = await asyncio.create_subprocess_exec(
            _find("doveadm"), "-c", str(self._runtime / "dovecot.conf"), "kick", address,
            stdin=asyncio.subprocess.DEVNULL, stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.DEVNULL,
        )  # fmt: skip
        await process.wait()  # 68 when there was no session: nothing to end, all is well

    async def _until_it_answers(self) -> None:
        assert self._process is not None
        deadline = asyncio.get_running_loop().time() + _START_SECONDS
        while asyncio.get_running_loop().time() < deadline:
            if self._process.returncode is not None:
                break
            try:
                reader, writer = await asyncio.open_unix_connection(self.imap)
                greeting = await asyncio.wait_for(reader.readline(), 5)
                writer.close()
                if greeting.startswith(b"* OK"):
                    return
            except (OSError, TimeoutError):
                await asyncio.sleep(0.05)
        said = "".join(
            path.read_text("utf-8", "replace")[-2000:]
            for path in (self._runtime / "dovecot.out", self.log)
            if path.exists()
        )
        await self.stop()
        raise DovecotMissing(f"Dovecot did not start. It said:\n{said}")

    def _write_configuration(self) -> Path:
        accounts = self._runtime / "accounts.conf"
        accounts.write_text(
            f"uri = proxy:{self._accounts}:accounts\n"
            "default_pass_scheme = SHA256.HEX\n"
            f"key password {{\n  key = {self._account_key}\n  format = json\n}}\n"
            "passdb_objects = password\n"
        )
        root = os.geteuid() == 0
        me = pwd.getpwuid(os.geteuid()).pw_name
        config = self._runtime / "dovecot.conf"
        config.write_text(
            _CONFIGURATION.format(
                base=self._base,
                log=self.log,
                user=me,
                group=grp.getgrgid(os.getegid()).gr_name,
                login_user=self.owner.user,
                chain=self._certificate.chain,
                key=self._certificate.key,
                mail=self.mail,
                home=self._runtime / "home",
                accounts=accounts,
                owner=f"mail_uid = {self.owner.user}\nmail_gid = {self.owner.group}\n" if root else "",
                uid=self.owner.user,
                gid=self.owner.group,
            )
        )
        return config


def mail_owner() -> Owner:
    """Ourselves, or nobody when we are root: Dovecot serves no mail as root."""
    account = pwd.getpwnam("nobody") if os.geteuid() == 0 else pwd.getpwuid(os.geteuid())
    return Owner(account.pw_name, grp.getgrgid(account.pw_gid).gr_name, account.pw_uid, account.pw_gid)


def _find(program: str) -> str:
    path = shutil.which(program, path=f"{os.environ.get('PATH', '')}:/usr/sbin:/usr/bin:/sbin")
    if path is None:
        raise DovecotMissing(f"{program} is not installed: apt-get install dovecot-imapd dovecot-lmtpd")
    return path


# auth_failure_delay and the closed penalty socket: a wrong password is answered at once, not after seconds.
_CONFIGURATION = """
base_dir = {base}
state_dir = {base}
log_path = {log}
instance_name = sandbox
protocols = imap lmtp
default_internal_user = {user}
default_internal_group = {group}
default_login_user = {login_user}
ssl = yes
ssl_cert = <{chain}
ssl_key = <{key}
disable_plaintext_auth = no
auth_mechanisms = plain login
auth_failure_delay = 0
mail_location = maildir:{mail}/%u
mail_save_crlf = yes
mail_max_userip_connections = 200
{owner}first_valid_uid = 1
first_valid_gid = 1
passdb {{
  driver = dict
  args = {accounts}
}}
userdb {{
  driver = static
  args = uid={uid} gid={gid} home={home}/%u
}}
service anvil {{
  chroot =
  unix_listener anvil-auth-penalty {{
    mode = 0
  }}
}}
service stats {{
  chroot =
}}
service imap-login {{
  chroot =
  service_count = 0
  process_min_avail = 1
  unix_listener imap-front {{
    mode = 0600
  }}
  inet_listener imap {{
    port = 0
  }}
  inet_listener imaps {{
    port = 0
  }}
}}
service lmtp {{
  chroot =
  unix_listener lmtp-front {{
    mode = 0600
  }}
}}
namespace inbox {{
  inbox = yes
  mailbox Sent {{
    auto = subscribe
    special_use = \\Sent
  }}
  mailbox Drafts {{
    auto = subscribe
    special_use = \\Drafts
  }}
}}
"""
