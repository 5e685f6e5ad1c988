from __future__ import annotations

import pytest

from tenancy.adapters.passwords import Argon2Hashes, Cost

CHEAP = Cost(passes=1, memory_kib=64, lanes=1)


async def test_a_password_fits_its_own_hash_alone_and_each_hash_is_another() -> None:
    hashes = Argon2Hashes(CHEAP)
    first, second = [await hashes.make("drei gelbe Blumentöpfe") for _ in range(2)]
    assert first != second
    assert "argon2id" in first
    assert await hashes.fits("drei gelbe Blumentöpfe", first) == (True, None)
    assert await hashes.fits("drei gelbe Blumentöpfe ", first) == (False, None)
    assert await hashes.fits("x", "no hash at all") == (False, None)


async def test_without_an_account_the_same_work_is_done_and_nothing_fits(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    hashes = Argon2Hashes(CHEAP)
    worked: list[str] = []
    verify = hashes._verify

    def noted(password: str, kept: str) -> tuple[bool, str | None]:
        worked.append(kept)
        return verify(password, kept)

    monkeypatch.setattr(hashes, "_verify", noted)
    assert await hashes.fits("nobody has this password", None) == (False, None)
    [kept] = worked
    assert kept.startswith("$argon2id$v=19$m=64,t=1,p=1$")


async def test_a_hash_of_weaker_parameters_is_made_anew() -> None:
    weak = await Argon2Hashes(CHEAP).make("drei gelbe Blumentöpfe")
    fits, better = await Argon2Hashes(Cost(2, 128, 1)).fits("drei gelbe Blumentöpfe", weak)
    assert fits
    assert better is not None
    assert "m=128,t=2" in better
