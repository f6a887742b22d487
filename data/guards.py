"""Words in files that a spreadsheet opens: none is a formula, and each comes back as it was."""

import re

_STARTS = ("=", "+", "-", "@", "\t", "\r")
_GUARDED = re.compile(r"^'(?=[=+\-@\t\r])")


def guarded(text: str) -> str:
    """Text that no spreadsheet takes for a formula.

    >>> guarded("=cmd()"), guarded("Coffee")
    ("'=cmd()", 'Coffee')
    """
    return "'" + text if text.startswith(_STARTS) else text


def unguarded(text: str) -> str:
    """The text as it was before it was guarded.

    >>> unguarded("'=cmd()"), unguarded("'s-Hertogenbosch"), unguarded("Coffee")
    ('=cmd()', "'s-Hertogenbosch", 'Coffee')
    """
    return _GUARDED.sub("", text)
