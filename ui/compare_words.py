"""What a comparison says, in words. Knows no Streamlit."""

from collections.abc import Collection, Mapping, Sequence

import pandas as pd

from data.scope import Freq, Measure
from forecasting.scores import rate
from ui import forecasts, training
from ui import format as fmt
from ui.compare_facts import (
    BEST,
    FEW,
    LAST_YEAR,
    REFERENCES,
    SAME,
    WORSE,
    Compared,
    Model,
    in_time_tests,
    key_of,
)

VERDICTS = {  # of the library: what the badge says, and its colour
    BEST: ("Best", "green"),
    SAME: ("No real difference", "gray"),
    WORSE: ("Worse", "orange"),
    FEW: ("Too few series", "gray"),
}
CHEAPER = 0.5  # of the seconds: a model that takes no more than this is worth naming as cheaper
UNLIKELY = 0.05
_PLAIN = {"D": "last week's days", "W": "last year's weeks", "M": "last year's months"}
_NUMBERS = ("no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten")


def label(model: Model, freq: Freq) -> str:
    """What tables and charts call a model; with the time of its run where that tells two apart."""
    name = plain(freq) if model.name == LAST_YEAR else training.model_name(model.name)
    return f"{name} · {model.title}" if model.title else name


def labels(compared: Compared) -> dict[str, str]:
    """What tables and charts call the models, by key."""
    return {key: label(model, compared.freq) for key, model in compared.models.items()}


def plain(freq: Freq) -> str:
    """Where the simplest model copies from: daily sales have a season of a week.

    >>> plain("D"), plain("W")
    ('Last week', 'Last year')
    """
    return "Last week" if freq == "D" else "Last year"


def chance(p_value: float) -> str:
    """A p-value as text that no line break tears apart.

    >>> [chance(p).replace("\u00a0", " ") for p in (0.0004, 0.004, 0.0123, 0.314, 0.9999)]
    ['p < 0.001', 'p = 0.004', 'p = 0.01', 'p = 0.31', 'p > 0.99']
    """
    if p_value < 0.001:
        return "p\u00a0<\u00a00.001"
    if p_value > 0.99:
        return "p\u00a0>\u00a00.99"
    return f"p\u00a0=\u00a0{p_value:.{3 if p_value < 0.00995 else 2}f}"


def recommended(board: pd.DataFrame) -> str:
    """The key to use: the best, or a far cheaper one that is not really worse."""
    best, others = board.iloc[0], board[board["verdict"] == SAME]
    cheap = others[others["seconds"] <= CHEAPER * best["seconds"]]
    return str(cheap.loc[cheap["seconds"].idxmin(), "key"] if len(cheap) else best["key"])


def verdict(compared: Compared, *, in_every_window: Sequence[str] = ()) -> str:
    """Which model to use and why, as Markdown.

    `in_every_window` are the references that the recommended model beats in each window.
    """
    board = compared.board
    key = recommended(board)
    name = _names(compared)
    if len(board) == 1:
        return f"**Only {name[key]} was tested.** Choose another comparison to set beside it."
    few = (board["verdict"] == FEW).any()
    lead = (
        f"**{_first(name[key])} was closest.**" if few else f"**Use {_the(key, name, compared)}.**"
    )
    parts = [lead, *_gains(compared, key, name, in_every_window)]
    return " ".join([*parts, *(_few(compared) if few else _reasons(compared, key, name))])


def _gains(
    compared: Compared, key: str, name: Mapping[str, str], everywhere: Sequence[str]
) -> list[str]:
    """How far the model is from the references."""
    wql = compared.board.set_index("key")["WQL"]
    found = []
    for reference in reversed(REFERENCES):
        other = key_of(compared.models, reference)
        if other is not None and other != key and wql[other] > 0:
            found.append((other, float(wql[key] / wql[other] - 1)))
    if not found:
        return []
    said = [f"{_against(change)} {name[other]}" for other, change in found]
    better = [other for other, change in found if change < -0.0005]
    windows = len(compared.cutoffs)
    always = better and len(better) == len(found) and set(better) <= set(everywhere)
    every = "both" if windows == 2 else f"all {_number(windows)}"
    when = f", in {every} windows" if always and windows > 1 else ""
    return [f"It is {' and '.join(said)}{when}."]


