from __future__ import annotations

from base64 import b64encode, urlsafe_b64encode
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import SecretStr

from chassis.keyring import DataKey, KeyRing, KeyRingInvalid, SealBroken

OLD, NEW = bytes(range(32)), bytes(range(100, 132))
CONTEXT = "credential\x1fmuster\x1fsmtp\x1f1"


def ring(*entries: tuple[str, bytes]) -> KeyRing:
    return KeyRing.from_secret(
        SecretStr(",".join(f"{name}:{b64encode(key).decode()}" for name, key in entries))
    )


@given(st.binary(max_size=4096), st.text(max_size=80))
def test_what_was_sealed_opens_for_the_same_context(plain: bytes, context: str) -> None:
    keys = ring(("a", OLD))

    box = keys.seal(plain, context)

    assert keys.open(box, context) == plain


def test_a_box_moved_to_another_tenant_name_or_version_does_not_open() -> None:
    keys = ring(("a", OLD))
    box = keys.seal(b"geheim", CONTEXT)

    for other in (
        "credential\x1fandere\x1fsmtp\x1f1",
        "credential\x1fmuster\x1fimap\x1f1",
        "credential\x1fmuster\x1fsmtp\x1f2",
    ):
        with pytest.raises(SealBroken):
            keys.open(box, other)


def test_a_turned_ring_opens_old_boxes_and_asks_to_seal_them_again() -> None:
    box = ring(("2025", OLD)).seal(b"geheim", CONTEXT)

    turned = ring(("2026", NEW), ("2025", OLD))

    assert turned.open(box, CONTEXT) == b"geheim"
    assert turned.needs_reseal(box)
    assert not turned.needs_reseal(turned.seal(b"geheim", CONTEXT))


def test_a_box_whose_key_left_the_ring_says_which_key_is_missing() -> None:
    box = ring(("2025", OLD)).seal(b"geheim", CONTEXT)

    with pytest.raises(SealBroken, match="2025"):
        ring(("2026", NEW)).open(box, CONTEXT)


def test_a_changed_box_does_not_open() -> None:
    keys = ring(("a", OLD))
    box = keys.seal(b"geheim", CONTEXT)

    changed = box[:-3] + ("A" if box[-3] != "A" else "B") + box[-2:]

    with pytest.raises(SealBroken):
        keys.open(changed, CONTEXT)


@pytest.mark.parametrize(
    "box", ["", "geheim", "f1.a", "f1.a.", "f1.a.AAAA", "f2.a.AAAAAAAAAAAAAAAAAAAAAAAA", "f1.a.äöü"]
)
def test_what_is_no_box_is_refused_as_such(box: str) -> None:
    with pytest.raises(SealBroken):
        ring(("a", OLD)).open(box, CONTEXT)


def test_relabelling_a_box_with_another_key_id_does_not_open_it() -> None:
    box = ring(("a", OLD)).seal(b"geheim", CONTEXT)

    with pytest.raises(SealBroken):
        ring(("b", OLD)).open(box.replace("f1.a.", "f1.b."), CONTEXT)


@pytest.mark.parametrize("encode", [b64encode, urlsafe_b64encode])
def test_one_bare_key_is_a_ring_with_the_id_1(encode: Callable[[bytes], bytes]) -> None:
    keys = KeyRing.from_secret(SecretStr(encode(NEW).decode()))

    box = keys.seal(b"geheim", CONTEXT)

    assert box.startswith("f1.1.")
    assert ring(("1", NEW)).open(box, CONTEXT) == b"geheim"


@pytest.mark.parametrize(
    "secret",
    [
        "",
        "kurz",
        "a:",
        "a:nicht base64!",
        f"a:{b64encode(OLD).decode()},a:{b64encode(NEW).decode()}",
        f"a b:{b64encode(OLD).decode()}",
        b64encode(OLD[:16]).decode(),
    ],
)
def test_a_ring_that_is_none_is_refused_without_showing_the_key(secret: str) -> None:
    with pytest.raises(KeyRingInvalid) as refusal:
        KeyRing.from_secret(SecretStr(secret))

    assert b64encode(OLD).decode() not in str(refusal.value)


def test_two_boxes_of_the_same_secret_differ() -> None:
    keys = ring(("a", OLD))

    assert keys.seal(b"geheim", CONTEXT) != keys.seal(b"geheim", CONTEXT)


def test_a_data_key_opens_its_own_boxes_and_no_others() -> None:
    key, stranger = DataKey.make("muster", 1), DataKey.make("muster", 1)
    box = key.seal(b"geheim", CONTEXT)

    assert key.open(box, CONTEXT) == b"geheim"
    assert box.startswith("f2.1.")
    with pytest.raises(SealBroken):
        stranger.open(box, CONTEXT)
    with pytest.raises(SealBroken):
        key.open(box, "credential\x1fmuster\x1fimap\x1f1")
    with pytest.raises(SealBroken):
        key.open(box.replace("f2.1.", "f2.2."), CONTEXT)
    with pytest.raises(SealBroken):
        ring(("a", OLD)).open(box, CONTEXT)


def test_a_data_key_is_wrapped_for_its_owner_and_version_alone() -> None:
    keys = ring(("a", OLD))
    wrapped = DataKey.make("muster", 1).wrap(keys)

    for owner, version in (("andere", 1), ("muster", 2)):
        with pytest.raises(SealBroken):
            DataKey.unwrap(keys, owner, version, wrapped)


def test_turning_the_ring_wraps_a_data_key_anew_and_its_boxes_stay_as_they_are() -> None:
    old, both, new = ring(("a", OLD)), ring(("b", NEW), ("a", OLD)), ring(("b", NEW))
    key = DataKey.make("muster", 1)
    box, wrapped = key.seal(b"geheim", CONTEXT), key.wrap(old)

    assert both.needs_reseal(wrapped)
    again = DataKey.unwrap(both, "muster", 1, wrapped).wrap(both)

    assert not both.needs_reseal(again)
    assert DataKey.unwrap(new, "muster", 1, again).open(box, CONTEXT) == b"geheim"
    with pytest.raises(SealBroken, match="'a'"):
        DataKey.unwrap(new, "muster", 1, wrapped)
