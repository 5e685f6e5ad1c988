"""SPF, DKIM and DMARC as the company's own server saw them (RFC 8601)."""

from __future__ import annotations

import re
from collections.abc import Sequence

from email_ingest.domain.letter import Authenticity

_COMMENT = re.compile(r"\([^()]*\)")
_RESULT = re.compile(r"^\s*(spf|dkim|dmarc)\s*=\s*(\w+)(.*)$", re.IGNORECASE | re.DOTALL)
_DOMAIN = re.compile(
    r"\b(?:smtp\.mailfrom|smtp\.helo|header\.d|header\.i)\s*=\s*\"?(?:[^\s\";@]*@)?([^\s\";@]+)",
    re.IGNORECASE,
)


def authenticity(fields: Sequence[tuple[str, str]], authserv_id: str | None, author: str) -> Authenticity:
    """Whether the letter is from whom it says, by the company's own server; anyone else's word counts nothing.

    `fields` are the header fields in their order, names in lower case. A server writes on top of what it took in, so
    only its topmost block counts: below the next `Received` anyone may have written its name.
    """
    if not authserv_id:
        return "none"
    results: list[tuple[str, str, str]] = []
    begun = False
    for name, value in fields:
        if name == "authentication-results" and _is_by(value, authserv_id):
            begun = True
            results += _results(value)
        elif begun and name == "received":
            break
    return _verdict(results, author.rpartition("@")[2].lower())


def _is_by(value: str, authserv_id: str) -> bool:
    said = _COMMENT.sub(" ", value).partition(";")[0].split()
    return bool(said) and said[0].lower() == authserv_id.lower()


def _results(value: str) -> list[tuple[str, str, str]]:
    """Method, result, and the domain that it is about."""
    found: list[tuple[str, str, str]] = []
    for statement in _COMMENT.sub(" ", value).split(";")[1:]:
        matched = _RESULT.match(statement)
        if matched:
            domain = _DOMAIN.search(matched[3])
            found.append((matched[1].lower(), matched[2].lower(), domain[1].lower() if domain else ""))
    return found


def _verdict(results: Sequence[tuple[str, str, str]], author_domain: str) -> Authenticity:
    """DMARC decides; without its word an SPF or DKIM pass for the author's own domain does."""
    dmarc = [result for method, result, _ in results if method == "dmarc"]
    if "fail" in dmarc:
        return "fail"
    if "pass" in dmarc:
        return "pass"
    others = [(result, domain) for method, result, domain in results if method != "dmarc"]
    if any(result == "pass" and _same_house(domain, author_domain) for result, domain in others):
        return "pass"
    if any(result == "pass" for result, _ in others):
        return "none"
    return "fail" if any(result in ("fail", "softfail") for result, _ in others) else "none"


def _same_house(one: str, other: str) -> bool:
    """Relaxed alignment: the same domain, or one under the other."""
    if not one or not other or "." not in one or "." not in other:
        return False
    return one == other or one.endswith(f".{other}") or other.endswith(f".{one}")
