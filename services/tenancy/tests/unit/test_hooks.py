from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import pytest
from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from contracts.tenants.hooks import KINDS
from tenancy.application.check_hooks import flaws_of_hooks
from tenancy.domain.hooks import MOST_SECRETS, OpenHook, WantedHook

SECRET = "ein-geheimnis-von-vielen"
TOPIC = "arn:aws:sns:eu-central-1:123456789012:inbound"
PEM = (
    generate_private_key(65537, 2048)
    .public_key()
    .public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    .decode()
)
SOUND: dict[str, tuple[tuple[str, ...], dict[str, object]]] = {
    "hmac": ((SECRET,), {}),
    "stripe": (("whsec_0123456789abcdef",), {}),
    "whatsapp": ((SECRET,), {"verify_token": "abc_def-0123456789"}),
    "telegram": (("abc_def-0123456789",), {}),
    "twilio": ((SECRET, "SK1:" + SECRET), {"public_url": "https://hooks.muster.test/", "forward_to": "+43660123456"}),
    "sipgate": ((PEM,), {"url_token": "abc_def-0123456789"}),
    "sns": ((), {"topic_arns": [TOPIC]}),
    "graph": (("client-state-0123456789",), {}),
    "hubspot": ((SECRET,), {"public_url": "https://hooks.muster.test/in"}),
    "weclapp": (("abc_def-0123456789",), {}),
    "widget": (("fdw_0123456789abcdef",), {"allowed_origins": ["https://www.muster.test"]}),
}  # fmt: skip


def flaws(
    verifier: str,
    secrets: tuple[str, ...] | None,
    settings: Mapping[str, object] | None,
    known: OpenHook | None = None,
) -> list[str]:
    hook = WantedHook("h", "mime", secrets, verifier, settings=settings)
    return [flaw.field for flaw in flaws_of_hooks([hook], {known.hook_id: known} if known else {})]


def test_there_is_a_sound_hook_of_every_kind() -> None:
    assert SOUND.keys() == KINDS.keys()


@pytest.mark.parametrize("verifier", sorted(SOUND))
def test_a_sound_hook_of_any_kind_has_no_flaws(verifier: str) -> None:
    assert flaws(verifier, *SOUND[verifier]) == []


@pytest.mark.parametrize("verifier", sorted(kind for kind in SOUND if kind != "sns"))
def test_a_hook_of_any_kind_that_signs_is_not_enabled_without_a_secret(verifier: str) -> None:
    settings = SOUND[verifier][1]

    assert flaws(verifier, (), settings) == ["hooks/0/secrets"]
    assert flaws(verifier, None, settings) == ["hooks/0/secrets"]
    assert flaws(verifier, ("kurz",), settings) == ["hooks/0/secrets/0"]


@pytest.mark.parametrize(
    ("verifier", "secret"),
    [
        ("telegram", "ein geheimnis mit lücken"), ("telegram", "x" * 257), ("weclapp", "token&more=0123456"),
        ("widget", "fdw/0123456789abcdef"), ("graph", "x" * 129), ("graph", "client state 0123456"),
        ("sipgate", SECRET), ("sipgate", PEM.replace("PUBLIC", "PRIVATE")), ("hmac", "x" * 513),
    ],
)  # fmt: skip
def test_a_secret_that_could_not_be_one_of_its_kind_is_refused_and_never_shown(
    verifier: str, secret: str
) -> None:
    hook = WantedHook("h", "s", (SOUND[verifier][0][0], secret), verifier, settings=SOUND[verifier][1])

    (flaw,) = flaws_of_hooks([hook], {})

    assert flaw.field == "hooks/0/secrets/1"
    assert secret not in flaw.message


@pytest.mark.parametrize(
    ("verifier", "settings", "places"),
    [
        ("whatsapp", {}, ["verify_token"]),
        ("whatsapp", {"verify_token": "kurz"}, ["verify_token"]),
        ("whatsapp", None, ["verify_token"]),
        ("twilio", {"public_url": "hooks.muster.test"}, ["public_url"]),
        ("twilio", {"public_url": "https://a.test/?x=1"}, ["public_url"]),
        ("twilio", {"forward_to": "0660 123"}, ["forward_to"]),
        ("twilio", {"language": "fr"}, ["language"]),
        ("sns", {}, ["topic_arns"]),
        ("sns", {"topic_arns": []}, ["topic_arns"]),
        ("sns", {"topic_arns": [TOPIC, "arn:aws:sqs:eu-central-1:123456789012:q"]}, ["topic_arns/1"]),
        ("sipgate", {"url_token": "ü" * 20}, ["url_token"]),
        ("widget", {"allowed_origins": ["https://www.muster.test", "*"]}, ["allowed_origins/1"]),
        ("widget", {"allowed_origins": ["https://a.test", "https://b.test/"]}, ["allowed_origins/1"]),
        ("widget", {"allowed_origins": ["https://www.muster.test"], "captcha": "turnstile"}, [""]),
        ("stripe", {"anything": 1}, ["anything"]),
        ("graph", {"client_state": "x"}, ["client_state"]),
    ],
)
def test_a_setting_that_does_not_fit_its_kind_is_told_where_it_stands(
    verifier: str, settings: dict[str, object] | None, places: list[str]
) -> None:
    found = flaws(verifier, SOUND[verifier][0], settings)

    assert found == [f"hooks/0/settings/{place}".rstrip("/") for place in places]


def test_a_flaw_of_a_setting_never_shows_its_value() -> None:
    hook = WantedHook("h", "s", (SECRET,), "whatsapp", settings={"verify_token": "geheim!"})

    (flaw,) = flaws_of_hooks([hook], {})

    assert "geheim" not in flaw.message


def test_an_unknown_kind_is_told_with_those_that_there_are() -> None:
    (flaw,) = flaws_of_hooks([WantedHook("h", "mime", (SECRET,), "quantum")], {})

    assert flaw.field == "hooks/0/verifier"
    assert "hmac" in flaw.message


def test_a_kind_that_has_no_secrets_takes_none() -> None:
    assert flaws("sns", (SECRET,), SOUND["sns"][1]) == ["hooks/0/secrets"]


def test_every_secret_of_a_rotation_is_active_but_not_without_end() -> None:
    def of(count: int) -> list[str]:
        return flaws("hmac", tuple(f"geheimnis-nummer-{number:02}" for number in range(count)), {})

    assert of(MOST_SECRETS) == []
    assert of(MOST_SECRETS + 1) == ["hooks/0/secrets"]


def test_a_hook_that_is_not_enabled_may_wait_for_its_secret_and_settings() -> None:
    waiting = WantedHook("h", "mime", None, "whatsapp", enabled=False)
    known = {
        "h": OpenHook("h", "muster", "mime", "whatsapp", (SECRET,), {"verify_token": "abc_def-0123456789"})
    }

    assert list(flaws_of_hooks([waiting], {})) == []
    assert [flaw.field for flaw in flaws_of_hooks([replace(waiting, enabled=True)], {})] == [
        "hooks/0/secrets",
        "hooks/0/settings/verify_token",
    ]
    assert list(flaws_of_hooks([replace(waiting, enabled=True)], known)) == []


def test_a_hook_that_becomes_of_another_kind_must_fit_that_kind() -> None:
    before = OpenHook("h", "muster", "mime", "hmac", (SECRET,), {})

    assert flaws("sns", None, None, before) == ["hooks/0/secrets", "hooks/0/settings/topic_arns"]
