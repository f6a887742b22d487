"""A forecast in words, in a table and in a file. Knows no Streamlit."""

import pandas as pd

from data.scope import Freq, Measure, Scope
from ui import forecasts
from ui import format as fmt
from ui.forecast_drivers import Drivers
from ui.forecasts import LAST_YEAR, NOUN, Outlook, windows

NAMES = {
    "theta": "Theta",
    "ets": "ETS",
    "arima": "ARIMA",
    "ces": "CES",
    "mstl": "MSTL",
    "naive": "Last value",
    "lstm": "LSTM",
    "gru": "GRU",
    "transformer": "Transformer",
    "gbm": "Boosting",
    "ensemble": "Average",
    "pretrained": "Pretrained",
    "chronos_bolt": "Chronos-Bolt",
    "chronos_2": "Chronos-2",
    "timesfm": "TimesFM",
}
_LAST_YEAR = {"D": "Last week's days", "W": "Last year's weeks", "M": "Last year's months"}
_INSTEAD = {  # by what the library calls its fallbacks
    "zero": "The forecast is zero until it sells again.",
    "constant": "The forecast repeats this value.",
    "naive": "The forecast repeats the last value.",
    "mean": "The forecast is their mean.",
    "seasonal naive": "The forecast repeats the last season.",
}


def model_name(model: str, freq: Freq) -> str:
    """What a page calls a model.

    >>> model_name("seasonal_naive", "W"), model_name("arima", "W"), model_name("croston_sba", "D")
    ("Last year's weeks", 'ARIMA', 'Croston sba')
    """
    if model == LAST_YEAR:
        return _LAST_YEAR[freq]
    return NAMES.get(model, model.replace("_", " ").capitalize())


def periods(number: int, freq: Freq) -> str:
    """A number of periods.

    >>> periods(13, "W"), periods(1, "M")
    ('13 weeks', '1 month')
    """
    return fmt.count(number, *NOUN[freq])


def verdict(outlook: Outlook, *, freq: Freq, horizon: int, automatic: bool) -> str:
    """Why this model, and how far it was off, against the baseline that any model must beat."""
    name = model_name(outlook.model, freq)
    if outlook.scores is None:
        return f"{name}. There is too little history to test models against each other."
    number = windows(len(outlook.history), freq, horizon)
    tested = (
        f"the last {number} × {periods(horizon, freq)}"
        if number > 1
        else (f"the last {periods(horizon, freq)}")
    )
    error, naive = (fmt.share(_wape(outlook, model)) for model in (outlook.model, LAST_YEAR))
    plain = model_name(LAST_YEAR, freq)
    if outlook.model == LAST_YEAR:
        text = f"{plain}, unchanged: {error} off in {tested}."
        return text + (" No model tried was closer." if automatic else "")
    chosen = f"{name} was closest" if automatic else name
    return f"{chosen}: {error} off in {tested}; {plain[0].lower() + plain[1:]} {naive}."


def in_words(outlook: Outlook, *, freq: Freq, measure: Measure, currency: str) -> list[str]:
    """The forecast as two or three sentences of Markdown."""

    def words(value: float) -> str:
        return fmt.escape(fmt.amount(value, measure, currency))

    future = outlook.future
    total = float(future["mean"].sum())
    growth = forecasts.growth(future["mean"], future["last_year"])
    against = f", {_against(growth)}" if growth is not None else ""
    texts = [
        f"Next {periods(len(future), freq)}: about **{words(total)}**{against}. In 8 of 10 cases "
        f"between {words(outlook.total_low)} and {words(outlook.total_high)}."
    ]
    top = future.iloc[int(future["mean"].argmax())].to_dict()
    if future["mean"].max() > 1.1 * future["mean"].median():
        when = f"{'on' if freq == 'D' else 'in'} {fmt.period(top['timestamp'], freq)}"
        texts.append(
            f"Most {when}: about **{words(top['mean'])}**, in 8 of 10 cases between "
            f"{words(top['q0.1'])} and {words(top['q0.9'])}."
        )
    if outlook.fallback:
        texts.append(fallback(outlook, freq))
    return texts


def fallback(outlook: Outlook, freq: Freq) -> str:
    """Which simpler method was used and why."""
    noun = NOUN[freq][1]
    reason = outlook.reason.replace("steps", noun).replace("observations", noun)
    instead = _INSTEAD.get(outlook.fallback, f"Used instead: {outlook.fallback}.")
    return fmt.escape(f"Not by {model_name(outlook.model, freq)}: {reason}. {instead}")


def festivals(events: pd.DataFrame, future: pd.DataFrame, *, known: bool) -> str:
    """Festivals within the forecast, as a sentence; "" where there are none.

    `known` says whether the model was told of them.
    """
    if events.empty or future.empty:
        return ""
    days = pd.to_datetime(events["first_day"])
    ahead = events[(days >= future["timestamp"].iloc[0]) & (events["kind"] != "holiday")]
    names = [
        f"{fmt.escape(name)} ({fmt.day(day)})"
        for name, day in zip(ahead["name"], ahead["first_day"], strict=True)
    ]
    if not names:
        return ""
    told = "" if known else " The models here know festivals only from earlier years."
    return f"Ahead: {', '.join(names[:3])}.{told}"


