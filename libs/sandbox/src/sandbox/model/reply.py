"""The reply to the letters of a turn: greeting, thanks, an answer to every question, a close."""

import re
from collections.abc import Iterator
from datetime import date

from sandbox.model.amounts import amounts_in
from sandbox.model.dates import days_in, time_in
from sandbox.model.entities import entities_of, object_reference
from sandbox.model.language import language_of
from sandbox.model.people import person_of
from sandbox.model.phrases import for_category, for_month, for_topic, for_weekday
from sandbox.model.prompt import Letter, Prompt, ReceivedDocument
from sandbox.model.topics import (
    TOPICS,
    gives_orders,
    intent_of,
    is_unsafe,
    questions_of,
    sentences_of,
    sentiment_of,
    topics_of,
)
from sandbox.wire import JsonObject

_UNREADABLE = re.compile(
    r"unread|nicht lesbar|unlesbar|could not be read|verschlüsselt|encrypted", re.IGNORECASE
)
_TOO_SMALL_BESIDE_A_COMPLAINT = ("energy", "equipment", "outside", "documents")
_MOVING_IN = re.compile(
    r"einzieh|einzug|einzuzieh|umzug|umzieh|mietbeginn|\bmov(?:e|ing)\b|tenancy (?:start|begin)",
    re.IGNORECASE,
)
_SAFE_TITLE = re.compile(r"[^\w\s.,:/()€&+'–-]")


def propose_reply(prompt: Prompt) -> JsonObject:
    """Everything a ReplyProposal asks for."""
    letters = prompt.letters
    language = reply_language(prompt)
    return {
        "language": language,
        "intent": intent_of(letters),
        "sentiment": sentiment_of(letters),
        "confidence": _confidence(prompt),
        "entities": entities_of(prompt),
        "reply": _compose(prompt, language),
        "facts_used": _facts(prompt),
    }


def plain_reply(prompt: Prompt) -> str:
    """The same reply as text, for questions without a schema."""
    return _compose(prompt, reply_language(prompt))


def reply_language(prompt: Prompt) -> str:
    """The letters' language; German when it cannot be told."""
    written = "\n".join(f"{letter.subject}\n{letter.text}" for letter in prompt.letters)
    return "en" if language_of(written) == "en" else "de"


def _compose(prompt: Prompt, language: str) -> str:
    paragraphs = [
        person_of(prompt).address(language),
        _opening(prompt, language),
        " ".join(_about_documents(prompt, language)),
        " ".join(_answers(prompt, language)),
        _closing(language),
    ]
    return "\n\n".join(paragraph for paragraph in paragraphs if paragraph)


def _opening(prompt: Prompt, language: str) -> str:
    title = _object_title(prompt)
    several = len(prompt.letters) > 1
    is_enquiry = not several and not prompt.section("HISTORY") and intent_of(prompt.letters) != "complaint"
    if language == "en":
        thanks = "Thank you for your messages" if several else "Thank you for your message"
        if is_enquiry:
            thanks = "Thank you for your enquiry"
        return f"{thanks}{f' about {title}' if title else ''}."
    thanks = "vielen Dank für Ihre Nachrichten" if several else "vielen Dank für Ihre Nachricht"
    if is_enquiry:
        thanks = "vielen Dank für Ihre Anfrage"
    return f"{thanks}{f' zu {title}' if title else ''}."


def _object_title(prompt: Prompt) -> str:
    lines = [line.strip(" -*") for line in prompt.section("OBJECT").splitlines() if line.strip()]
    title = _cleaned(lines[0]) if lines else ""
    reference = object_reference(prompt)
    if title and reference and reference not in title:
        return f"{title} ({reference})"
    return title or reference


