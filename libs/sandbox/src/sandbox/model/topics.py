"""What letters are about: topics by word stems, in German and English."""

import functools
import re
from collections.abc import Sequence
from dataclasses import dataclass

from sandbox.model.prompt import Letter

_FLAGS = re.IGNORECASE


@dataclass(frozen=True)
class Topic:
    """A topic, what letters say when they mean it, and the intent it makes."""

    name: str
    intent: str
    words: re.Pattern[str]
    weight: int = 2


def _topic(name: str, words: str, *, intent: str | None = None, weight: int = 2) -> Topic:
    return Topic(name, intent or name, re.compile(words, _FLAGS), weight)


TOPICS: tuple[Topic, ...] = (
    _topic(
        "complaint",
        r"beschwer|reklam|unverschämt|enttäusch|mangel\b|mängel|defekt|kaputt|schimmel|funktioniert (?:immer noch )?nicht|"
        r"ausgefallen|ärger|unzumutbar|mahnung|zum wiederholten mal|complain|disappoint|unacceptable|broken|not working|"
        r"mould|mold\b|leak|furious|fed up|frustrat|still (?:no|have not|haven't)",
        weight=6,
    ),
    _topic(
        "viewing",
        r"besichtig|anschauen|ansehen|angucken|vor ort sehen|\bviewing|view(?:ed)? (?:the|it|your)|\bvisit\b|"
        r"(?:come|to) (?:and )?see (?:the|it)|have a look|take a look|show(?:ing)? (?:me|us) (?:the|around)",
        weight=5,
    ),
    _topic(
        "price",
        r"\bpreis|kaltmiete|warmmiete|\bmiete\b|mietpreis|kaufpreis|nebenkosten|kosten\b|kostet|wie hoch|wie teuer|"
        r"was soll(?:te)? .{0,30}kosten|provision|courtage|\bprice|\brent\b(?! (?:the|a|an|this|your)\b)|how much|"
        r"\bcosts?\b|utilities|service charge|commission",
    ),
    _topic(
        "availability",
        r"verfügbar|noch frei|noch zu haben|noch zu vermieten|bezugsfrei|bezugsfertig|ab wann|wann .{0,40}(?:frei|einzieh|bezieh)|"
        r"einzugstermin|einzug\b|schon vergeben|vermietet|reserviert|\bavailab|still free|still on the market|move[- ]in|"
        r"move in|already (?:let|rented|taken|sold)",
    ),
    _topic(
        "documents",
        r"unterlagen|dokument|nachweis|gehaltsabrechnung|lohnabrechnung|schufa|selbstauskunft|anbei|anhang|angehängt|beigefügt|"
        r"exposé|expose\b|grundriss|energieausweis|\bdocuments?\b|attach|enclosed|payslip|pay slip|proof of income|"
        r"floor ?plan|brochure|paperwork|references?\b(?! (?:number|no))",
        weight=1,
    ),
    _topic(
        "appointment",
        r"\btermin(?!ator)|uhrzeit|treffen|verabred|rückruf|rufen sie|telefonat|zeit (?:haben|hätten)|passt (?:es )?(?:ihnen|mir|uns)|"
        r"appointment|schedul|\bmeet\b|meeting|call (?:me )?back|call me|phone call|time slot|works for (?:me|us)|suits? (?:me|us)",
    ),
    _topic(
        "application",
        r"bewerb|als mieter|mietinteressent|mieten möchte|möchte(?:n)? .{0,60}(?:mieten|kaufen)|mietvertrag (?:abschließen|unterschreiben)|"
        r"interessent|apply\b|application|applying|as (?:a )?tenants?|like to (?:rent|buy)|want to (?:rent|buy)|sign the (?:lease|contract)",
    ),
    _topic(
        "pets", r"haustier|\bhunde?\b|\bkatzen?\b|\bpets?\b|\bdogs?\b|\bcats?\b", intent="general", weight=1
    ),
    _topic("parking", r"stellplatz|garage|parkplatz|parking|car park", intent="general", weight=1),
    _topic("deposit", r"kaution|\bdeposit\b", intent="price", weight=1),
    _topic(
        "energy",
        r"heizung|energieausweis|energieklasse|heating|energy (?:certificate|rating)",
        intent="general",
        weight=0,
    ),
    _topic(
        "outside",
        r"balkon|terrasse|\bgarten(?:anteil|nutzung|mitbenutzung)?\b|balcon|terrace|\bgarden\b",
        intent="general",
        weight=1,
    ),
    _topic(
        "equipment",
        r"einbauküche|möblier|aufzug|fahrstuhl|keller\b|furnished|fitted kitchen|elevator|\blift\b|cellar",
        intent="general",
        weight=1,
    ),
    _topic("thanks", r"\bdank|\bthank", intent="general", weight=0),
)
_SENTENCE_END = re.compile(
    r"(?<=[.!?])(?<!\bNr\.)(?<!\bNo\.)(?<!\bca\.)(?<!\bTel\.)(?<!\d\.)(?<!\bDr\.)\s+|\n\s*\n", _FLAGS
)
_GREETING = re.compile(
    r"^(?:sehr geehrte[^,!]*|guten (?:tag|morgen|abend)[^,!?]*|hallo[^,!?]*|hi[^,!?]*|hello[^,!?]*|dear[^,!?]*|liebe[^,!?]*)[,!]\s+",
    _FLAGS,
)
_ORDERS = re.compile(
    r"ignor\w* .{0,40}(?:anweisung|instruction|regel|rules)|system prompt|you are now|du bist jetzt|"
    r"(?:disregard|forget) .{0,30}(?:instruction|rules|above)|vergiss .{0,40}(?:anweisung|regel)",
    _FLAGS | re.DOTALL,
)
_UNSAFE = re.compile(
    r"https?:|www\.|@|\bignor|anweisung|instruction|system prompt|\bbcc\b|\bprompt\b|weiterleit|forward (?:this|all|it)|"
    r"you are now|du bist jetzt|send (?:it |this |all |everything )?to|sende .{0,40} an\b|<|>|\{|\[",
    _FLAGS,
)
_NEGATIVE = re.compile(
    r"beschwer|enttäusch|ärger|unverschämt|unzumutbar|schlecht|leider|frech|kaputt|defekt|mahnung|frist|anwalt|complain|"
    r"disappoint|unacceptable|angry|furious|terrible|awful|worst|broken|lawyer|fed up|rude",
    _FLAGS,
)
_POSITIVE = re.compile(
    r"freu|gerne|toll|wunderbar|schön|perfekt|begeister|herzlich|super\b|interess|vielen dank|love|great|wonderful|"
    r"perfect|happy|delighted|looking forward|thank you|lovely|excellent|interested",
    _FLAGS,
)