def _reasons(compared: Compared, key: str, name: Mapping[str, str]) -> list[str]:
    """Why not the others: chance, or seconds."""
    board = compared.board.set_index("key", drop=False)
    best = str(board.index[0])
    own, first = (board.loc[each].to_dict() for each in (key, best))
    same = board[(board["verdict"] == SAME) & (board["key"] != key)]
    texts = []
    if key != best:
        seconds = f"{fmt.duration(own['seconds'])} instead of {fmt.duration(first['seconds'])}"
        texts.append(
            f"{_first(name[best])} is {_percent(own['difference'])} better, but a gap "
            f"this small would often appear by chance ({chance(own['p_value'])}), and "
            f"{name[key]} takes {seconds}."
        )
        same = same[same["seconds"] > own["seconds"]]
    if len(same):
        who = listed([name[str(each)] for each in same["key"]])
        found = chance(float(same["p_value"].min()))
        at_least = " or more" if len(same) > 1 else ""
        dearer = (same["seconds"] > own["seconds"]).all()
        end = ", so keep the cheaper one" if dearer else ""
        texts.append(f"{_first(who)}: no real difference ({found}{at_least}){end}.")
    worse = board[board["verdict"] == WORSE]
    if len(worse) and key == best:
        nearest = worse.iloc[0]
        if compared.models[str(nearest["key"])].name in REFERENCES:  # its gap was named before
            return [
                *texts,
                f"The gap to {name[str(nearest['key'])]}, the nearest, would hardly appear by "
                f"chance ({chance(nearest['p_value'])}).",
            ]
        texts.append(
            f"{_first(name[str(nearest['key'])])} is {_percent(nearest['difference'])} worse: a "
            f"gap this large would hardly appear by chance ({chance(nearest['p_value'])})."
        )
    return texts


def _few(compared: Compared) -> list[str]:
    """Too few series to draw from: what the periods say instead."""
    number = fmt.count(compared.series, "series", "series")
    text = f"With {number} nobody can say how far that is chance from product to product."
    tested = in_time_tests(compared).iloc[1:].dropna(subset="p_value")
    if tested.empty:
        return [text]
    name = _names(compared)
    row = tested.iloc[0]
    likely = "would hardly" if row["p_value"] < UNLIKELY else "would often"
    noun = forecasts.NOUN[compared.freq][0]
    return [
        f"{text} {_first(noun)} by {noun}, the gap to {name[str(row['key'])]} {likely} appear by "
        f"chance ({chance(row['p_value'])})."
    ]


def shared(compared: Compared, runs: int, unit: str = "units") -> str:
    """What is compared, in which unit: series, windows, and what the runs do not share."""
    cutoffs = [f"{each.day} {each:%b}" for each in compared.cutoffs]
    cutoffs[-1] += f" {compared.cutoffs[-1].year}"
    windows = "Cut-off" if len(cutoffs) == 1 else "Cut-offs"
    text = f"{fmt.count(compared.series, 'series', 'series')} compared, in {unit}. "
    if compared.skipped:
        text += f"{fmt.count(compared.skipped, 'series', 'series')} too short. "
    text += f"Same windows for every model: {windows.lower()} {listed(cutoffs)}."
    left_out = []
    if compared.lost_cutoffs:
        left_out.append(fmt.count(compared.lost_cutoffs, "window"))
    if compared.lost_series:
        left_out.append(fmt.count(compared.lost_series, "series", "series"))
    if left_out:
        text += f" {_first(listed(left_out))} not shared by all {runs} runs: left out."
    if compared.changed:
        text += (
            f" In {fmt.count(compared.changed, 'series and window', 'series and windows')} the "
            "sales were changed between the runs: left out."
        )
    return text


def other_measure(of_run: Measure, shown: Measure) -> str:
    """What to know where the sidebar shows another measure than was compared; "" where it does not.

    >>> other_measure("quantity", "quantity")
    ''
    """
    if of_run == shown:
        return ""
    if of_run == "quantity":
        return (
            ":blue-badge[Units, not revenue] These runs forecast units, and every error here is of "
            "units: they were added up over products by period, so no price can turn them into "
            "money. Train with Revenue switched on to compare money; Forecast shows these runs as "
            "money, priced."
        )
    return (
        ":blue-badge[Revenue, not units] These runs forecast revenue, and every error here is of "
        "revenue. Train with Units switched on to compare units."
    )


def periods_ahead(freq: Freq) -> str:
    """The axis of steps.

    >>> periods_ahead("W"), periods_ahead("M")
    ('weeks ahead', 'months ahead')
    """
    return f"{forecasts.NOUN[freq][1]} ahead"


def table(
    compared: Compared, in_use: str | None, saw: Collection[str] = frozenset()
) -> pd.DataFrame:
    """The leaderboard as the screen shows it; percents are times 100.

    `saw` are the keys of models that saw these sales in training.
    """
    board = compared.board
    names = labels(compared)
    uses = [
        "Saw this data" if key in saw else
        "In use" if key == in_use else
        "Reference" if compared.models[key].name in REFERENCES else ""
        for key in board["key"]
    ]  # fmt: skip
    return pd.DataFrame(
        {
            "Model": [names[key] for key in board["key"]],
            "Verdict": [[VERDICTS[each][0]] for each in board["verdict"]],
            "WQL": board["WQL"],
            f"vs {plain(compared.freq).lower()}": board["vs_last_year"] * 100,
            "vs ARIMA": board["vs_arima"] * 100,
            "WAPE": board["WAPE"] * 100,
            "Bias": board["bias"] * 100,
            "80% band held": board["coverage"] * 100,
            "Seconds": board["seconds"],
            " ": uses,
        }
    )


