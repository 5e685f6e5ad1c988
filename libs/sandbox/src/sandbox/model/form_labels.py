"""What forms print beside the values we look for; the more exact label stands first."""


def _labels(written: str) -> tuple[str, ...]:
    return tuple(label.strip() for label in written.split("|"))


EMPLOYEE = _labels("""
    Name des Arbeitnehmers | Arbeitnehmerin | Arbeitnehmer | Mitarbeiterin | Mitarbeiter | Beschäftigter | Employee name |
    Name of employee | Employee | Vor- und Nachname | Name | Frau | Herr | Herrn
""")
EMPLOYER = _labels("Arbeitgeber | Firma | Employer | Company")
MONTH = _labels("""
    Abrechnungsmonat | Abrechnungszeitraum | Lohnzeitraum | Zeitraum | Monat | Pay period | Period | Month |
    Gehaltsabrechnung | Lohnabrechnung | Entgeltabrechnung | Verdienstabrechnung | Pay slip | Abrechnung
""")
NET = _labels("""
    Nettolohn | Nettoverdienst | Nettobezüge | Nettogehalt | Nettoentgelt | Gesetzliches Netto | Nettoeinkommen |
    Net pay | Net salary | Net income | Net wages | Take home pay |
    Auszahlungsbetrag | Überweisungsbetrag | Auszahlung | Überweisung | Netto | Amount paid | Net
""")
GROSS = _labels("""
    Gesamtbrutto | Bruttolohn | Bruttobezüge | Bruttogehalt | Bruttoverdienst | Bruttoentgelt | Bruttoeinkommen |
    Gross pay | Gross salary | Gross income | Gross wages | Total gross | Steuerbrutto | Brutto | Gross
""")
INVOICE_NUMBER = _labels(
    "Rechnungsnummer | Rechnungs-Nr | Rechnung Nr | Invoice number | Invoice no | Invoice # | Rechnung | Invoice"
)
INVOICE_DATE = _labels("Rechnungsdatum | Invoice date | Date of invoice | Datum | Date")
INVOICE_TOTAL = _labels("""
    Gesamtbetrag | Rechnungsbetrag | Zahlbetrag | Endbetrag | Bruttobetrag | Gesamtsumme | Zu zahlen | Total amount due |
    Amount due | Total amount | Grand total | Total due | Invoice total | Gesamt | Summe | Total | Brutto
""")
ISSUER = _labels("Rechnungssteller | Aussteller | Issuer | Issued by | Seller | From")
DUE = _labels("""
    Zahlbar bis | Fällig am | Fälligkeitsdatum | Fälligkeit | Zahlungsziel | Due date | Payment due | Payable by | Due
""")
ORDER_NUMBER = _labels("""
    Bestellnummer | Bestell-Nr | Auftragsnummer | Auftrags-Nr | Order number | Order no | Purchase order no |
    Purchase order | Auftragsbestätigung | Bestellung | Order
""")
ORDER_DATE = _labels("Bestelldatum | Auftragsdatum | Order date | Datum | Date")
CUSTOMER = _labels("Kunde | Kundin | Besteller | Auftraggeber | Customer | Buyer | Ordered by | Bill to")
ORDER_TOTAL = _labels("""
    Gesamtbetrag | Auftragswert | Bestellwert | Gesamtsumme | Endbetrag | Bruttobetrag | Order total | Total amount |
    Grand total | Gesamt | Summe | Total
""")
SUBJECT = _labels("""
    Vertragsgegenstand | Mietgegenstand | Mietobjekt | Mietsache | Kaufgegenstand | Gegenstand | Subject | Property | Premises
""")
START = _labels("""
    Mietbeginn | Vertragsbeginn | Das Mietverhältnis beginnt | Beginn des Mietverhältnisses | Beginn | beginnt am |
    Start date | Commencement date | Commencing | beginning on | starts on | ab dem
""")
FIRST_PARTY = _labels("Vermieterin | Vermieter | Verkäufer | Auftraggeber | Landlord | Seller | Lessor")
SECOND_PARTY = _labels("Mieterin | Mieter | Käufer | Auftragnehmer | Tenant | Buyer | Lessee")
BORN = _labels("Geburtsdatum | Geburtstag | geboren am | Date of birth | Birth date")
DOCUMENT_NUMBER = _labels("""
    Ausweisnummer | Dokumentennummer | Passnummer | Reisepassnummer | Pass-Nr | Ausweis-Nr | Document number | Document no |
    Passport number | Passport no | Card number
""")
EXPIRY = _labels("Gültig bis | Ablaufdatum | Date of expiry | Expiry date | Valid until | Expires")
NATIONALITY = _labels("Staatsangehörigkeit | Nationality | Citizenship")
LAST_NAME = _labels("Familienname | Nachname | Surname | Last name | Name")
GIVEN_NAME = _labels("Vornamen | Vorname | Given names | Given name | First name")
FULL_NAME = _labels("Full name | Vor- und Nachname")
SENDER = _labels("""
    Name des Interessenten | Vor- und Nachname | Absender | Name | Interessent | Sender | Von | From
""")

ALL = (
    *EMPLOYEE,
    *EMPLOYER,
    *MONTH,
    *NET,
    *GROSS,
    *INVOICE_NUMBER,
    *INVOICE_DATE,
    *INVOICE_TOTAL,
    *ISSUER,
    *DUE,
    *ORDER_NUMBER,
    *ORDER_DATE,
    *CUSTOMER,
    *ORDER_TOTAL,
    *SUBJECT,
    *START,
    *FIRST_PARTY,
    *SECOND_PARTY,
    *BORN,
    *DOCUMENT_NUMBER,
    *EXPIRY,
    *NATIONALITY,
    *LAST_NAME,
    *GIVEN_NAME,
    *FULL_NAME,
    *SENDER,
)
