"""The parts of the Calendar page: what comes, one event in detail, and the year."""

from dataclasses import dataclass
from datetime import date, timedelta

import pandas as pd
import streamlit as st

from data.scope import Scope
from forecasting.diagnostics.events import Measured
from ui import address, background, chart_downloads, layout
from ui import calendar_charts as charts
from ui import calendar_facts as facts
from ui import calendar_queries as queries
from ui import format as fmt
from ui import queries as shop
from ui import scope as scopes
from ui.calendar_queries import TOTAL, Effects
from ui.queries import Dataset

PLACES = 4  # with events of their own that are named
_NOUN = {"D": "day", "W": "week", "M": "month"}
_STEP = {"D": 1, "W": 7, "M": 30}


@dataclass(frozen=True, kw_only=True)
class Found:
    """What the page shows of a scope."""

    scope: Scope  # at the frequency that effects are measured at
    effects: Effects
    past: pd.DataFrame  # occurrences while there were sales, to today
    ahead: pd.DataFrame  # occurrences of the weeks to come
    last_day: date
    is_measured: bool = True  # False: it is being done, or was stopped

    @property
    def total(self) -> Measured | None:
        """The effects on the whole scope; None where there is too little to measure."""
        return self.effects.measured.get(TOTAL)


def read(scope: Scope, dataset: Dataset) -> Found:
    """Measures every event, or shows how far that is; what does not need it is there at once.

    Stops the page in words where nothing was ever sold.
    """
    if dataset.first_day is None or dataset.last_day is None:
        layout.stop("**No sales yet.** Effects of events are measured once there are some.")
    own = queries.finest(scope, dataset)
    effects, is_measured = Effects(measured={}, series=pd.DataFrame()), True
    try:
        with st.skeleton(height=320):
            effects = queries.effects(own)
    except background.NotYet:
        is_measured = False
    until = dataset.last_day + timedelta(weeks=facts.AHEAD_WEEKS)
    found = queries.occurrences(
        dataset.dataset_id, dataset.first_day, until, place_id=scope.place_id
    )
    return Found(
        scope=own,
        effects=effects,
        past=found[found["first_day"] <= pd.Timestamp(dataset.last_day)],
        ahead=facts.coming(found, dataset.last_day),
        last_day=dataset.last_day,
        is_measured=is_measured,
    )


def caption(found: Found, dataset: Dataset) -> str:
    """What data, and how it is measured."""
    return (
        f"{fmt.escape(dataset.name)} · sales through {fmt.day(found.last_day)} · effects beyond "
        "weekday, season, trend, promotion, price and stock-outs"
    )


def ahead(found: Found, dataset: Dataset) -> None:
    """What comes in the next weeks, and what it is expected to do."""
    st.markdown(
        f"**The next {facts.AHEAD_WEEKS} weeks** :gray[· expected effect on "
        f"{fmt.escape(scopes.name(found.scope))}, {fmt.escape(scopes.place(found.scope))}]"
    )
    if found.ahead.empty:
        st.caption("Nothing of the calendar comes in this time. Add an event below.")
        return
    rows = [_ahead_row(row, found, dataset) for row in found.ahead.to_dict("records")]
    noun = _NOUN[found.scope.freq]
    text = st.column_config.TextColumn
    st.dataframe(
        pd.DataFrame(rows),
        hide_index=True,
        placeholder=fmt.DASH,
        alt="Events of the next weeks with their expected effect",
        column_config={
            "Event": text(width=140),
            "On its days": text(width=136, help=f"Against a usual {noun} of that season."),
            "When": text(width=178),
            "In": text(width=78),
            "Before": text(width=116, help="In the days before that move too."),
            "After": text(width=116, help="In the days after that move too."),
            "More or less in all": text(
                width=255, help=f"Over all {noun}s of the event and around, in 8 of 10 cases."
            ),
        },
    )
    if not found.is_measured:
        st.caption("Their effects stand here as soon as they are measured.")
    elif found.total is None:
        st.caption(too_little(found))
    _of_one_place(found, dataset)
    if not any(each.kind == "holidays" for each in queries.entries(dataset.dataset_id)):
        st.caption(
            "No public holidays are known here. Choose the countries under **Public holidays** "
            "below; they then count on every page and in every model."
        )


