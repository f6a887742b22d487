"""Plan and scenarios side by side, and the three charts below them."""

from typing import Any

import pandas as pd
import streamlit as st

from data.scenarios import Scenario
from ui import chart_downloads as downloads
from ui import format as fmt
from ui import what_if, what_if_charts
from ui import what_if_words as words
from ui.chart_style import short
from ui.queries import Dataset
from ui.what_if import View
from ui.what_if_charts import Compared
from ui.what_if_work import Result

_MEASURES = (("Units", "units", "quantity"), ("Revenue", "revenue", "revenue"),
             ("Margin", "margin", "revenue"))  # fmt: skip
_ROW = 4  # cards in a row; five go into two rows


def show(view: View) -> None:
    """The cards, then difference by week, margins, and where the difference comes from."""
    with st.container(horizontal=True, vertical_alignment="center"):
        st.markdown("**Side by side**", width="content")
        st.space("stretch")
        what_if.compare_choice(view)
    with st.grid(min(_ROW, len(view.compared) + 1), min_column_width=200):
        _plan_card(view)
        for scenario in view.compared:
            _card(view, scenario)
    _charts(view)


def _plan_card(view: View) -> None:
    result = view.mine.result
    with st.container(border=True, height="stretch"):
        st.markdown("**Plan**")
        st.badge("baseline", color="gray", help=words.assumption(result["by"]))
        rows = [
            (title, _amount(result["totals"][name]["plan"], measure, view.dataset), fmt.DASH)
            for title, name, measure in _MEASURES
        ]
        rows.append(("Sells out", _sold_out(result, "plan"), fmt.DASH))
        _table(rows, "The plan")


def _card(view: View, scenario: Scenario) -> None:
    found = view.found[scenario.scenario_id]
    result, letter = found.result, view.letter(scenario)
    said, colour = words.verdict(result)
    with st.container(border=True, height="stretch"):
        st.markdown(f"**{letter} {fmt.escape(short(scenario.name, 60))}**")
        with st.container(horizontal=True, gap="xsmall"):
            st.badge(said, color=colour, help=_hover(result, view.dataset))  # type: ignore[arg-type]
            if found.is_stale:
                st.badge("stale", color="orange", help="Worked out before the data changed.")
            if scenario.status == "plan":
                st.badge("is the plan", color="blue", icon=":material/check:")
        rows = [
            (
                title,
                _amount(result["totals"][name]["scenario"], measure, view.dataset),
                _coloured(result["totals"][name]),
            )
            for title, name, measure in _MEASURES
        ]
        rows.append(("Sells out", _sold_out(result, "scenario"), _more_sold_out(result)))
        _table(rows, f"Scenario {letter}")


def _table(rows: list[tuple[str, str, str]], alt: str) -> None:
    st.table(
        pd.DataFrame(rows, columns=["what", "value", "change"]),
        border="horizontal",
        hide_index=True,
        hide_header=True,
        alt=f"{alt}: " + ", ".join(f"{what} {value}" for what, value, _ in rows),
    )


def _amount(value: float | None, measure: str, dataset: Dataset) -> str:
    text = fmt.amount(value, measure, dataset.currency).replace("$", "\\$")
    return f"**{text}**" if value is not None else text


def _coloured(total: dict[str, Any]) -> str:
    """The relative difference, green or red where the whole band is on one side of zero."""
    change = words.change(total)
    text = words.growth(change)
    if change is None or text == "0%" or total["low"] is None:
        return text
    if total["low"] > 0:
        return f":green[{text}]"
    return f":red[{text}]" if total["high"] < 0 else f":gray[{text}]"


def _sold_out(result: Result, which: str) -> str:
    stock = result["stock"]
    if stock is None:
        return fmt.DASH
    return f"**{fmt.count(stock[which], 'product')}**" if stock[which] else "**none**"


def _more_sold_out(result: Result) -> str:
    stock = result["stock"]
    if stock is None:
        return fmt.DASH
    more = stock["scenario"] - stock["plan"]
    if not more:
        return fmt.DASH
    return f":red[+{more}]" if more > 0 else f":green[{fmt.MINUS}{-more}]"


def _hover(result: Result, dataset: Dataset) -> str:
    """Every difference with its band, and what stands behind it."""
    lines = [
        f"{title}: {words.between(result['totals'][name], measure, dataset.currency)}."
        for title, name, measure in _MEASURES
    ]
    stock = result["stock"]
    lines.append(
        f"Sells out: products whose stock and known deliveries do not last until "
        f"{fmt.day(pd.Timestamp(stock['until']))} without new orders."
        if stock
        else "Sells out: not known, because there is no stock or the changes lie too far ahead."
    )
    lines.append(words.assumption(result["by"]))
    lines.append(
        "What it takes from the rest of the category is counted, as past promotions did."
        if result.get("beside") == "told"
        else "What other products gain or lose by it is not counted."
    )
    return "\n\n".join(lines).replace("$", "\\$")


