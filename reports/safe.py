"""Words of users as every renderer takes them: no control signs, no direction overrides."""

import re
import unicodedata

_DIRECTION = re.compile("[\u202a-\u202e\u2066\u2067]")  # 2068 and 2069 isolate, and are ours
_RIGHT_TO_LEFT = re.compile("[\u0590-\u08ff]")
_PLUS = re.compile(r"[+−](?=[^\s\u2060])")  # a line must not end between a sign and its number
_LONG_WORD = re.compile(r"[^\s\u200b\u3000-\u9fff]{25,}")


def clean(text: str) -> str:
    """The text without signs that no file format can carry, on one line.

    >>> clean("Mug\\x00s\\n\\u202ered"), clean("half \\ud83d pair")
    ('Mugs red', 'half  pair')
    """
    flat = " ".join(_DIRECTION.sub("", text).splitlines())
    return "".join(sign for sign in flat if unicodedata.category(sign) not in ("Cc", "Cs"))


def isolated(text: str) -> str:
    """A name within a sentence, so that one from right to left does not turn what follows."""
    return f"\u2068{text}\u2069" if _RIGHT_TO_LEFT.search(text) else text


def breakable(text: str) -> str:
    """The clean text with places where a word too long for a column may be broken.

    >>> breakable("a" * 30).count("\\u200b")
    2
    """
    return together(_LONG_WORD.sub(_broken, clean(text)))


def together(text: str) -> str:
    """The text with signs that a line does not leave without their number.

    >>> together("up +4, down −3") == "up +\u20604, down −\u20603"
    True
    """
    return _PLUS.sub(lambda found: found.group() + "\u2060", text)


def _broken(match: re.Match[str]) -> str:
    word = match.group()
    return "\u200b".join(word[start : start + 12] for start in range(0, len(word), 12))
