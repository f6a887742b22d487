"""The worklist on Home: what is listed, decided, taken back, and where an item leads."""

import numpy as np
import pandas as pd
from streamlit.testing.v1 import AppTest

from data import worklist
from engine.registry import About
from ui import queries, state
from ui.engine import registry


def opened(app: AppTest) -> AppTest:
    app.run()
    assert not app.exception
    assert not app.error
    return app


def stake(app: AppTest) -> str:
    """How many items are open, as the card says."""
    return next(str(card.delta) for card in app.metric if card.label == "Money at stake")


def words(app: AppTest) -> str:
    return "\n".join(str(part.value) for part in [*app.markdown, *app.caption])


def test_when_home_opens_then_the_dearest_items_are_cards_and_all_are_listed(
    demo_app: AppTest,
) -> None:
    app = opened(demo_app)
    count = int(stake(app).split()[0])
    assert count > 3
    table = app.dataframe[0].value
    assert len(table) == min(count, 25)
    assert table["at_stake"].is_monotonic_decreasing
    assert table["what"].str.len().max() <= 75
    assert len([card for card in app.metric if "-badge[" in card.label]) == 3


def test_when_an_item_is_done_then_it_leaves_and_can_be_taken_back(demo_app: AppTest) -> None:
    demo_app.user = {"is_logged_in": True, "name": "Ada"}
    app = opened(demo_app)
    before, first = int(stake(app).split()[0]), app.dataframe[0].value["what"].iloc[0]
    done = next(button for button in app.button if str(button.key).startswith("done-one-"))
    done.click().run()
    assert not app.exception
    assert int(stake(app).split()[0]) == before - 1
    assert app.dataframe[0].value["what"].iloc[0] != first
    assert "1 of the last 1 were useful" in words(app)
    (made,) = worklist.decisions(state.store(), 1).to_dict("records")
    assert (made["action"], made["author"]) == ("done", "Ada")
    app.button(key="worklist_undone").click().run()
    assert int(stake(app).split()[0]) == before
    assert app.dataframe[0].value["what"].iloc[0] == first


def test_when_thresholds_are_high_then_all_is_clear_and_says_so(demo_app: AppTest) -> None:
    app = opened(demo_app)
    worklist.set_limits(state.store(), 1, {"least_share": 1e9})
    app.run()
    assert "All clear" in words(app)
    assert stake(app).startswith("0 open")


def test_when_a_kind_is_chosen_then_only_its_items_are_listed(demo_app: AppTest) -> None:
    app = opened(demo_app)
    kind = next(option for option in ("sells_out", "too_much") if _has(app, option))
    app.get_by_key("worklist_kind").set_value(kind)
    app.run()
    assert len({tuple(each) for each in app.dataframe[0].value["why"]}) == 1


def _has(app: AppTest, kind: str) -> bool:
    titles = {"sells_out": "Sells out", "too_much": "Too much stock"}
    return any(titles[kind] in each for each in app.dataframe[0].value["why"])


def run_of(name: str, until: pd.Timestamp, factor: float, *, group: str = "") -> None:
    """A finished run by product and day: last four weeks' mean of each, times a factor.

    With a group it also has a comparison, in which the newest window went ten times as wrong.
    """
    days = pd.date_range(until + pd.Timedelta(days=1), periods=42)
    sold = state.store().frame(
        "SELECT product_id, sum(quantity) / 28 AS mean FROM sales "
        "WHERE day > (SELECT max(day) FROM sales) - 28 GROUP BY product_id"
    )
    rows = sold.merge(pd.DataFrame({"timestamp": days}), how="cross")
    frame = rows.assign(series_id=rows["product_id"].astype(str), mean=rows["mean"] * factor)
    frame = frame.assign(**{"q0.025": frame["mean"] * 0.9, "q0.975": frame["mean"] * 1.1})
    about = About(
        model="lstm",
        scope={"dataset": 1, "categories": [], "product": None, "place": None, "freq": "D",
               "measure": "quantity", "split": "product"},
        horizon=42,
        data_until=f"{until:%Y-%m-%d}",
        group=group,
    )  # fmt: skip
    folder = registry().run(f"run-{name}").folder
    folder.mkdir(parents=True)
    frame.drop(columns="product_id").to_parquet(folder / "forecast.parquet")
    registry().add(f"run-{name}", about, name=name)
    if not group:
        return
    cutoffs = until - pd.to_timedelta([7, 14, 21], unit="D")
    tests = sold.merge(pd.DataFrame({"cutoff": cutoffs}), how="cross")
    error = np.where(tests["cutoff"] == cutoffs[0], 0.5, 0.05)
    tests = tests.assign(
        model="lstm", series_id=tests["product_id"].astype(str), actual=tests["mean"],
        error=-tests["mean"] * error, absolute_error=tests["mean"] * error,
    )  # fmt: skip
    compared = registry().run(f"tests-{name}").folder
    compared.mkdir(parents=True)
    tests.drop(columns="product_id").to_parquet(compared / "scores.parquet")
    tests.head(1).to_parquet(compared / "backtest.parquet")
    registry().add(f"tests-{name}", About(model="", group=group), name=f"{name} tests")


def test_when_runs_exist_then_their_changes_errors_and_broken_bands_are_listed(
    demo_app: AppTest,
) -> None:
    app = opened(demo_app)
    last = pd.Timestamp(queries.datasets()[0].last_day)
    run_of("Old", last - pd.Timedelta(days=12), 3.0)
    run_of("New", last - pd.Timedelta(days=8), 1.0, group="g")
    worklist.set_limits(state.store(), 1, {"most": 500.0, "least_share": 0.001})
    app.run()
    assert not app.exception
    listed = app.dataframe[0].value
    kinds = {kind for each in listed["why"] for kind in each}
    assert {"Forecast jumped", "Accuracy slipped", "Outside the band"} <= kinds
    jumped = listed[listed["why"].str[0] == "Forecast jumped"]
    assert jumped["what"].str.contains("down 67% since").all()
    slipped = listed[listed["why"].str[0] == "Accuracy slipped"]
    assert slipped["what"].str.startswith("Error 50.0% lately, usually 5.0%; sold more").all()
