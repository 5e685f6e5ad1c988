"""What a person newly wrote: quotations, signatures and mobile footers are cut off. German and English."""

from __future__ import annotations

import re

_I = re.IGNORECASE
_ORIGINAL = re.compile(
    r"^\W{0,4}-{2,}\s*(urspr(ü|ue)ngliche (nachricht|e-?mail)|original(nachricht|[ -](message|nachricht|e-?mail))"
    r"|weitergeleitete (nachricht|e-?mail)|forwarded message|weitergeleitet von .*)\s*-{2,}\s*$|"
    r"^\s*(anfang der weitergeleiteten (nachricht|e-?mail)|begin forwarded message)\s*:?\s*$",
    _I,
)
_WROTE = re.compile(r"\b(schrieb|wrote|geschrieben|sent)\b", _I)
_ON = re.compile(r"\s*(am|on)\b", _I)
_WROTE_ON = re.compile(r"\b(schrieb|wrote)\s+(am|on)\b", _I)
_DATE_AND_ADDRESS = re.compile(r"\s*\d{4}-\d\d-\d\d \d\d?:\d\d\b")
_FROM = re.compile(r"^\W{0,3}(von|from)\s*:\W{0,3}\s*\S", _I)
_SENT = re.compile(r"^\W{0,3}(gesendet|sent|datum|date|gesendet am)\s*:", _I)
_TO = re.compile(r"^\W{0,3}(an|to|betreff|subject|cc|kopie)\s*:", _I)
_LINE = re.compile(r"^[_*=-]{5,}$")
_QUOTED = re.compile(r"^\s{0,3}>")
_MOBILE = re.compile(
    r"^\W{0,3}(von (meinem|unterwegs|mein)\b.{0,60}(gesendet|geschickt|iphone|ipad|handy|smartphone).{0,30}"
    r"|(diese (nachricht|e-?mail|mail) wurde )?(gesendet|verschickt|verfasst)? ?(von|mit|aus) (meinem|meiner|der|dem)\b.{0,60}"
    r"(iphone|ipad|android|samsung|galaxy|huawei|xiaomi|handy|smartphone|mobiltelefon|mail[- ]app|gmx|web\.de|yahoo).{0,40}"
    r"|gesendet (von|mit) (outlook|mail|yahoo|gmx|samsung|proton).{0,60}|gesendet mit der (gmx|web\.de|telekom).{0,40}"
    r"|von samsung.{0,20} gesendet|sent (from|with|via) (my|outlook|mail|yahoo|samsung|proton|gmail).{0,60}"
    r"|(holen sie sich|get|hol dir) outlook (für|for) (ios|android|mobile).{0,80}|outlook für (ios|android) beziehen.{0,80}"
    r"|virenfrei\W.{0,60}|virus-free\W.{0,60})$",
    _I,
)
_CLOSING = re.compile(
    r"^\s*((mit )?(vielen |den )?(freundlichen?|besten?|herzlichen?|lieben?|schönen?|schoenen?|viele|liebe|beste|schöne"
    r"|herzliche|freundliche|sonnige)\s+(gr(ü|ue)(ß|ss)en?|gr(ü|ue)ße?)|hochachtungsvoll|mfg|m\.?f\.?g\.?|lg|l\.g\.|vg|bg|gr(ü|ue)(ß|ss)e?"
    r"|(kind|best|warm|many)\s+(regards|wishes)|regards|best|(yours )?sincerely( yours)?|yours (faithfully|truly)|cheers"
    r"|(many )?thanks|thank you)\b.{0,40}$",
    _I,
)
_CONTACT_DATA = re.compile(
    r"\b(tel|telefon|fon|phone|mobil|mobile|handy|fax|e-?mail|web|www)\b\.?\s*[:.]|www\.|https?://|\S+@\S+\.\w"
    r"|\b(gmbh|kg|ag|ohg|gbr|e\.?u\.?|ltd|llc|inc|plc)\b|\b(hrb|fn|ust|atu|uid|geschäftsführ\w*|handelsregister|firmenbuch)\b"
    r"|^\s*[\w.\- ]+(straße|strasse|gasse|weg|platz|allee|str\.)\s*\d|^\s*(a-|d-|ch-)?\d{4,5}\s+\w"
    r"|vertraulich|confidential|intended recipient|umwelt|ausdrucken|please consider|\+\d[\d /()-]{6,}",
    _I,
)


