"""The sentences of a reply, by topic and language."""

_TOPICS: dict[str, tuple[str, str]] = {
    "complaint": (
        "Es tut uns leid, dass Sie Grund zur Beschwerde haben. Wir nehmen Ihr Anliegen ernst; eine Kollegin oder ein Kollege prüft es und meldet sich persönlich bei Ihnen.",
        "We are sorry that you have reason to complain. We take your concern seriously; a colleague will look into it and get back to you in person.",
    ),
    "viewing": (
        "Gerne können Sie das Objekt besichtigen.",
        "You are welcome to view the property.",
    ),
    "availability": (
        "Ob und ab wann das Objekt frei ist, prüfen wir und bestätigen es Ihnen umgehend.",
        "We are checking whether and from when the property is available and will confirm it to you shortly.",
    ),
    "application": (
        "Ihr Interesse, das Objekt zu übernehmen, haben wir vermerkt.",
        "We have noted your interest in taking the property.",
    ),
    "pets": (
        "Ob Haustiere möglich sind, klären wir mit dem Eigentümer und geben Ihnen Bescheid.",
        "We will ask the owner whether pets are possible and let you know.",
    ),
    "parking": (
        "Zur Frage nach Stellplatz oder Garage geben wir Ihnen gesondert Auskunft.",
        "We will let you know separately about parking.",
    ),
    "deposit": (
        "Die Höhe der Kaution nennen wir Ihnen mit den Vertragsunterlagen.",
        "We will tell you the amount of the deposit together with the contract documents.",
    ),
    "energy": (
        "Die Angaben zu Heizung und Energieausweis stellen wir Ihnen zur Verfügung.",
        "We will provide the details on heating and the energy certificate.",
    ),
    "outside": (
        "Zu Balkon, Terrasse und Garten erhalten Sie die Angaben mit dem Exposé.",
        "You will find the details on balcony, terrace and garden in the brochure.",
    ),
    "equipment": (
        "Zur Ausstattung geben wir Ihnen gerne genaue Auskunft.",
        "We are happy to give you the details on the fittings.",
    ),
}
_CATEGORIES: dict[str, tuple[str, str]] = {
    "identity_document": ("Ausweisdokument", "identity document"),
    "income_proof": ("Einkommensnachweis", "proof of income"),
    "invoice": ("Rechnung", "invoice"),
    "order": ("Bestellung", "order"),
    "contract": ("Vertrag", "contract"),
    "enquiry": ("Anfrage", "enquiry"),
    "other": ("Dokument", "document"),
}
_WEEKDAYS = (
    ("Montag", "Monday"),
    ("Dienstag", "Tuesday"),
    ("Mittwoch", "Wednesday"),
    ("Donnerstag", "Thursday"),
    ("Freitag", "Friday"),
    ("Samstag", "Saturday"),
    ("Sonntag", "Sunday"),
)
_MONTHS = (
    ("Januar", "January"),
    ("Februar", "February"),
    ("März", "March"),
    ("April", "April"),
    ("Mai", "May"),
    ("Juni", "June"),
    ("Juli", "July"),
    ("August", "August"),
    ("September", "September"),
    ("Oktober", "October"),
    ("November", "November"),
    ("Dezember", "December"),
)


def for_topic(topic: str, language: str) -> str:
    """The sentence for a topic; empty when the topic has none of its own."""
    return _pick(_TOPICS.get(topic, ("", "")), language)


def for_category(category: str, language: str) -> str:
    """A document category's name."""
    return _pick(_CATEGORIES.get(category, _CATEGORIES["other"]), language)


def for_weekday(number: int, language: str) -> str:
    """A weekday's name; Monday is 0."""
    return _pick(_WEEKDAYS[number], language)


def for_month(number: int, language: str) -> str:
    """A month's name; January is 1."""
    return _pick(_MONTHS[number - 1], language)


def _pick(pair: tuple[str, str], language: str) -> str:
    return pair[1] if language == "en" else pair[0]