def drivers(found: Drivers, measure: Measure, currency: str, freq: Freq) -> str:
    """What the bars under the chart are, in a line or two of Markdown."""
    if not found.present:
        return "There is too little history to tell what lifts or lowers it from its level."
    level = fmt.amount(float(found.frame["level"].mean()), measure, currency)
    text = f"Below: what lifts or lowers it from its level of about {fmt.escape(level)}"
    if found.explained < found.series:
        text += (
            f", worked out for the {found.explained:,} largest of {found.series:,} series, "
            f"{found.share:.0%} of it, and taken to hold for the rest"
        )
    if not {"event", "promotion", "price"} & set(found.present):
        noun = NOUN[freq][1]
        text += f". It knows the {noun} sold and no more: no event, price or promotion moves it"
    return f"{text}."


def arrived(outlook: Outlook, freq: Freq) -> str:
    """How an earlier forecast has held, as a sentence; "" where nothing was sold since."""
    if outlook.passed.empty:
        return ""
    both = outlook.passed.merge(outlook.history, on="timestamp").dropna(subset="value")
    if both.empty:
        return ""
    sold = float(both["value"].abs().sum())
    inside = int(both["value"].between(both["q0.1"], both["q0.9"]).sum())
    off = f", {fmt.share((both['mean'] - both['value']).abs().sum() / sold)} off" if sold else ""
    return (
        f"Since it was made {periods(len(both), freq)} were sold{off}: "
        f"{inside} of {len(both)} inside the 80% band."
    )


def table(outlook: Outlook, *, freq: Freq, measure: Measure, currency: str) -> pd.DataFrame:
    """Periods as columns, as text: period, last year, forecast, 8 in 10 from and to, growth.

    The last column is the sum over the horizon.
    """
    future = outlook.future

    def words(value: float) -> str:
        return fmt.exact(value, measure, currency)

    columns: dict[str, list[str]] = {}
    for row in future.to_dict("records"):
        columns[_header(row["timestamp"], freq)] = [
            _under_header(row["timestamp"], freq),
            words(row["last_year"]),
            words(row["mean"]),
            words(row["q0.1"]),
            words(row["q0.9"]),
            fmt.growth(_growth(row["mean"], row["last_year"])),
        ]
    last = future["last_year"].sum(min_count=len(future))
    total = float(future["mean"].sum())
    columns[periods(len(future), freq)] = [
        "",
        words(last),
        words(total),
        words(outlook.total_low),
        words(outlook.total_high),
        fmt.growth(_growth(total, last)),
    ]
    first = {"D": "Day", "W": "Week of", "M": "Year"}[freq]
    rows = [first, "Last year", "Forecast", "8 in 10: from", "8 in 10: to", "vs last year"]
    frame = pd.DataFrame(columns, index=pd.Index(rows, name=" "))
    return frame.drop(index="Year") if freq == "M" else frame  # the header of a month has it


def file_rows(
    outlook: Outlook, scope: Scope, *, dataset: str, node: str, place: str, currency: str
) -> pd.DataFrame:
    """The forecast for a file: one row per period, with every quantile and the baseline."""
    future = outlook.future
    return pd.DataFrame(
        {
            "dataset": dataset,
            "category": " / ".join(scope.categories),
            "product": node if scope.product_id is not None else "",
            "place": place,
            "frequency": NOUN[scope.freq][0],
            "unit": currency or "money" if scope.measure == "revenue" else "units",
            "timestamp": future["timestamp"],
            "last_year": future["last_year"],
            "model": outlook.model,
            "mean": future["mean"].round(3),
            **{column: future[column].round(3) for column in quantiles(outlook)},
            "baseline_model": outlook.baseline,
            "baseline": future["baseline"].round(3),
        }
    )


def quantiles(outlook: Outlook) -> list[str]:
    """The columns of quantiles."""
    return [column for column in outlook.future.columns if column.startswith("q0.")]


def file_history(outlook: Outlook, scope: Scope, *, node: str, place: str) -> pd.DataFrame:
    """The sales behind the forecast for a file: one row per complete period."""
    return pd.DataFrame(
        {
            "series": node,
            "place": place,
            "frequency": NOUN[scope.freq][0],
            "timestamp": outlook.history["timestamp"],
            scope.measure: outlook.history["value"].round(3),
        }
    )


def _wape(outlook: Outlook, model: str) -> float | None:
    if outlook.scores is None or model not in outlook.scores.index:
        return None
    return float(outlook.scores["wape"][model])


def _growth(new: float, old: float) -> float | None:
    return new / old - 1 if pd.notna(old) and old > 0 else None


def _against(growth: float) -> str:
    """A change as a sentence says it.

    >>> _against(0.1123), _against(-0.039), _against(0)
    ('11% more than last year', '3.9% less than last year', 'the same as last year')
    """
    if abs(growth) < 0.0005:
        return "the same as last year"
    return f"{fmt.growth(abs(growth))[1:]} {'more' if growth > 0 else 'less'} than last year"


def _header(moment: pd.Timestamp, freq: Freq) -> str:
    if freq == "W":
        return fmt.week(moment)
    return f"{moment:%b %y}" if freq == "M" else f"{moment.day} {moment:%b}"


def _under_header(moment: pd.Timestamp, freq: Freq) -> str:
    if freq == "W":
        return f"{moment.day} {moment:%b}"
    return f"{moment:%Y}" if freq == "M" else f"{moment:%a}"
