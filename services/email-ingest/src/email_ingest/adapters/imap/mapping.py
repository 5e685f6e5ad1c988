"""What a mail server's failure means to us."""

from __future__ import annotations

import re

from email_ingest.application.ports import MailboxRefused
from vendorkit import VendorAuthExpired, VendorUnavailable, shortened

CREDENTIAL = "imap"
_VENDOR = "the mail server (IMAP)"
_FOR_NOW = re.compile(r"\[(UNAVAILABLE|INUSE|LIMIT|SERVERBUG|CONTACTADMIN)", re.IGNORECASE)
"""Response codes of RFC 5530 that say nothing against the password."""


class ImapRefused(VendorAuthExpired, MailboxRefused):
    """The server refuses the login, or what was entered for it cannot be used."""

    def __init__(self, message: str) -> None:
        super().__init__(message, vendor=_VENDOR, credential=CREDENTIAL)


class ImapUnavailable(VendorUnavailable):
    """The server does not answer, or not now."""


class ImapFolderMissing(ImapUnavailable):
    """The mailbox has no such folder (yet)."""

    def __init__(self, message: str) -> None:
        super().__init__(message, vendor=_VENDOR, ambiguous=False)


def login_failure(error: Exception) -> ImapRefused | ImapUnavailable:
    """Why a login failed: the password, or the server's own trouble."""
    words = shortened(str(error))
    if _FOR_NOW.search(str(error)):
        return ImapUnavailable(
            f"{_VENDOR} lets nobody in for now; trying again. {words}", vendor=_VENDOR, ambiguous=False
        )
    return ImapRefused(f"{_VENDOR} refuses the login; please enter the credential 'imap' anew. {words}")


def lost(words: str, *, ambiguous: bool) -> ImapUnavailable:
    """The connection failed."""
    return ImapUnavailable(
        f"{_VENDOR} cannot be reached or ended the connection; trying again. {shortened(words)}",
        vendor=_VENDOR,
        ambiguous=ambiguous,
    )


def refused_command(error: Exception) -> ImapUnavailable:
    """The server said no to a command: it may say yes later (quota, locks, limits)."""
    return ImapUnavailable(
        f"{_VENDOR} refused a command; trying again. {shortened(str(error))}", vendor=_VENDOR, ambiguous=False
    )