def _of_one_place(found: Found, dataset: Dataset) -> None:
    """Where all places are together, the way to those that have events of their own."""
    listed = pd.concat([found.ahead, found.past])
    listed = listed[listed["place_id"].notna()]
    if found.scope.place_id is not None or listed.empty:
        return
    names = shop.places(dataset.dataset_id)["name"]
    with st.container(horizontal=True, vertical_alignment="center"):
        st.caption("Events of one place are measured there alone:", width="content")
        places = listed.groupby("place_id", sort=False)["name"].unique()
        for place, events in list(places.items())[:PLACES]:
            key = int(str(place))
            st.button(
                f"{', '.join(events[:2])}{', …' * (len(events) > 2)} in {names[key]}",
                type="tertiary",
                key=f"calendar-place-{key}",
                on_click=address.go,
                args=({"place": key},),
            )
        if len(places) > PLACES:
            st.caption(f"and in {len(places) - PLACES} more places.", width="content")


def too_little(found: Found) -> str:
    """Why there are no effects."""
    noun = _NOUN[found.scope.freq]
    return (
        f"Too little to measure: fewer than 8 weeks of {noun}s with sales, or no event among them. "
        "Effects show once an event has come and gone; choose a wider scope above."
    )


def _ahead_row(row: dict[object, object], found: Found, dataset: Dataset) -> dict[str, str | None]:
    name, first = str(row["name"]), pd.Timestamp(str(row["first_day"]))
    elsewhere = found.scope.place_id is None and pd.notna(row["place_id"])  # type: ignore[call-overload]
    last = pd.Timestamp(str(row["last_day"]))
    days = (first.date() - found.last_day).days

    def lift(phase: str) -> str | None:
        effect = found.total.of(name, phase) if found.total and not elsewhere else None
        return facts.lift(effect) if effect else None

    return {
        "Event": name,
        "On its days": _only_in(row, dataset) if elsewhere else lift("on"),
        "When": _when(first, last),
        "In": "now" if days < 1 else fmt.count(days, "day") if days < 14 else f"{days // 7} weeks",
        "Before": lift("before"),
        "After": lift("after"),
        "More or less in all": None if elsewhere else _extra(name, found, dataset),
    }


def _only_in(row: dict[object, object], dataset: Dataset) -> str:
    names = shop.places(dataset.dataset_id)["name"]
    return f"in {names[int(str(row['place_id']))]} only"


def _extra(name: str, found: Found, dataset: Dataset) -> str | None:
    if found.total is None:
        return None
    usual = pd.Series(found.total.usual, index=found.effects.series.index)
    made = facts.extra(found.total, name, facts.growth(usual))
    if made is None:
        return None
    if not any(e.is_clear for e in found.total.effects if e.name == name):
        return "none that can be told from chance"
    low, middle, high = (
        _signed(value, found.scope.measure, dataset.currency)
        for value in (made.low, made.expected, made.high)
    )
    return f"{middle} · 8 in 10: {low} to {high}"


def _signed(value: float, measure: str, currency: str) -> str:
    text = fmt.amount(value, measure, currency)
    return text if value <= 0 or text in ("0", f"{currency}0") else f"+{text}"


def _when(first: pd.Timestamp, last: pd.Timestamp) -> str:
    if first == last:
        return f"{fmt.day(first)}"
    return f"{fmt.day(first)} – {last:%a} {last.day} {last:%b}"


def detail(found: Found, dataset: Dataset) -> None:
    """One event: the sentence, the last years side by side, and its lift by category."""
    if found.total is None:
        return
    names = list(dict.fromkeys(e.name for e in found.total.effects if e.phase == "on"))
    if not names:
        return
    strength = {n: abs(e.lift - 1) for n in names if (e := found.total.of(n, "on"))}
    names.sort(key=lambda name: -strength[name])
    name = st.selectbox("Event", names, key="event", width=260)
    name = name if name in names else names[0]
    rows = found.past[found.past["name"] == name]
    before, after = int(rows["days_before"].max()), int(rows["days_after"].max())
    st.markdown(facts.sentence(found.total, name, found.scope.freq, (before, after)))
    if not set(found.effects.measured) - {TOTAL}:  # a product, or nothing below
        _years(found, dataset, name, rows)
        return
    left, right = st.columns([0.6, 0.4], gap="medium")
    with left:
        _years(found, dataset, name, rows)
    with right:
        _categories(found, name)


