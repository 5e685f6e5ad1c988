"""What the agent is told by notification itself, in German and English; the other mail to agents comes composed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

NoticeKind = Literal["uncertain", "failed", "refused_in_part", "smtp_login", "too_many", "unreachable"]
Language = Literal["de", "en"]


@dataclass(frozen=True, slots=True)
class Notice:
    """A notice's subject and text."""

    subject: str
    text: str


def notice(kind: NoticeKind, language: Language, *, company: str, about: str, detail: str) -> Notice:
    """Write a notice: `about` is the letter it concerns (its subject and recipients), `detail` what the server said."""
    subject, text = _TEXTS[language][kind]
    about = about or ("(ohne Betreff)" if language == "de" else "(no subject)")
    filled = text.format(company=company, about=about, detail=detail)
    return Notice(subject, "\n".join(line.rstrip() for line in filled.splitlines()).strip() + "\n")


_DE: dict[NoticeKind, tuple[str, str]] = {
    "uncertain": (
        "Bitte prüfen: Ist diese E-Mail angekommen?",
        """Guten Tag,

beim Versand einer E-Mail ist die Verbindung zum Mailserver abgebrochen, bevor er den Empfang bestätigt hat.
Ob sie zugestellt wurde, lässt sich nicht feststellen. Sie wird nicht von selbst noch einmal gesendet, damit niemand
sie doppelt erhält.

{about}

Was geschehen ist: {detail}

Bitte sehen Sie im Ordner „Gesendet“ Ihres Mailkontos oder beim Empfänger nach und senden Sie die Antwort, falls sie fehlt,
selbst.
""",
    ),
    "failed": (
        "Eine E-Mail konnte nicht gesendet werden",
        """Guten Tag,

Ihr Mailserver hat eine E-Mail endgültig abgelehnt. Sie wird nicht noch einmal versucht.

{about}

Begründung: {detail}

Bitte prüfen Sie die Adresse und antworten Sie, wenn nötig, selbst.
""",
    ),
    "refused_in_part": (
        "Eine E-Mail ging nicht an alle Empfänger",
        """Guten Tag,

Ihr Mailserver hat eine E-Mail angenommen, aber nicht für alle Empfänger.

{about}

Abgelehnt: {detail}
""",
    ),
    "smtp_login": (
        "E-Mail-Versand angehalten: Anmeldung am Mailserver abgelehnt",
        """Guten Tag,

für {company} können keine E-Mails gesendet werden: Die Zugangsdaten des Mailservers (SMTP) fehlen oder werden nicht
angenommen.

Was geschehen ist: {detail}

Bitte hinterlegen Sie gültige Zugangsdaten. Alles, was seither gesendet werden sollte, wartet und geht danach von selbst hinaus.
""",
    ),
    "too_many": (
        "Grenze für automatische Antworten erreicht",
        """Guten Tag,

für {company} wurden in einer Stunde so viele automatische Antworten gesendet, wie höchstens erlaubt sind. Weitere
Antworten werden zurückgehalten und gehen hinaus, sobald wieder Platz ist.

{detail}

Wenn das ungewöhnlich ist, halten Sie den Versand bitte an und sehen Sie nach.
""",
    ),
    "unreachable": (
        "Der Mailserver ist seit einiger Zeit nicht erreichbar",
        """Guten Tag,

eine E-Mail von {company} konnte mehrmals nicht übergeben werden. Sie wird weiter versucht.

{about}

Was geschehen ist: {detail}
""",
    ),
}

_EN: dict[NoticeKind, tuple[str, str]] = {
    "uncertain": (
        "Please check: did this e-mail arrive?",
        """Hello,

while an e-mail was being sent, the connection to the mail server broke before it confirmed the receipt. Nobody can say
whether it was delivered. It is not sent again by itself, so that nobody receives it twice.

{about}

What happened: {detail}

Please look into the Sent folder of your mail account, or ask the recipient, and send the answer yourself if it is missing.
""",
    ),
    "failed": (
        "An e-mail could not be sent",
        """Hello,

your mail server refused an e-mail for good. It is not tried again.

{about}

Reason: {detail}

Please check the address and answer yourself where needed.
""",
    ),
    "refused_in_part": (
        "An e-mail did not go to all recipients",
        """Hello,

your mail server accepted an e-mail, but not for every recipient.

{about}

Refused: {detail}
""",
    ),
    "smtp_login": (
        "Sending stopped: the mail server refuses the login",
        """Hello,

no e-mail can be sent for {company}: the credentials of the mail server (SMTP) are missing or not accepted.

What happened: {detail}

Please enter valid credentials. All that was to be sent since then waits, and leaves by itself afterwards.
""",
    ),
    "too_many": (
        "The limit of automatic replies is reached",
        """Hello,

for {company} as many automatic replies were sent within an hour as are allowed at most. Further replies are held back
and leave as soon as there is room again.

{detail}

If this is unusual, please pause the sending and have a look.
""",
    ),
    "unreachable": (
        "The mail server has not been reachable for some time",
        """Hello,

an e-mail of {company} could not be handed over several times. It is still being tried.

{about}

What happened: {detail}
""",
    ),
}

_TEXTS: dict[Language, dict[NoticeKind, tuple[str, str]]] = {"de": _DE, "en": _EN}
