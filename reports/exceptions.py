"""What stands out in a forecast: products unlike last year, empty shelves, bands that lie."""

import pandas as pd

from reports.blocks import writer
from reports.content import Text
from reports.facts import Outlook, Parts, Setting
from reports.safe import isolated
from reports.words import Words

_NAMED = 4  # in a sentence
_FELL, _ROSE = -0.3, 0.5  # changes against last year that are exceptions
_MATTERS = 0.01  # share of the whole
_EMPTY = 0.05  # share of product-days out of stock


def exceptions(made: Outlook, parts_of: tuple[Parts, ...], setting: Setting) -> Text:
    """The exceptions of a forecast and its products; one sentence where there is none."""
    say, write = Words(setting.language), writer(setting)
    texts: list[str] = []
    parts = next((each for each in parts_of if each.level == "product"), None)
    if parts is not None and not parts.frame.empty:
        texts += _unusual_parts(parts, say)
    recent = made.history["stockout_share"].tail(made.near).mean()
    if pd.notna(recent) and recent > _EMPTY:
        texts.append(
            say(
                "Out of stock on {share} of product-days in the last {periods}: what sold is less "
                "than what was wanted, and the forecast learned from it.",
                share=write.full(recent, "share"),
                periods=say.periods(made.near, setting.freq),
            )
        )
    if made.scores is not None and made.model in made.scores.index:
        held = float(made.scores["coverage"][made.model])
        if not 0.7 <= held <= 0.9:
            text = (
                "The 80% band held in {held} of past periods: it is too narrow, so plan for more."
                if held < 0.8
                else "The 80% band held in {held} of past periods: it is wider than it need be."
            )
            texts.append(say(text, held=f"{held:.0%}"))
    return Text(paragraphs=tuple(texts) or (say("Nothing stands out."),), is_list=bool(texts))


def _unusual_parts(parts: Parts, say: Words) -> list[str]:
    frame = parts.frame
    growth = frame["forecast"] / frame["before"] - 1
    large = (frame["forecast"] + frame["before"].fillna(0)) > _MATTERS * frame["forecast"].sum()
    found = (
        (
            "Without a year before, so judged by recent sales alone: {names}.",
            frame["before"].isna(),
        ),
        ("At least 30% less than last year: {names}.", (growth <= _FELL) & large),
        ("At least half more than last year: {names}.", (growth >= _ROSE) & large),
    )
    texts = []
    for text, chosen in found:
        names = [isolated(str(label)) for label in frame["label"][chosen]]
        if names:
            more = len(names) - _NAMED
            listed = say.joined(names[:_NAMED])
            if more > 0:
                listed = say("{names} and {more} more", names=listed, more=more)
            texts.append(say(text, names=listed))
    return texts
