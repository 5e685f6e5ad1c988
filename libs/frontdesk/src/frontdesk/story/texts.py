"""What the person writes, in German and in English."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from frontdesk.story.person import Story, german_date

Language = Literal["de", "en"]


@dataclass(frozen=True)
class Words:
    """The person's words in one language: the enquiry, two afterthoughts, and the answer to our reply."""

    enquiry: str
    afterthoughts: tuple[tuple[str, str], tuple[str, str]]
    """Subject and text of each."""
    answer: str
    reply_prefix: str
    quote_intro: str


def words(story: Story, language: Language = "de") -> Words:
    """The letters' texts, with what was drawn in them."""
    return _german(story) if language == "de" else _english(story)


def _german(story: Story) -> Words:
    home, viewing = story.home, german_date(story.viewing_date)
    signature = f"Mit freundlichen Grüßen\n{story.name}"
    return Words(
        enquiry=(
            f"Sehr geehrte Damen und Herren,\n\nich interessiere mich für Ihr Angebot „{home.title}“ "
            f"(Objekt {home.reference}) in der {home.street} in {home.city}. Ist die Wohnung noch frei? "
            f"Gern würde ich sie am {viewing} gegen {story.viewing_time:%H:%M} Uhr besichtigen. Einziehen könnte ich "
            f"zum {german_date(story.move_in)}. Meine Gehaltsabrechnung für {story.income.month} habe ich beigefügt; "
            f"ich arbeite bei {story.income.employer}.\n\n{signature}\nTelefon: {story.phone}"
        ),
        afterthoughts=(
            (
                f"Nachtrag zu Objekt {home.reference}",
                f"Guten Tag,\n\nnoch eine Frage zu {home.reference}: Gehört ein Stellplatz zur Wohnung?\n\n{signature}",
            ),
            (
                f"Noch etwas zu Objekt {home.reference}",
                f"Guten Tag,\n\nentschuldigen Sie die vielen Mails: Sind Haustiere erlaubt? Ich habe eine Katze."
                f"\n\n{signature}",
            ),
        ),
        answer=(
            f"Guten Tag,\n\nvielen Dank für die schnelle Antwort! Der {viewing} um {story.viewing_time:%H:%M} Uhr passt "
            f"mir gut. Welche Unterlagen soll ich zur Besichtigung mitbringen?\n\n{signature}"
        ),
        reply_prefix="AW: ",
        quote_intro="Am {date} schrieb {sender}:",
    )


def _english(story: Story) -> Words:
    home, viewing = story.home, f"{story.viewing_date:%d %B %Y}"
    signature = f"Kind regards\n{story.name}"
    return Words(
        enquiry=(
            f"Dear Sir or Madam,\n\nI am interested in your listing “{home.title}” (reference {home.reference}) at "
            f"{home.street}, {home.city}. Is the flat still available? I would like to view it on {viewing} at about "
            f"{story.viewing_time:%H:%M}. I could move in on {story.move_in:%d %B %Y}. My payslip for "
            f"{story.income.period:%B %Y} is attached; I work for {story.income.employer}.\n\n"
            f"{signature}\nPhone: {story.phone}"
        ),
        afterthoughts=(
            (
                f"One more question about {home.reference}",
                f"Hello,\n\none more question about {home.reference}: does a parking space come with the flat?\n\n"
                f"{signature}",
            ),
            (
                f"Another question about {home.reference}",
                f"Hello,\n\nsorry for all these mails: are pets allowed? I have a cat.\n\n{signature}",
            ),
        ),
        answer=(
            f"Hello,\n\nthank you for the quick reply! {viewing} at {story.viewing_time:%H:%M} suits me well. "
            f"Which documents should I bring to the viewing?\n\n{signature}"
        ),
        reply_prefix="Re: ",
        quote_intro="On {date}, {sender} wrote:",
    )