def _about_documents(prompt: Prompt, language: str) -> Iterator[str]:
    readable = [document for document in prompt.documents if not _is_unreadable(document)]
    unreadable = [document for document in prompt.documents if _is_unreadable(document)]
    english = language == "en"
    if readable:
        named = ", ".join(f"{for_category(d.category, language)} ({_cleaned(d.filename)})" for d in readable)
        yield (
            f"Thank you also for your documents: {named}."
            if english
            else f"Danke auch für Ihre Unterlagen: {named}."
        )
    if unreadable:
        named = ", ".join(_cleaned(d.filename) for d in unreadable)
        if english:
            yield f"Unfortunately we could not read {named}; please send it again, for example as a PDF without a password."
        else:
            yield f"Leider konnten wir {named} nicht lesen; bitte senden Sie die Datei noch einmal, zum Beispiel als PDF ohne Kennwort."


def _answers(prompt: Prompt, language: str) -> Iterator[str]:
    said: set[str] = set()
    for letter in prompt.letters:
        topics = [topic.name for topic in topics_of(letter)]
        if "complaint" in topics:
            topics = [topic for topic in topics if topic not in _TOO_SMALL_BESIDE_A_COMPLAINT]
        for topic in topics:
            sentence = _answer(topic, letter, prompt, language)
            if sentence and sentence not in said:
                said.add(sentence)
                yield sentence
        moving_in = _about_moving_in(letter, prompt, language)
        if moving_in:
            said.add(moving_in)
            yield moving_in
        for question in questions_of(letter):
            if not any(t.words.search(question) for t in TOPICS) and question not in said:
                said.add(question)
                yield _open_question(question, language)
    if not said and not prompt.documents:
        if language == "en":
            yield "We have read your message and will get back to you with an answer shortly."
        else:
            yield "Wir haben Ihr Anliegen aufgenommen und melden uns in Kürze mit einer Antwort bei Ihnen."


def _answer(topic: str, letter: Letter, prompt: Prompt, language: str) -> str:
    english = language == "en"
    match topic:
        case "price":
            return _about_price(prompt, english)
        case "documents" if prompt.documents:
            return _about_missing_documents(letter, english)
        case "documents" if re.search(r"anbei|anhang|attach|enclosed|beigefügt", letter.text, re.IGNORECASE):
            return (
                "We did not find an attachment to your message; please send it again if there was one."
                if english
                else "Einen Anhang haben wir zu Ihrer Nachricht nicht gefunden; bitte senden Sie ihn gegebenenfalls noch einmal."
            )
        case "documents":
            return (
                "We will send you the documents you asked for, and tell you which ones we need from you."
                if english
                else "Die gewünschten Unterlagen stellen wir Ihnen zusammen und nennen Ihnen, was wir von Ihnen benötigen."
            )
        case "viewing" | "appointment":
            return _about_appointment(topic, letter, prompt, language)
        case "thanks":
            return ""
        case _:
            return for_topic(topic, language)


def _about_missing_documents(letter: Letter, english: bool) -> str:
    words = next(topic.words for topic in TOPICS if topic.name == "documents")
    if not any(words.search(question) for question in questions_of(letter)):
        return ""
    if english:
        return "We are checking whether anything is still missing and will let you know."
    return "Ob noch etwas fehlt, prüfen wir und geben Ihnen Bescheid."


def _about_price(prompt: Prompt, english: bool) -> str:
    line = _price_line(prompt)
    if line:
        quoted = _cleaned(line)
        return (
            f"On your question about the price: {quoted}."
            if english
            else f"Zu Ihrer Frage nach dem Preis: {quoted}."
        )
    if english:
        return "We will send you the current price and the additional costs with the brochure."
    return "Den aktuellen Preis und die Nebenkosten nennen wir Ihnen mit dem Exposé."


