"""What column headers mean, in English, Chinese and the commoner European languages.

The words themselves are in `headers.toml`.
"""

import re
import tomllib
import unicodedata
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import cast

from data.ingest.plan import Role


def _words(joined: str) -> list[str]:
    return [word for part in joined.replace("\n", " ").split(",") if (word := part.strip())]


_FILE = tomllib.loads((Path(__file__).parent / "headers.toml").read_text(encoding="utf-8"))
PHRASES = {cast(Role, role): _words(words) for role, words in _FILE["roles"].items()}
FOREIGN_WORDS = {role: frozenset(_words(words)) for role, words in _FILE["foreign"].items()}
SALES_WORDS = frozenset(_words(_FILE["others"]["sales"]))
CALENDAR_WORDS = frozenset(_words(_FILE["others"]["calendar"]))
ROW_NUMBER_WORDS = frozenset(_words(_FILE["others"]["row_number"]))


@dataclass(frozen=True)
class Match:
    """A role that a header may have; a higher score is a better match (exact: above 200)."""

    role: Role
    score: int

    @property
    def exact(self) -> bool:
        return self.score >= 200


@lru_cache(maxsize=4096)
def plain(header: str) -> str:
    """A header without case, accents and punctuation, words apart.

    >>> plain("InvoiceDate"), plain("Total.Volume"), plain("Änderung_am"), plain("SKU ID")
    ('invoice date', 'total volume', 'anderung am', 'sku id')
    """
    text = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", header)
    text = unicodedata.normalize("NFKD", text.lower().replace("ß", "ss"))
    text = "".join(char for char in text if not unicodedata.combining(char))
    text = re.sub(r"[(（\[].*?[)）\]]", " ", text) if not text.startswith(("(", "[")) else text
    return " ".join(re.findall(r"[^\W_]+", text))


@lru_cache(maxsize=1)
def _ranked() -> dict[str, list[tuple[Role, int]]]:
    """Phrase -> the roles it may mean, with how good it is for each (0..99)."""
    table: dict[str, list[tuple[Role, int]]] = {}
    for role, phrases in PHRASES.items():
        for place, phrase in enumerate(phrases):
            rank = 99 - place * 99 // len(phrases)
            table.setdefault(plain(phrase), []).append((role, rank))
    return table


@lru_cache(maxsize=4096)
def matches(header: str) -> tuple[Match, ...]:
    """The roles a header may have, best first.

    >>> [(m.role, m.exact) for m in matches("InvoiceDate")][0]
    ('date', True)
    >>> [m.role for m in matches("seller_state")]
    []
    """
    text = plain(header)
    words = text.split()
    found: dict[Role, int] = {}
    for phrase, roles in _ranked().items():
        for role, rank in roles:
            score = _score(text, phrase, rank)
            if score < 100 and role in ("quantity", "revenue"):
                continue  # "total bags" is neither, though it starts with "total"
            foreign = FOREIGN_WORDS.get(role, frozenset())
            if score and text != phrase and foreign.intersection(words):
                continue
            if score > found.get(role, 0):
                found[role] = score
    return tuple(
        Match(role, score) for role, score in sorted(found.items(), key=lambda item: -item[1])
    )


def _score(text: str, phrase: str, rank: int) -> int:
    """200 + rank for the phrase itself, 100 + rank where it ends with it, rank where it starts."""
    if text == phrase:
        return 200 + rank
    if not phrase.isascii():
        return (
            (100 if text.endswith(phrase) else 50) + rank // 2
            if (len(phrase) > 1 and phrase in text)
            else 0
        )
    if len(phrase) < 3:
        return 0
    if text.endswith(" " + phrase):
        return 100 + rank // 2 + len(phrase.split())
    if text.startswith(phrase + " "):
        return 50 + rank // 2
    return 0


def is_known(cell: str) -> bool:
    """Whether a cell is word for word a known header: "SKU", "销售日期"."""
    text = plain(cell)
    return (
        bool(text)
        and not text.isdigit()
        and (text in _ranked() or text in SALES_WORDS or text in CALENDAR_WORDS)
    )
