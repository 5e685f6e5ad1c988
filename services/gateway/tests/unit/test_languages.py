from __future__ import annotations

import pytest

from gateway.domain.languages import spoken


@pytest.mark.parametrize(
    ("accepted", "language"),
    [
        ("de", "de"), ("de-AT,de;q=0.9,en;q=0.8", "de"), ("en-GB,de;q=0.9", "en"), ("fr,de;q=0.2,en;q=0.1", "de"),
        ("fr", "en"), ("", "en"), ("de;q=0,en;q=0.1", "en"), ("de;q=nonsense", "en"),
    ],
)  # fmt: skip
def test_a_person_is_told_in_the_language_that_his_browser_likes_best(accepted: str, language: str) -> None:
    assert spoken([accepted]) == language
