"""The licence of weights that somebody brings, and whether it allows commercial use.

Read from the model card beside the weights, as the hub has it, or from the licence's own text. This
is a reminder and no legal advice: whoever brings weights answers for their use.
"""

import re
from pathlib import Path

# A licence named like this, or a text with these words, forbids commercial use.
_FORBIDS = re.compile(
    r"non[- _]?commercial|\bcc-by-nc|-nc-|-nc$|research[- ](use[- ])?only", re.IGNORECASE
)
_FIELD = re.compile(r"^(license|license_name):\s*[\"']?([\w.+ -]+?)[\"']?\s*$", re.MULTILINE)
_TEXTS = ("LICENSE", "LICENSE.txt", "LICENSE.md", "LICENCE", "LICENCE.txt")
# Weights on the hub whose licence is known before anything of them is fetched.
ON_THE_HUB = {"google/timesfm-3.0-pytorch": "timesfm-non-commercial-license-v1.0"}


def licence_of(folder: Path) -> str:
    """The licence of the weights in a folder as its card names it; "" where nothing does."""
    card = folder / "README.md"
    named = in_card(card.read_text(encoding="utf-8", errors="replace")) if card.is_file() else ""
    if named:
        return named
    for name in _TEXTS:
        if (folder / name).is_file():
            text = (folder / name).read_text(encoding="utf-8", errors="replace")
            return _title(text)
    return ""


def in_card(text: str) -> str:
    """The licence that the head of a model card names.

    >>> in_card("---\\nlicense: other\\nlicense_name: acme-non-commercial-v1\\n---\\n# Model")
    'acme-non-commercial-v1'
    >>> in_card("---\\nlicense: apache-2.0\\n---\\n"), in_card("# license: none in the head")
    ('apache-2.0', '')
    """
    if not text.startswith("---"):
        return ""
    head = text[3:].partition("\n---")[0]
    found = {str(field): str(value) for field, value in _FIELD.findall(head)}
    licence = found.get("license", "")
    return found.get("license_name", licence) if licence in ("", "other") else licence


def forbids_commercial_use(licence: str) -> bool:
    """Whether a licence of this name is for uses alone that are not commercial.

    >>> [forbids_commercial_use(name) for name in ("cc-by-nc-4.0", "apache-2.0", "")]
    [True, False, False]
    """
    return bool(_FORBIDS.search(licence))


def _title(text: str) -> str:
    """A licence's name from its text: that it forbids commercial use, else its first line."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    title = lines[0][:80] if lines else ""
    head = "\n".join(lines[:60])
    known = re.search(r"apache license|\bmit license|bsd \d-clause", head, re.IGNORECASE)
    if not known and _FORBIDS.search(head) and not _FORBIDS.search(title):
        return f"{title} (non-commercial)"
    return title
