"""The words by which German and English documents announce what they are and what stands beside them.

Each list is in order of preference: the first label that has a value beside it wins.
"""

from __future__ import annotations

from ocr.domain.analysis import Category

KEYWORDS: dict[Category, dict[str, int]] = {
    "income_proof": {
        r"(?:lohn|gehalts?|entgelt|bezüge|verdienst)[- ]?abrechnung": 6,
        r"abrechnung der brutto": 6,
        r"(?:einkommens|verdienst|gehalts|lohn)(?:nachweis|bescheinigung|zettel)": 6,
        r"(?:pay|salary|wage) ?(?:slip|stub|statement)|earnings statement|income statement|proof of income": 6,
        r"(?:gesamt)?brutto(?:lohn|gehalt|bezug|bezüge|entgelt)?\b|gross (?:pay|salary|income|wages?)": 2,
        r"netto(?:lohn|gehalt|bezug|verdienst|entgelt)?\b|net (?:pay|salary|income|wages?)|take[- ]home": 2,
        r"lohnsteuer|sozialversicherung|steuerklasse|income tax|social security|payroll": 2,
        r"arbeitgeber|arbeitnehmer|employer|employee": 1,
    },
    "invoice": {
        r"\brechnung(?!swesen)|\binvoice\b": 4,
        r"rechnungs?-?(?:nummer|nr|datum)|invoice (?:no|number|date)": 4,
        r"fällig|zahlbar|zahlungsziel|\bdue\b|payable|payment terms": 2,
        r"mwst|umsatzsteuer|\bust\b|\bvat\b|sales tax": 2,
        r"iban|\bbic\b|überweis|bank transfer": 1,
    },
    "order": {
        r"\b(?:bestellung|auftrag|auftragsbestätigung)\b|purchase order|order confirmation": 5,
        r"(?:bestell|auftrags)-?(?:nummer|nr|datum)|order (?:no|number|date)|po number": 4,
        r"liefer(?:termin|adresse|anschrift|datum)|deliver(?:y|ies)|ship to": 2,
    },
    "contract": {
        r"(?:miet|kauf|arbeits|dienst|werk|makler|darlehens)?vertrag\b|\bcontract\b|\bagreement\b": 4,
        r"vertragspartei|vertragspartner|contracting part|the parties|\bbetween\b|\bzwischen\b": 2,
        r"kündigungsfrist|laufzeit|mietbeginn|vertragsbeginn|§ ?\d|termination|effective date|clause": 2,
    },
    "identity_document": {
        r"personalausweis|reisepass|identity card|identitätskarte|\bpassport\b|aufenthaltstitel|führerschein": 6,
        r"p<[a-z<]{3}|id[a-z]{3}[a-z0-9<]{9}|<<<<": 6,
        r"geburts(?:datum|tag|ort)|date of birth|place of birth|nationality|staatsangehörigkeit": 2,
        r"gültig bis|date of expiry|expiry|ausweisnummer|passport no": 2,
    },
    "enquiry": {
        r"\banfrage\b|\binteressent|\benquiry\b|\binquiry\b": 3,
        r"besichtigung|\bviewing\b|interessiere mich|interested in": 3,
        r"sehr geehrte|guten tag|\bdear\b|mit freundlichen grüßen|kind regards|yours (?:sincerely|faithfully)": 1,
    },
}
"""Patterns and what each weighs; a document is what its patterns weigh most for."""

