"""Sentences that other rooms wrote in English, as a report tells them in its language.

Why a model fell back and what a scenario assumes arrives as an English sentence with its numbers.
Each kind is known here by its pattern; a sentence of no known kind stays as it is.
"""

import re
from functools import cache
from string import Formatter

from reports.content import Language

# As it is written, in the English of reports ("": as it is written), in Chinese.
_KNOWN: tuple[tuple[str, str, str], ...] = (
    # --- Why a simpler method was used ---
    ("nothing was observed", "nothing is known of it", "没有任何数据"),
    ("the last {n} {unit} are all zero", "nothing sold in the last {n} {unit}", "最近{n}期均为零"),
    ("all {n} {unit} are {value}", "", "全部{n}期均为{value}"),
    ("only {n} {unit}", "", "仅有{n}期数据"),
    (
        "{n} {unit} are fewer than one season of {length}",
        "{n} {unit} of sales, less than one season of {length}",
        "仅{n}期，不足一个长度为{length}的季节",
    ),
    (
        "{n} {unit} are fewer than {number} seasons of {length}",
        "{n} {unit} of sales, less than {number} seasons of {length}",
        "仅{n}期，不足{number}个长度为{length}的季节",
    ),
    ("not a finite forecast", "", "预测值不是有限数"),
    (
        "diverged to {far}, history within {low} and {high}",
        "",
        "预测发散到{far}，而历史在{low}到{high}之间",
    ),
    (
        "the panel was too short to learn a forecast of {n} {unit}",
        "",
        "数据太短，无法学习{n}期预测",
    ),
    ("no history; like {names}", "", "没有历史；参照{names}"),
    ("only {n} {unit}; like {names}", "", "仅有{n}期数据；参照{names}"),
    ("{model} failed: {why}", "", "{model}失败：{why}"),
    # --- What to know of a scenario ---
    (
        "{price} was never charged for {name} (lowest so far: {seen}). The effect is a guess; "
        "its band is wider.",
        "",
        "{name}从未卖到{price}（迄今最低{seen}）。影响只是猜测，区间已加宽。",
    ),
    (
        "{price} was never charged for {name} (highest so far: {seen}). The effect is a guess; "
        "its band is wider.",
        "",
        "{name}从未卖到{price}（迄今最高{seen}）。影响只是猜测，区间已加宽。",
    ),
    (
        "{price} was never charged for {name} (lowest so far: {seen}). The effect is a guess; "
        "its band is wider. The same holds for {n} more.",
        "",
        "{name}从未卖到{price}（迄今最低{seen}）。影响只是猜测，区间已加宽。另有{n}个同样如此。",
    ),
    (
        "{price} was never charged for {name} (highest so far: {seen}). The effect is a guess; "
        "its band is wider. The same holds for {n} more.",
        "",
        "{name}从未卖到{price}（迄今最高{seen}）。影响只是猜测，区间已加宽。另有{n}个同样如此。",
    ),
    (
        "{n} of the series have no measured elasticity: their sales stay as they are.",
        "",
        "{n}个商品没有测得的价格弹性：其销售保持不变。",
    ),
    (
        "{model} reads no prices: the measured elasticity answers for all products.",
        "",
        "{model}不读取价格：全部商品按测得的弹性计算。",
    ),
    (
        "The model's answer to the price was not credible for {n} of {all} products; the measured "
        "elasticity answers there.",
        "",
        "{all}个商品中有{n}个，模型对价格的反应不可信，改按测得的弹性计算。",
    ),
    (
        "{n} products have no measured elasticity: their answer to the price is the model's alone.",
        "",
        "{n}个商品没有测得的价格弹性：仅按模型对价格的反应计算。",
    ),
    ("It counts from {day}: the days before are sold.", "", "自{day}起计算：之前的日子已售出。"),
    ("It counts until {day}, where forecasts end.", "", "计算到{day}，预测到此为止。"),
    (
        "What {name} does was never measured: it has not come while there were sales.",
        "",
        "{name}的影响从未测量：有销售数据以来没有出现过。",
    ),
    ("What {name} did is measured by category.", "", "{name}的影响按品类测量。"),
    (
        "{name} sold {times} times as much as usual so far ({between} in 8 of 10 cases). The band "
        "does not hold this doubt.",
        "",
        "{name}迄今销售为平时的{times}倍（十次中有八次为{between}倍）。区间不含这一不确定性。",
    ),
)
# What a scenario changes, as its lines begin.
_CHANGES = {
    "Price": "价格",
    "Promotion": "促销",
    "No promotion": "取消促销",
    "Move promotion": "移动促销",
    "Out of stock": "缺货",
    "Demand": "需求",
    "Launch": "上新",
    "Unit cost": "单位成本",
    "Event off": "取消节日",
    "Move event": "移动节日",
}


def told(text: str, language: Language) -> str:
    """The sentence in a language; as it is where its kind is not known.

    >>> told("88 weeks are fewer than 2 seasons of 52", "en")
    '88 weeks of sales, less than 2 seasons of 52'
    >>> told("the last 20 weeks are all zero", "zh"), told("The moon was full.", "zh")
    ('最近20期均为零', 'The moon was full.')
    """
    for pattern, english, chinese in _compiled():
        if found := pattern.fullmatch(text):
            template = chinese if language == "zh" else english
            return template.format(**found.groupdict()) if template else text
    return text


def change_told(title: str, language: Language) -> str:
    """What a line of a scenario changes, with its products.

    >>> change_told("Price -10%, Coffee", "zh"), change_told("Coffee: cheaper", "zh")
    ('价格 -10%, Coffee', 'Coffee: cheaper')
    """
    if language == "zh":
        for english in sorted(_CHANGES, key=len, reverse=True):
            if re.match(re.escape(english) + r"(?=$|[ ,])", title):
                return _CHANGES[english] + title.removeprefix(english)
    return title


@cache
def _compiled() -> tuple[tuple[re.Pattern[str], str, str], ...]:
    return tuple((_pattern(written), english, chinese) for written, english, chinese in _KNOWN)


def _pattern(written: str) -> re.Pattern[str]:
    """Numbers hold no blanks, so that a short sentence is not taken for a part of a longer one."""
    parts = []
    for literal, name, _, _ in Formatter().parse(written):
        parts.append(re.escape(literal))
        if name:
            is_words = name in ("name", "names", "why", "between", "day", "model")
            parts.append(f"(?P<{name}>{'.+' if is_words else '[^ ;]+'})")
    return re.compile("".join(parts), re.DOTALL)