def newly_written(text: str) -> str:
    """What the person wrote now. Where nothing is left (a mail that was only passed on), the whole text."""
    own = without_signature(without_quotation(text))
    return own or text.strip()


def without_quotation(text: str) -> str:
    """The text without the letter that it answers; answers between and under quoted lines stay."""
    lines = text.split("\n")
    lines = lines[: _where_another_letter_begins(lines)]
    introduced = _introduction(lines)
    if introduced is not None:
        begin, end = introduced
        rest = next((line for line in lines[end:] if line.strip()), "")
        lines = lines[:begin] + lines[end:] if _QUOTED.match(rest) else lines[:begin]
    quoted = sum(1 for line in lines if _QUOTED.match(line))
    if quoted > 1 or (quoted and introduced):
        lines = [
            line if not _QUOTED.match(line) else "" for line in lines
        ]  # a gap, so that two answers stay two
    while lines and (not lines[-1].strip() or _LINE.match(lines[-1].strip())):
        lines.pop()
    return re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip()


def without_signature(text: str) -> str:
    """The text without signature block and mobile footer; the closing words and the name under them stay."""
    lines = text.split("\n")
    for number, line in enumerate(lines):
        if line.rstrip() in ("--", "—") and any(above.strip() for above in lines[:number]):
            lines = lines[:number]
            break
    lines = [line for line in lines if not _MOBILE.match(line.strip())]
    while lines and (not lines[-1].strip() or _LINE.match(lines[-1].strip())):
        lines.pop()
    return "\n".join(_without_block_under_the_name(lines)).strip()


def _where_another_letter_begins(lines: list[str]) -> int:
    for number, line in enumerate(lines):
        if len(line) < 400 and (_ORIGINAL.match(line) or _is_header_block(lines[number : number + 8])):
            return number
    return len(lines)


def _is_header_block(lines: list[str]) -> bool:
    if not lines or not _FROM.match(lines[0]):
        return False
    return any(_SENT.match(line) for line in lines[1:]) and any(_TO.match(line) for line in lines[1:])


def _introduction(lines: list[str]) -> tuple[int, int] | None:
    """The first "… wrote:", which may run over three lines."""
    for number, line in enumerate(lines):
        if not line.strip() or len(line) > 400 or _QUOTED.match(line):
            continue
        for length in (1, 2, 3):
            spanned = [part.strip() for part in lines[number : number + length]]
            together = " ".join(spanned)
            if all(spanned) and _introduces(together):
                return number, min(number + length, len(lines))
    return None


def _introduces(line: str) -> bool:
    """Whether a line says who wrote when what follows."""
    if not line.endswith(":") or not re.search(r"\d", line):
        return False
    if _DATE_AND_ADDRESS.match(line) and "@" in line:
        return True
    if _ON.match(line):
        return _WROTE.search(line) is not None
    return len(line) < 250 and _WROTE_ON.search(line) is not None


def _without_block_under_the_name(lines: list[str]) -> list[str]:
    closing = next((n for n in range(len(lines) - 1, -1, -1) if _CLOSING.match(lines[n])), None)
    if closing is None:
        return lines
    end = closing + 1
    while end < len(lines) and not lines[end].strip():
        end += 1
    named = end
    while end < len(lines) and lines[end].strip() and end - named < 3:
        end += 1
    kept = lines[:end]
    for paragraph in "\n".join(lines[end:]).split("\n\n"):
        inside = [line for line in paragraph.split("\n") if line.strip()]
        if inside and sum(1 for line in inside if _CONTACT_DATA.search(line)) * 2 < len(inside):
            kept += ["", *inside]
    return kept