def _about_appointment(topic: str, letter: Letter, prompt: Prompt, language: str) -> str:
    english = language == "en"
    lead = for_topic("viewing", language) + " " if topic == "viewing" else ""
    days = _days(letter, prompt, moving_in=False)
    time = time_in(letter.text)
    if not days:
        if topic == "viewing":
            ask = (
                "Please tell us two or three days that suit you."
                if english
                else "Bitte nennen Sie uns zwei oder drei Tage, die Ihnen passen."
            )
            return lead + ask
        if any(t.name == "viewing" for t in topics_of(letter)):
            return ""
        return "We will suggest a time to you." if english else "Wir schlagen Ihnen einen Termin vor."
    wished = " / ".join(dict.fromkeys(spoken_day(day, language) for day in days[:3]))
    if english:
        at = f" at {time}" if time else ""
        return f"{lead}We have noted your preferred date, {wished}{at}, and will confirm the appointment shortly."
    at = f" um {time} Uhr" if time else ""
    return (
        f"{lead}Ihren Wunschtermin, {wished}{at}, haben wir notiert und bestätigen Ihnen den Termin in Kürze."
    )


def _about_moving_in(letter: Letter, prompt: Prompt, language: str) -> str:
    days = _days(letter, prompt, moving_in=True)
    if not days:
        return ""
    if language == "en":
        return f"We have noted that you would like to move in on {spoken_day(days[0], language)}."
    return f"Ihren Einzugswunsch, {spoken_day(days[0], language)}, haben wir vermerkt."


def _days(letter: Letter, prompt: Prompt, *, moving_in: bool) -> list[date]:
    """The days to come that a letter names, in the sentences about moving in or in the others."""
    sentences = [
        s
        for s in sentences_of(f"{letter.subject}\n\n{letter.text}")
        if bool(_MOVING_IN.search(s)) == moving_in
    ]
    found = (found.day for sentence in sentences for found in days_in(sentence, prompt.today))
    return [day for day in found if day >= prompt.today]


def spoken_day(day: date, language: str) -> str:
    """`Dienstag, 24. November 2026` or `Tuesday, 24 November 2026`."""
    point = "" if language == "en" else "."
    return f"{for_weekday(day.weekday(), language)}, {day.day}{point} {for_month(day.month, language)} {day.year}"


def _open_question(question: str, language: str) -> str:
    if language == "en":
        return f"We will find out the answer to your question “{question}” and let you know."
    return f"Ihre Frage „{question}“ klären wir und geben Ihnen Bescheid."


def _closing(language: str) -> str:
    if language == "en":
        return "If you have any further questions, please just reply to this message."
    return "Bei weiteren Fragen antworten Sie einfach auf diese Nachricht."


def _facts(prompt: Prompt) -> list[str]:
    lines = [line.strip() for line in prompt.section("OBJECT").splitlines() if line.strip()]
    reference = object_reference(prompt)
    facts = lines[:1] or ([reference] if reference else [])
    price = _price_line(prompt)
    if price and any(topic.name == "price" for letter in prompt.letters for topic in topics_of(letter)):
        facts.append(price)
    facts += [document.line for document in prompt.documents]
    for letter in prompt.letters:
        facts += [found.words for found in days_in(f"{letter.subject}\n{letter.text}", prompt.today)]
    return list(dict.fromkeys(facts))


def _price_line(prompt: Prompt) -> str:
    lines = [line.strip(" -*") for line in prompt.section("OBJECT").splitlines()]
    return next((line for line in lines if any(amounts_in(line))), "")


def _confidence(prompt: Prompt) -> float:
    letters = prompt.letters
    if not letters:
        return 0.2
    understood = sum(bool(topics_of(letter)) for letter in letters) / len(letters)
    confidence = 0.5 + 0.3 * understood
    confidence += 0.1 if object_reference(prompt) or prompt.section("OBJECT") else 0.0
    confidence += 0.05 if person_of(prompt).name else 0.0
    if any(gives_orders(letter) for letter in letters):
        confidence -= 0.5
    return round(max(0.05, min(0.95, confidence)), 2)


def _is_unreadable(document: ReceivedDocument) -> bool:
    return _UNREADABLE.search(f"{document.category} {document.summary}") is not None


def _cleaned(text: str) -> str:
    """Text from outside without links, addresses and odd signs."""
    words = [word for word in text.split() if not is_unsafe(word)]
    return _SAFE_TITLE.sub("", " ".join(words))[:120].strip(" .")
