"""The words of reports: English as written in the builders, Chinese beside it in one place."""

from dataclasses import dataclass

from reports import told
from reports.content import Language
from reports.facts import Freq
from reports.vocabulary import CHINESE
from reports.vocabulary_festivals import FESTIVALS, OBSERVED

_NOUNS: dict[Freq, tuple[str, str, str]] = {
    "D": ("day", "days", "天"),
    "W": ("week", "weeks", "周"),
    "M": ("month", "months", "个月"),
}
_MODELS = {
    "theta": "Theta",
    "ets": "ETS",
    "arima": "ARIMA",
    "ces": "CES",
    "mstl": "MSTL",
    "lstm": "LSTM",
    "gru": "GRU",
    "transformer": "Transformer",
    "gbm": "Boosting",
    "ensemble": "Average of models",
    "pretrained": "Pretrained network",
}
_LAST_YEAR: dict[Freq, str] = {
    "D": "Last week's days",
    "W": "Last year's weeks",
    "M": "Last year's months",
}


@dataclass(frozen=True)
class Words:
    """Says an English text in one language."""

    language: Language

    def __call__(self, text: str, **values: object) -> str:
        """The text with its values; the English one where no other is known.

        >>> Words("zh")("Summary"), Words("en")("{name} sold", name="{x}")
        ('概要', '{x} sold')
        """
        known = CHINESE.get(text, text) if self.language == "zh" else text
        return known.format(**values) if values else known

    def counted(self, number: int, one: str, many: str, **values: object) -> str:
        """What is said of `{number}` things; English says it otherwise of one of them.

        >>> Words("en").counted(1, "1 line", "{number} lines")
        '1 line'
        >>> Words("en").counted(1200, "1 line", "{number} lines")
        '1,200 lines'
        """
        if self.language == "en" and number == 1:
            return one.format(**values) if values else one
        return self(many, number=f"{number:,}", **values)

    def told(self, text: str) -> str:
        """A sentence of another room, as why a model fell back; see `reports.told`."""
        return told.told(text, self.language)

    def change_told(self, title: str) -> str:
        """What a line of a scenario changes; see `reports.told`."""
        return told.change_told(title, self.language)

    def festival(self, name: str) -> str:
        """A festival or holiday; one that a user named stays as it is.

        >>> Words("zh").festival("Black Friday"), Words("zh").festival("Our birthday")
        ('黑色星期五', 'Our birthday')
        """
        if self.language == "en":
            return name
        plain = name.removesuffix(" (observed)")
        if plain not in FESTIVALS:
            return name
        return FESTIVALS[plain] + (OBSERVED if plain != name else "")

    def periods(self, number: int, freq: Freq) -> str:
        """A number of periods.

        >>> Words("en").periods(1, "W"), Words("en").periods(13, "W"), Words("zh").periods(6, "M")
        ('1 week', '13 weeks', '6个月')
        """
        one, many, chinese = _NOUNS[freq]
        if self.language == "zh":
            return f"{number}{chinese}"
        return f"{number:,} {one if number == 1 else many}"

    def model(self, model: str, freq: Freq) -> str:
        """What a report calls a model."""
        if model == "seasonal_naive":
            return self(_LAST_YEAR[freq])
        return self(_MODELS.get(model, model.replace("_", " ").capitalize()))

    def joined(self, parts: list[str]) -> str:
        """A list within a sentence."""
        return ("、" if self.language == "zh" else ", ").join(parts)

    def sentences(self, *parts: str) -> str:
        """Sentences one after the other."""
        return ("" if self.language == "zh" else " ").join(part for part in parts if part)