def every_figure(compared: Compared) -> pd.DataFrame:
    """Every metric of every model, for the method and for the file."""
    board = compared.board
    columns = ["WQL", "difference", "low", "high", "p_value", "MASE", "RMSSE",
               "WAPE", "MAE", "RMSE", "bias", "coverage_50", "coverage", "coverage_95",
               "seconds"]  # fmt: skip
    names = labels(compared)
    frame = board[columns].copy()
    frame.insert(0, "model", [names[key] for key in board["key"]])
    frame.insert(1, "verdict", [VERDICTS[each][0] for each in board["verdict"]])
    return frame.assign(**in_time_tests(compared).add_prefix("dm_").drop(columns="dm_key"))


def chance_table(compared: Compared) -> pd.DataFrame:
    """Both tests against the best, for the screen; percents are times 100."""
    board, names = compared.board, labels(compared)
    others, in_time = board.index > 0, in_time_tests(compared)
    return pd.DataFrame(
        {
            "Model": [names[key] for key in board["key"]],
            "Verdict": [VERDICTS[each][0] for each in board["verdict"]],
            "Gap": (board["difference"] * 100).where(others),
            "From": (board["low"] * 100).where(others),
            "To": (board["high"] * 100).where(others),
            "p": board["p_value"].where(others),
            "Diebold-Mariano": in_time["statistic"],
            "its p": in_time["p_value"],
        }
    )


def figures_table(compared: Compared) -> pd.DataFrame:
    """Every metric, for the screen; percents are times 100."""
    board, names = compared.board, labels(compared)
    return pd.DataFrame(
        {
            "Model": [names[key] for key in board["key"]],
            **{name: board[name] for name in ("WQL", "MASE", "RMSSE")},
            "WAPE": board["WAPE"] * 100,
            **{name: board[name] for name in ("MAE", "RMSE")},
            "Bias": board["bias"] * 100,
            "50% band": board["coverage_50"] * 100,
            "80% band": board["coverage"] * 100,
            "95% band": board["coverage_95"] * 100,
        }
    )


def series_file(compared: Compared, parts: pd.DataFrame) -> pd.DataFrame:
    """The errors of every model, window and series, with what the series is of."""
    names = labels(compared)
    rated = rate(compared.scores, by=("model", "cutoff", "series_id"))
    described = parts.drop(columns="name").reindex(rated["series_id"].astype(str)).to_numpy()
    about = pd.DataFrame(described, columns=parts.columns.drop("name"), index=rated.index)
    shown = rated.drop(columns="series").assign(model=rated["model"].map(names).astype(str))
    return pd.concat([about, shown], axis=1)


def short_seconds(value: float) -> str:
    """Seconds in a cell.

    >>> short_seconds(0.31), short_seconds(171.4), short_seconds(float("nan"))
    ('0.3', '171', '–')
    """
    return fmt.DASH if pd.isna(value) else f"{value:,.{1 if value < 9.95 else 0}f}"


def noun(freq: Freq) -> str:
    """One period.

    >>> noun("W")
    'week'
    """
    return forecasts.NOUN[freq][0]


def _names(compared: Compared) -> dict[str, str]:
    """What sentences call the models, safe in Markdown."""
    return {
        key: _PLAIN[compared.freq]
        if model.name == LAST_YEAR and not model.title
        else fmt.escape(label(model, compared.freq))
        for key, model in compared.models.items()
    }


def _the(key: str, name: Mapping[str, str], compared: Compared) -> str:
    return ("the " if compared.models[key].name == "ensemble" else "") + name[key]


def _against(change: float) -> str:
    if abs(change) < 0.0005:
        return "as good as"
    return f"{_percent(abs(change))} {'better' if change < 0 else 'worse'} than"


def _percent(share: float) -> str:
    """A gap in running text.

    >>> _percent(0.094), _percent(0.004)
    ('9%', 'less than 1%')
    """
    return f"{share:.0%}" if share >= 0.0095 else "less than 1%"


def _number(count: int) -> str:
    return _NUMBERS[count] if count < len(_NUMBERS) else str(count)


def listed(parts: Sequence[str]) -> str:
    """
    >>> listed(["a", "b", "c"]), listed(["a"])
    ('a, b and c', 'a')
    """
    return " and ".join([", ".join(parts[:-1]), parts[-1]] if len(parts) > 1 else list(parts))


def _first(text: str) -> str:
    return text[:1].upper() + text[1:]
