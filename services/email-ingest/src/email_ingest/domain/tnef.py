"""Outlook's winmail.dat (TNEF, MS-OXTNEF): the files and the text that are inside."""

from __future__ import annotations

import struct
from dataclasses import dataclass, field

_SIGNATURE = 0x223E9F78
_BODY, _CODE_PAGE = 0x0002800C, 0x00069007
_NEW_FILE, _TITLE, _DATA, _PROPERTIES = 0x00069002, 0x00018010, 0x0006800F, 0x00069005
_LONG_NAME = 0x3707
_WIDE, _NARROW = 0x1F, 0x1E


class DamagedTnef(ValueError):
    """The bytes are no whole TNEF."""


@dataclass(slots=True)
class TnefFile:
    """A file inside."""

    name: str = ""
    data: bytes = b""


@dataclass(slots=True)
class Tnef:
    """What is inside a winmail.dat."""

    text: str = ""
    files: list[TnefFile] = field(default_factory=list)


def open_tnef(data: bytes) -> Tnef:
    """What is inside. Raises `DamagedTnef`."""
    if len(data) < 6 or struct.unpack_from("<I", data)[0] != _SIGNATURE:
        raise DamagedTnef("it does not begin like a winmail.dat")
    opened, code_page, at = Tnef(), "cp1252", 6
    while at < len(data):
        if at + 9 > len(data):
            raise DamagedTnef("it ends too early")
        tag, length = struct.unpack_from("<II", data, at + 1)
        value = data[at + 9 : at + 9 + length]
        if len(value) < length or at + 9 + length + 2 > len(data):
            raise DamagedTnef("it ends too early")
        if struct.unpack_from("<H", data, at + 9 + length)[0] != sum(value) & 0xFFFF:
            raise DamagedTnef("its check sum is wrong")
        if tag == _CODE_PAGE and length >= 4:
            code_page = f"cp{struct.unpack_from('<I', value)[0]}"
        _take(opened, tag, value, code_page)
        at += 11 + length
    return opened


def _take(opened: Tnef, tag: int, value: bytes, code_page: str) -> None:
    if tag == _BODY:
        opened.text = _narrow(value, code_page)
    elif tag == _NEW_FILE:
        opened.files.append(TnefFile())
    elif opened.files and tag == _TITLE and not opened.files[-1].name:
        opened.files[-1].name = _narrow(value, code_page)
    elif opened.files and tag == _DATA:
        opened.files[-1].data = value
    elif opened.files and tag == _PROPERTIES:
        opened.files[-1].name = _long_name(value) or opened.files[-1].name


def _narrow(value: bytes, code_page: str) -> str:
    try:
        return value.rstrip(b"\0").decode(code_page)
    except (LookupError, ValueError):
        return value.rstrip(b"\0").decode("latin-1")


def _long_name(properties: bytes) -> str:
    """The long file name among MAPI properties; found by its tag, since most of the others have forms of their own."""
    for kind in (_WIDE, _NARROW):
        at = properties.find(struct.pack("<HHI", kind, _LONG_NAME, 1))
        if at >= 0 and at + 12 <= len(properties):
            (length,) = struct.unpack_from("<I", properties, at + 8)
            value = properties[at + 12 : at + 12 + length]
            return (
                value.decode("utf-16-le", "replace") if kind == _WIDE else value.decode("latin-1")
            ).rstrip("\0")
    return ""