def _years(found: Found, dataset: Dataset, name: str, rows: pd.DataFrame) -> None:
    freq = found.scope.freq
    step = _STEP[freq]
    span = int((rows["last_day"] - rows["first_day"]).dt.days.max()) // step
    before = max(int(rows["days_before"].max()) // step, 7 if freq == "D" else 2)
    after = span + max(int(rows["days_after"].max()) // step, 7 if freq == "D" else 2)
    series = found.effects.series[TOTAL]
    firsts = [pd.Timestamp(day) for day in rows["first_day"]][-3:]
    table = facts.aligned(series, firsts, before, after)
    if table.empty:
        st.caption("No occurrence has enough days of sales around it to be drawn.")
        return
    assert found.total is not None
    usual = facts.aligned(pd.Series(found.total.usual, index=series.index), firsts, before, after)
    money = found.scope.measure == "revenue"
    noun = _NOUN[freq]
    st.markdown(
        f"**{'Revenue' if money else 'Units'} a {noun}, last years side by side** "
        f":gray[· {noun}s from the first day of {fmt.escape(name)}]"
    )
    usually = usual.mean(axis=1)
    chart_downloads.draw(
        charts.years(
            table,
            usually,
            freq,
            (0, span),
            measure=found.scope.measure,
            currency=dataset.currency,
        ),
        title=f"{name} side by side",
        key=chart_downloads.keyed("event-years"),
        data=lambda: _years_table(table.assign(usual=usually), noun),
        alt=f"Sales around {name} in {', '.join(str(year) for year in table.columns)}",
    )


def _years_table(table: pd.DataFrame, noun: str) -> pd.DataFrame:
    """A row per period from the event, a column per year, and what would be usual."""
    return table.rename(columns=str).rename_axis(f"{noun}s_from_the_event").reset_index()


def _categories(found: Found, name: str) -> None:
    with st.container(horizontal=True, vertical_alignment="center"):
        st.markdown(
            "**By category** :gray[· times usual]",
            help="Bars: in 8 of 10 cases. Hollow points may be chance.",
            width="content",
        )
        st.space("stretch")
        phase = st.segmented_control(
            "Days", list(facts.PHASES), default="on", required=True, key="event_phase",
            format_func=str.capitalize, label_visibility="collapsed",
        )  # fmt: skip
    phase = phase or "on"
    effects = {
        series: effect
        for series, each in found.effects.measured.items()
        if series != TOTAL and (effect := each.of(name, phase)) is not None
    }
    if not effects:
        st.caption(f"No category has days {phase} {fmt.escape(name)} that were measured.")
        return
    best = max(effects.items(), key=lambda item: item[1].lift)
    chart_downloads.draw(
        charts.ranked(effects),
        title=f"{name} by category",
        key=chart_downloads.keyed("event-categories"),
        data=lambda: facts.effects_table(effects),
        alt=f"{best[0]} sells most: {facts.times(best[1].lift)} times what is usual",
    )


def year(found: Found, dataset: Dataset) -> None:
    """A year of the calendar, an event per line."""
    now = found.last_day.year
    with st.container(horizontal=True, vertical_alignment="center"):
        st.markdown(
            "**The year** :gray[· dark: the event's own days; pale: days around it that move too; "
            "line: sales end]",
            width="content",
        )
        st.space("stretch")
        number = st.segmented_control(
            "Year", [now - 1, now, now + 1], default=now, required=True, key="calendar_year",
            label_visibility="collapsed",
        )  # fmt: skip
    number = number or now
    shown = queries.occurrences(
        dataset.dataset_id,
        date(number, 1, 1),
        date(number, 12, 31),
        place_id=found.scope.place_id,
    )
    if shown.empty:
        st.caption("Nothing is on in this year. Turn festivals on below, or add events.")
        return
    chart_downloads.draw(
        charts.year(shown, number, found.last_day),
        title=f"The year {number}",
        key=chart_downloads.keyed(f"calendar-year-{number}"),
        data=lambda: shown.drop(columns="place_id"),
        alt=f"{fmt.count(len(shown), 'event')} in {number}, by day",
    )
