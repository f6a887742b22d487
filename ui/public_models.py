"""Public models that the operator brought (docs/pretrained.md): what Train offers of them, and why
not the others; and on which data sets their scores say nothing. Knows no widgets.
"""

from collections.abc import Mapping
from typing import Any

from forecasting.public.checkpoints import FOLDER, Checkpoint, configured
from forecasting.public.families import FAMILIES, REQUIREMENTS, is_installed
from forecasting.public.licences import forbids_commercial_use
from forecasting.public.seen import seen_in_training
from ui import format as fmt

MODELS = tuple(FAMILIES)


def offered() -> tuple[str, ...]:
    """The models whose package is installed and whose weights lie in the operator's folder."""
    return tuple(_usable())


def options(model: str) -> dict[str, Any]:
    """What the library gets for a model: the weights of a public one, nothing for others.

    Folders are named in full, because jobs run elsewhere.
    """
    found = _usable().get(model)
    return {} if found is None else {"weights": str(found.folder.resolve())}


def in_words() -> str:
    """Which public models lie there, and what hinders the others; "" where no folder is set."""
    found = configured()
    if not found:
        return ""
    usable = {each.folder for each in _usable().values()}
    ready = [fmt.escape(each.name) for each in found if each.folder in usable]
    hindered = [_hindrance(each) for each in found if each.folder not in usable]
    here = f"Brought by you, not trained on your data: {', '.join(ready)}." if ready else ""
    return " ".join(part for part in (here, *hindered) if part)


def seen(models: Mapping[str, str], dataset: str) -> dict[str, str]:
    """Of models by key, with their name in the library: who says that they saw a data set.

    >>> seen({"timesfm #2": "timesfm", "gbm": "gbm"}, "M5")
    {'timesfm #2': "card of TimesFM 2.5: GIFT-Eval's pretraining collection"}
    """
    sources = {key: seen_in_training(name, dataset) for key, name in models.items()}
    return {key: source for key, source in sources.items() if source}


def warning(saw: Mapping[str, str]) -> str:
    """What to think of scores of models that saw the data in training, from `seen`."""
    sources = "; ".join(dict.fromkeys(saw.values()))
    return (
        ":material/warning: A public model saw this data in training, so that its error here is no "
        f"forecast of the unseen ({fmt.escape(sources)})."
    )


def _usable() -> dict[str, Checkpoint]:
    """The first usable checkpoint of each model."""
    found: dict[str, Checkpoint] = {}
    for each in configured():
        if is_installed(each.family) and not forbids_commercial_use(each.licence):
            found.setdefault(each.family.model, each)
    return found


def _hindrance(found: Checkpoint) -> str:
    name = fmt.escape(found.name)
    if forbids_commercial_use(found.licence):
        return f"{name} is not offered: its licence ({found.licence}) forbids commercial use."
    if not is_installed(found.family):
        return f"{name} needs a package: pip install -r {REQUIREMENTS}."
    return f"{name} is not offered: {FOLDER} holds another {found.family.title} before it."