LABELS: dict[str, tuple[str, ...]] = {
    "employee_name": (
        r"name des (?:arbeitnehmers|mitarbeiters)",
        r"(?:arbeitnehmer|mitarbeiter|beschäftigte)(?:/?-?:?\*?in|r)?(?:[- ]?name)?",
        r"employee(?: name)?",
        r"(?:vor- und nachname|name, vorname|name)",
    ),
    "employer": (r"arbeitgeber(?:/?-?in)?", r"employer(?: name)?", r"firma", r"unternehmen", r"company"),
    "period": (
        r"abrechnungs(?:monat|zeitraum|periode)",
        r"(?:lohn|gehalts|entgelt|verdienst|bezüge)abrechnung(?: für)?(?: den)?(?: monat)?",
        r"pay(?:roll)? (?:period|month)",
        r"(?:zeitraum|monat|period|month|(?:pay ?slip|salary statement) for)",
    ),
    "gross_income": (
        r"gesamt[- ]?brutto(?:lohn|bezüge|verdienst)?",
        r"brutto(?:lohn|gehalt|bezug|bezüge|entgelt|verdienst|einkommen)",
        r"(?:total )?gross (?:pay|salary|income|wages?|earnings)",
        r"(?:total )?gross",
        r"brutto",
    ),
    "net_income": (
        r"(?:gesamt[- ]?)?netto(?:lohn|gehalt|bezug|bezüge|entgelt|verdienst|einkommen)",
        r"(?:total )?net (?:pay|salary|income|wages?|earnings)",
        r"auszahlungs?-?betrag",
        r"take[- ]home pay",
        r"netto",
        r"auszahlung",
    ),
    "invoice_number": (
        r"rechnungs?-?\s?(?:nummer|nr\.?)",
        r"rechnung (?:nr\.?|nummer)",
        r"invoice (?:no\.?|number|#)",
        r"re\.?-?nr\.?",
    ),
    "invoice_date": (r"rechnungs?-?datum", r"invoice date", r"datum", r"date(?: of issue)?"),
    "due_date": (
        r"fällig(?:keit(?:sdatum)?)?(?: am| bis| zum)?",
        r"zahlbar bis(?: zum| spätestens)?",
        r"(?:payment )?due(?: date| by| on)?",
        r"payable by",
    ),
    "issuer": (
        r"rechnungssteller",
        r"aussteller",
        r"lieferant",
        r"issued by",
        r"issuer",
        r"supplier",
        r"from",
    ),
    "total_amount": (
        r"(?:gesamt|rechnungs|end|zahl)[- ]?betrag(?: brutto| inkl\.? mwst\.?)?",
        r"(?:gesamt|end)[- ]?summe",
        r"zu zahlen(?:der betrag)?",
        r"(?:grand )?total(?: amount)?(?: due| payable| incl\.? vat)?",
        r"amount due",
        r"summe",
        r"betrag",
    ),
    "order_number": (
        r"(?:bestell|auftrags)-?\s?(?:nummer|nr\.?)",
        r"(?:bestellung|auftrag) (?:nr\.?|nummer)",
        r"(?:purchase )?order (?:no\.?|number|#)",
        r"po (?:no\.?|number)",
    ),
    "order_date": (r"(?:bestell|auftrags)-?datum", r"order date", r"datum", r"date"),
    "customer": (
        r"kunde(?:nname|/?-?in)?",
        r"besteller(?:/?-?in)?",
        r"auftraggeber",
        r"customer(?: name)?",
        r"bill to",
    ),
    "parties": (r"vertragspart(?:eien|ner)", r"parties", r"zwischen", r"between"),
    "subject": (
        r"vertragsgegenstand",
        r"gegenstand",
        r"mietobjekt",
        r"mietsache",
        r"subject(?: matter)?",
        r"betreff",
    ),
    "start_date": (
        r"(?:miet|vertrags)beginn",
        r"beginn(?:t am)?",
        r"(?:commencement|effective|start) date",
        r"ab dem",
        r"begins on",
    ),
    "full_name": (r"name, vorname", r"vor- und nachname", r"full name", r"name"),
    "birth_date": (r"geburts(?:datum|tag)", r"geboren(?: am)?", r"geb\.", r"date of birth", r"born(?: on)?"),
    "document_number": (
        r"(?:ausweis|pass|dokumenten?|karten)-?\s?(?:nummer|nr\.?)",
        r"(?:passport|document|card|id) (?:no\.?|number)",
    ),
    "expiry_date": (
        r"gültig bis",
        r"ablaufdatum",
        r"date of expiry",
        r"expiry date",
        r"expires(?: on)?",
        r"valid until",
    ),
    "nationality": (r"staatsangehörigkeit", r"nationalität", r"nationality"),
    "sender_name": (r"name", r"interessent(?:/?-?in)?", r"absender", r"from", r"von"),
    "object_reference": (
        r"objekt-?\s?(?:nummer|nr\.?|id)",
        r"(?:property|object|listing) (?:no\.?|number|id|reference)",
        r"(?:ihre )?referenz",
        r"(?:your )?reference",
        r"objekt",
    ),
    "phone": (r"telefon(?:nummer)?", r"tel\.?", r"mobil", r"handy", r"phone(?: number)?", r"mobile"),
}
"""The labels of each field."""

PATTERNS: dict[str, str] = {
    "employee_name": r"^(?:frau|herrn?|mr\.?|mrs\.?|ms\.?)\s+(?P<value>\w.*)$",
    "employer": r"^(?P<value>.*\b(?:g?gmbh|ag|ohg|kg|se|ug|e\.?k\.?|e\.?v\.?|ltd|llc|inc|plc)\b.*)$",
    "issuer": r"^(?P<value>.*\b(?:g?gmbh|ag|ohg|kg|se|ug|e\.?k\.?|e\.?v\.?|ltd|llc|inc|plc)\b.*)$",
}
"""What a line looks like that holds a field without any label: an address, a letterhead."""