def _charts(view: View) -> None:
    shown = [
        Compared(
            letter=view.letter(each), name=each.name, result=view.found[each.scenario_id].result
        )
        for each in view.compared
    ]
    at = [each.scenario_id for each in view.compared].index(view.chosen.scenario_id)
    one, currency = shown[at], view.dataset.currency
    measure = view.scope.measure
    unit = "units" if measure == "quantity" else currency or "money"
    left, middle, right = st.columns([0.38, 0.27, 0.35])
    with left:
        st.markdown(f"**Difference to plan** :gray[· {unit} a week]".replace("$", "\\$"))
        downloads.draw(
            what_if_charts.difference(shown, at, measure, currency),
            title="Difference to plan",
            key=downloads.keyed("what-if-difference"),
            alt=what_if_charts.describe(shown, at, measure, currency),
            data=lambda: weeks_frame(view),
        )
    with middle:
        _, word = what_if_charts.margin_measure(shown)
        weeks = fmt.count(len(one.result["weeks"]), "week")
        st.markdown(f"**{word}, {weeks}** :gray[· vs plan, 80% band]")
        downloads.draw(
            what_if_charts.margins(shown, at, currency),
            title=f"{word} against the plan",
            key=downloads.keyed("what-if-margins"),
            alt=what_if_charts.describe_margins(shown, currency),
            data=lambda: comparison_frame(view),
        )
    with right:
        what = "units" if measure == "quantity" else "revenue"
        st.markdown(f"**Where {one.letter}'s {what} come{'s' if what == 'revenue' else ''} from**")
        if not what_if_charts.parts_of(one.result, measure):
            st.caption("Nothing is changed.")
            return
        downloads.draw(
            what_if_charts.contributions(one, measure, currency),
            title=f"Where the {what} of {one.letter} come from",
            key=downloads.keyed("what-if-parts"),
            alt=what_if_charts.describe_parts(one, measure, currency),
            data=lambda: parts_frame(view),
        )


def comparison_frame(view: View) -> pd.DataFrame:
    """A row per scenario and measure: plan, scenario, difference and its band."""
    rows = []
    for scenario in view.compared:
        result = view.found[scenario.scenario_id].result
        for title, name, _ in _MEASURES:
            total = result["totals"][name]
            rows.append(
                {
                    "scenario": scenario.name,
                    "measure": title,
                    "from": result["first"],
                    "to": result["last"],
                    "plan": total["plan"],
                    "value": total["scenario"],
                    "difference": total["difference"],
                    "low": total["low"],
                    "high": total["high"],
                    "verdict": words.verdict(result)[0],
                }
            )
    return pd.DataFrame(rows)


def weeks_frame(view: View) -> pd.DataFrame:
    """A row per scenario and week: the plan, the difference and its band of each measure."""
    parts = []
    for scenario in view.compared:
        result = view.found[scenario.scenario_id].result
        table = pd.DataFrame({"scenario": scenario.name, "week": result["weeks"]})
        for _, name, _ in _MEASURES:
            for column in ("plan", "difference", "low", "high"):
                table[f"{name}_{column}"] = result["steps"][name][column]
        parts.append(table)
    return pd.concat(parts, ignore_index=True)


def parts_frame(view: View) -> pd.DataFrame:
    """A row per line of each scenario: what it does alone."""
    rows = [
        {"scenario": scenario.name, "change": part["title"]}
        | {name: part[name] for name in ("units", "revenue", "margin")}
        | {"units_around_promotions": part["around"]}
        | {
            "units_of_siblings": part.get("beside_units"),
            "revenue_of_siblings": part.get("beside_revenue"),
        }
        for scenario in view.compared
        for part in view.found[scenario.scenario_id].result["parts"]
    ]
    return pd.DataFrame(rows)


def menu(place: Any, view: View) -> None:
    """The Download menu: the comparison, then the charts."""
    with downloads.menu(place):
        st.download_button(
            "Comparison (CSV)",
            lambda: downloads.csv(comparison_frame(view)).encode("utf-8-sig"),
            file_name="scenarios.csv",
            mime="text/csv",
            on_click="ignore",
            type="tertiary",
            key="what_if_csv",
        )