@functools.lru_cache(maxsize=512)
def topics_of(letter: Letter) -> tuple[Topic, ...]:
    """The topics of one letter, in the order of TOPICS."""
    text = _meant(letter)
    return tuple(topic for topic in TOPICS if topic.words.search(text))


def intent_of(letters: Sequence[Letter]) -> str:
    """The intent that weighs most over all letters; `other` when nothing is recognised."""
    scores: dict[str, int] = {}
    for letter in letters:
        text = _meant(letter)
        for topic in topics_of(letter):
            count = min(3, len(topic.words.findall(text)))
            scores[topic.intent] = scores.get(topic.intent, 0) + count * topic.weight
    best = max(scores, key=lambda intent: scores[intent], default="other")
    if scores.get(best, 0) > 0:
        return best
    return "general" if any(len(letter.text.split()) > 3 for letter in letters) else "other"


def sentiment_of(letters: Sequence[Letter]) -> str:
    """Which feeling has more words."""
    text = "\n".join(f"{letter.subject}\n{letter.text}" for letter in letters)
    negative, positive = len(_NEGATIVE.findall(text)), len(_POSITIVE.findall(text))
    if negative == positive:
        return "neutral"
    return "negative" if negative > positive else "positive"


def questions_of(letter: Letter) -> list[str]:
    """The letter's questions that may be repeated: none with links, addresses or orders to the machine."""
    asked = [sentence for sentence in sentences_of(letter.text) if sentence.endswith("?")]
    return [sentence for sentence in asked if not is_unsafe(sentence) and len(sentence) < 200]


def is_unsafe(text: str) -> bool:
    """Whether a text holds a link, an address, or tries to give the machine orders."""
    return _UNSAFE.search(text) is not None


def gives_orders(letter: Letter) -> bool:
    """Whether the letter talks to the machine instead of to the company."""
    return _ORDERS.search(letter.text) is not None


def _meant(letter: Letter) -> str:
    """What counts as the letter's wish; of one that gives orders, only the harmless sentences."""
    text = f"{letter.subject}\n{letter.text}"
    if not gives_orders(letter):
        return text
    return "\n".join(sentence for sentence in sentences_of(text) if not is_unsafe(sentence))


def sentences_of(text: str) -> list[str]:
    """The sentences without line breaks and without the greeting before them."""
    found = (" ".join(sentence.split()) for sentence in _SENTENCE_END.split(text))
    return [bare for bare in (_GREETING.sub("", sentence) for sentence in found) if bare]
