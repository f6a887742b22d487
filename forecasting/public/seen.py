"""Data sets that public models learned from: what they score there is no forecast of the unseen.

From what the authors say. A data set that is not here may have been seen all the same: their lists
are long, and private sets are in nobody's list.
"""

import re

MARK = "saw this data in training"  # beside a model's name, wherever scores are shown

_CHRONOS = "Chronos paper (arXiv 2403.07815), table 3: pretraining and in-domain"
_GIFT = "card of TimesFM 2.5: GIFT-Eval's pretraining collection"
# By model: data sets as words of a name, and who says so.
SEEN: dict[str, dict[str, str]] = {
    "chronos_bolt": dict.fromkeys(
        ("m4", "kdd cup", "electricity", "solar", "london smart meters", "taxi", "uber tlc",
         "rideshare", "pedestrian counts", "temperature rain", "wiki daily", "mexico city bikes"),
        _CHRONOS,
    ),
    "chronos_2": dict.fromkeys(
        ("m4", "electricity", "solar", "taxi", "uber tlc", "wiki daily", "mexico city bikes"),
        "likely: the same authors' collection (arXiv 2403.07815, table 3)",
    ),
    "timesfm": dict.fromkeys(
        ("m5", "favorita", "m1", "m3", "tourism", "nn5", "cif 2016", "fred md",
         "kaggle web traffic", "wiki daily"),
        _GIFT,
    ),
}  # fmt: skip


def seen_in_training(model: str, dataset: str) -> str:
    """Who says that the model learned from a data set of this name; "" where nobody does.

    >>> seen_in_training("timesfm", "M5 sample, daily")
    "card of TimesFM 2.5: GIFT-Eval's pretraining collection"
    >>> seen_in_training("timesfm", "m4_weekly"), seen_in_training("pretrained", "m5")
    ('', '')
    """
    words = f" {' '.join(re.findall(r'[a-z0-9]+', dataset.lower()))} "
    return next(
        (source for name, source in SEEN.get(model, {}).items() if f" {name} " in words), ""
    )
