"""The letters to people about their accounts, in the company's language."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

LINK = "{secret}"
"""Where the link stands: notification puts it in when the letter leaves, so that it lies in clear nowhere else."""


@dataclass(frozen=True, slots=True)
class AccountLetter:
    """A letter without its link."""

    subject: str
    text: str


def invitation_letter(language: Literal["de", "en"], *, company: str, days: int) -> AccountLetter:
    """You are invited."""
    if language == "de":
        return AccountLetter(
            f"Ihr Zugang bei {company}",
            f"Guten Tag,\n\n{company} hat für Sie einen Zugang eingerichtet. Bitte öffnen Sie diese Adresse und wählen Sie ein "
            f"Passwort:\n\n{LINK}\n\nDie Adresse gilt {days} Tage und nur einmal. Wenn Sie damit nichts anfangen können, "
            f"brauchen Sie nichts zu tun.\n",
        )
    return AccountLetter(
        f"Your account at {company}",
        f"Hello,\n\n{company} has set up an account for you. Please open this address and choose a password:\n\n{LINK}\n\n"
        f"The address is good for {days} days, and only once. If you did not expect this, you need not do anything.\n",
    )


def password_letter(language: Literal["de", "en"], *, company: str, minutes: int) -> AccountLetter:
    """You may choose a new password."""
    if language == "de":
        return AccountLetter(
            f"Neues Passwort bei {company}",
            f"Guten Tag,\n\nfür Ihren Zugang bei {company} wurde ein neues Passwort verlangt. Hier können Sie es wählen:\n\n"
            f"{LINK}\n\nDie Adresse gilt {minutes} Minuten und nur einmal. Wenn Sie das nicht waren, brauchen Sie nichts zu "
            f"tun: Ihr Passwort bleibt, wie es ist.\n",
        )
    return AccountLetter(
        f"New password at {company}",
        f"Hello,\n\na new password was asked for your account at {company}. You can choose it here:\n\n{LINK}\n\n"
        f"The address is good for {minutes} minutes, and only once. If it was not you, you need not do anything: your "
        f"password stays as it is.\n",
    )
