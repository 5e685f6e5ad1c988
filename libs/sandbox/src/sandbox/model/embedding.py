"""Vectors for texts: words and pieces of words, hashed; similar texts lie near each other."""

import hashlib
import math
import re
import unicodedata
from collections import Counter

_WORD = re.compile(r"\w+")
_FOLDED = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue", "ß": "ss"})
_WORD_WEIGHT, _PIECE_WEIGHT, _PIECE_LENGTH = 1.0, 0.35, 4
_COMMON_WORDS = """
    der die das und oder ist sind ein eine einen zu zum zur in im auf mit von vom für fuer den dem des ich sie wir
    ihr the a an and or is are to on with of for i you we at my your it be
"""
_VERY_COMMON = frozenset(_COMMON_WORDS.split())


def embed(text: str, dimensions: int) -> list[float]:
    """A unit vector of the given length, the same for the same text on every machine."""
    vector = [0.0] * dimensions
    for feature, weight in _features(text).items():
        digest = hashlib.blake2b(feature.encode(), digest_size=8).digest()
        place = int.from_bytes(digest[:6], "little") % dimensions
        vector[place] += weight if digest[7] & 1 else -weight
    length = math.sqrt(sum(value * value for value in vector))
    if length == 0.0:
        vector[0], length = 1.0, 1.0
    return [value / length for value in vector]


def _features(text: str) -> dict[str, float]:
    counts: Counter[str] = Counter()
    for word in _WORD.findall(unicodedata.normalize("NFC", text).casefold().translate(_FOLDED)):
        if word in _VERY_COMMON:
            continue
        counts[f"w:{word}"] += 1
        framed = f"<{word}>"
        counts.update(f"p:{framed[i : i + _PIECE_LENGTH]}" for i in range(len(framed) - _PIECE_LENGTH + 1))
    return {
        feature: (_WORD_WEIGHT if feature.startswith("w:") else _PIECE_WEIGHT) * (1 + math.log(count))
        for feature, count in counts.items()
    }
