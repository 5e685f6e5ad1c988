"""Names and contact points as people write them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crm_sync.domain.contact_points import country_code_of, normal_email, normal_phone, words_of
from crm_sync.domain.customer import Person, split_name


@pytest.mark.parametrize(
    ("written", "first", "last"),
    [
        ("Anna Grün", "Anna", "Grün"),
        ("Dr. Anna von der Heide", "Anna", "von der Heide"),
        ("Mag. Herr Jörg Öllinger-Süß", "Jörg", "Öllinger-Süß"),
        ("Grün, Anna Maria", "Anna Maria", "Grün"),
        ("Anna Maria van Beethoven", "Anna Maria", "van Beethoven"),
        ("Müller", "", "Müller"),
        ("anna@example.org", "", "anna@example.org"),
    ],
)
def test_a_name_becomes_first_and_last_name(written: str, first: str, last: str) -> None:
    assert split_name(written) == (first, last)


@pytest.mark.parametrize(
    ("written", "normal"),
    [
        ("0664 / 123 45 67", "+436641234567"),
        ("+43 (0) 664 1234567", "+436641234567"),
        ("0043-664-1234567", "+436641234567"),
        ("+49 30 901820", "+4930901820"),
        ("keine", None),
        ("123", None),
    ],
)
def test_a_phone_number_is_known_however_it_is_written(written: str, normal: str | None) -> None:
    assert normal_phone(written, country_code="43") == normal


def test_a_national_number_is_of_the_companys_country() -> None:
    assert country_code_of("Europe/Berlin", default="43") == "49"
    assert country_code_of("Europe/Rome", default="43") == "43"


@given(st.text(max_size=40))
def test_a_normal_form_is_its_own_normal_form(text: str) -> None:
    email, phone = normal_email(text), normal_phone(text, country_code="43")
    assert email is None or normal_email(email) == email
    assert phone is None or normal_phone(phone, country_code="1") == phone


def test_words_are_found_with_and_without_umlauts() -> None:
    assert words_of("Müller-Süß & Söhne") == words_of("MUELLER suess soehne")
    assert "cafe" in words_of("Café")


def test_a_company_is_told_from_a_person_by_its_name() -> None:
    assert Person("r", "Hausbau Grün GmbH").kind == "organization"
    assert Person("r", "Gundula Kgler").kind == "person"


def test_somebody_without_a_name_is_shown_by_a_contact_point() -> None:
    assert Person("r", None, ("anna@example.org",)).shown_name == "anna@example.org"
    assert Person("r", " ", (), ()).shown_name == "Unbekannt"
