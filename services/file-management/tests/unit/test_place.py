"""Folders and names: by the tenant's template, taken by every store, and never out of the folder."""

from __future__ import annotations

import re
import unicodedata
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from file_management.domain.place import LONGEST_PATH, Filing, UnknownPlaceholder, place_of

FOLDERS = "{year}/{person}/{category}"
NAME = "{date} {category} {person}{extension}"


def filing(**changes: object) -> Filing:
    values: dict[str, object] = {
        "person": "Käthe Müller",
        "category": "income_proof",
        "filename": "scan0001.PDF",
        "received_on": date(2026, 11, 20),
        "object_reference": "W-17/3",
    }
    return Filing(**(values | changes))  # pyright: ignore[reportArgumentType]


def path(filing: Filing, folders: str = FOLDERS, name: str = NAME, language: str = "de") -> str:
    return place_of(filing, folder_template=folders, filename_template=name, language=language).path  # pyright: ignore[reportArgumentType]


def test_the_default_template_speaks_the_tenants_language() -> None:
    assert path(filing()) == (
        "2026/Käthe Müller/Einkommensnachweis/2026-11-20 Einkommensnachweis Käthe Müller.pdf"
    )
    assert path(filing(category="identity_document"), language="en") == (
        "2026/Käthe Müller/Identity document/2026-11-20 Identity document Käthe Müller.pdf"
    )


def test_every_placeholder_has_its_value() -> None:
    template = "{month}-{object}/{filename}"
    assert (
        path(filing(), template, "{filename} {object}{extension}") == "11-W-17-3/scan0001/scan0001 W-17-3.pdf"
    )


@pytest.mark.parametrize(
    ("person", "name"),
    [
        ("../../etc/passwd", "-..-etc-passwd"),
        ("..", ""),
        ("Müller / Söhne: GmbH?", "Müller - Söhne- GmbH-"),
        ("  Anna  Bauer. ", "Anna Bauer"),
        ("con", "_con"),
        ("LPT1.x", "_LPT1.x"),
        ("~$Anna", "$Anna"),
        ("Anna\u202egpj.exe", "Annagpj.exe"),
        ("Anna\nBauer\x00", "Anna Bauer"),
        ("Ka\u0308the", "Käthe"),
        ('a"b*c<d>e|f\\g', "a-b-c-d-e-f-g"),
    ],
)
def test_a_persons_name_becomes_a_name_that_every_store_takes(person: str, name: str) -> None:
    assert path(filing(person=person), "{person}", "x{extension}") == (f"{name}/x.pdf" if name else "x.pdf")


def test_an_unknown_object_leaves_no_empty_folder() -> None:
    assert path(filing(object_reference=None), "{object}/{year}", NAME).startswith("2026/")


def test_a_file_without_an_extension_gets_that_of_its_media_type() -> None:
    assert (
        path(filing(filename="Ausweis", media_type="image/jpeg"), "{year}", "{filename}")
        == "2026/Ausweis.jpg"
    )


def test_a_template_without_extension_keeps_it_all_the_same() -> None:
    assert path(filing(), "", "{date}") == "2026-11-20.pdf"


def test_a_name_of_which_nothing_is_left_is_called_by_its_category() -> None:
    assert path(filing(filename="???.pdf"), "", "{object}", "en") == "W-17-3.pdf"
    assert path(filing(object_reference=None), "", "{object}", "en") == "Proof of income.pdf"


def test_an_unknown_placeholder_is_said_with_those_that_there_are() -> None:
    with pytest.raises(UnknownPlaceholder, match=r"\{kunde\}; there are \{year\}"):
        path(filing(), "{kunde}")


def test_a_number_stands_before_the_extension() -> None:
    place = place_of(filing(), folder_template="", filename_template="Rechnung{extension}", language="de")
    assert [place.numbered(number).name for number in (1, 2, 3)] == [
        "Rechnung.pdf", "Rechnung 2.pdf", "Rechnung 3.pdf",
    ]  # fmt: skip


@given(person=st.text(max_size=400), filename=st.text(max_size=400), reference=st.text(max_size=400))
def test_no_input_leads_out_of_the_folder_or_is_refused_by_a_store(
    person: str, filename: str, reference: str
) -> None:
    place = place_of(
        filing(person=person, filename=filename, object_reference=reference),
        folder_template="{object}/{person}/../{filename}",
        filename_template="{filename} {person}{extension}",
        language="de",
    )
    assert len(place.path) <= LONGEST_PATH
    for name in (*place.folders, place.name):
        assert name
        assert name.strip(" .") == name
        assert not re.search(r'["*:<>?/\\|\x00-\x1f]', name)
        assert not re.match(r"(?i)(con|prn|aux|nul|com\d|lpt\d)(\.|$)", name)
        assert len(name.encode()) <= 255
        assert unicodedata.is_normalized("NFC", name)
