"""The words of the Inventory page: reasons that fit, sums that add up, files that open again."""

import io
from typing import Any

import numpy as np
import openpyxl
import pandas as pd
import pytest

import forecasting as fc
from ui import inventory_facts as facts
from ui import inventory_orders as orders
from ui import inventory_source as sources
from ui import inventory_words as words

TODAY = pd.Timestamp("2026-11-19")
LEVELS = (0.025, 0.1, 0.25, 0.5, 0.75, 0.9, 0.975)


def forecast(means: list[float]) -> fc.Forecast:
    """Weeks from today on of products 1, 2, ... in places 1 and 2 in turn."""
    mean = np.repeat(np.array(means)[:, None], 13, axis=1)
    spread = np.array([0.6, 0.75, 0.9, 1.0, 1.1, 1.25, 1.4])
    ids = pd.Index([f"{at // 2 + 1}:{at % 2 + 1}" for at in range(len(means))])
    return fc.Forecast(
        mean=mean,
        quantiles=mean[:, :, None] * spread,
        quantile_levels=LEVELS,
        series_ids=ids,
        timestamps=pd.date_range(TODAY, periods=13, freq="7D"),
        cutoff=TODAY - pd.Timedelta(days=7),
    )


def decided(
    means: list[float], on_hand: list[float], *, coming: float = 0.0, **columns: Any
) -> pd.DataFrame:
    """Lines with these weekly sales and stocks, decided on by nobody yet."""
    made = forecast(means)
    pairs = sources.pairs(made.series_ids)
    usual: dict[str, Any] = {
        "class": "AX", "lead_time_days": 14.0, "lead_time_sd_days": 0.0, "review_days": 7.0,
        "pack_size": 12.0, "min_order": 0.0, "shelf_life_days": np.inf, "service_level": 0.95,
        "unit_cost": 3.0, "price": 5.0, "target": "cycle",
    }  # fmt: skip
    frame = pairs.assign(on_hand=on_hand, stock_day=TODAY - pd.Timedelta(days=1))
    for name, value in (usual | columns).items():
        frame[name] = value
    frame["series_id"] = made.series_ids
    due = pd.DataFrame({"product_id": [1], "place_id": [1], "day": [TODAY], "quantity": [coming]})
    plan = facts.planned(made, frame, due)
    weeks = pairs.assign(ago=0, quantity=np.array(means) * 4, out=0)
    lines = facts.table(plan, frame, weeks, today=TODAY)
    nothing = pd.DataFrame(
        columns=["product_id", "place_id", "quantity", "approved", "reason", "author"]
    )
    lines = facts.decided(lines, nothing)
    return lines.assign(
        product="Mug", product_code="P1", place="Berlin", place_code="S1", author=""
    )


def row(lines: pd.DataFrame, at: int = 0) -> dict[str, Any]:
    return {str(key): value for key, value in lines.iloc[at].to_dict().items()}


def numbers(rows: list[tuple[str, str]]) -> list[int]:
    return [int(text.replace(",", "").replace("−", "-")) for _, text in rows]


@pytest.mark.parametrize("stock", [0.0, 33.0, 140.0, 500.0, -8.0])
def test_when_an_order_is_explained_then_the_shown_parts_add_up(stock: float) -> None:
    lines = decided([50.0], [stock], coming=6.0)
    parts = numbers(words.sum_rows(row(lines)))
    assert sum(parts[:-1]) == parts[-1] == round(lines["quantity"].iloc[0])


def test_when_a_line_is_late_then_the_reason_says_by_how_much_and_fits() -> None:
    lines = decided([50.0, 50.0, 50.0], [50.0, 0.0, 5000.0])
    assert lines["when"].tolist() == ["Late", "Late", ""]
    assert words.why(row(lines), None, "€") == "Delivery 3 Dec is 7 days too late"
    assert words.why(row(lines, 1), None, "€") == "Empty; delivery 3 Dec at the earliest"
    move = {"quantity": 60.0, "from": "Berlin"}
    assert words.why(row(lines), move, "€") == "Move 60 from Berlin instead"
    long = {"quantity": 60.0, "from": "A" * 60}
    assert words.why(row(lines), long, "€") == "Move 60 from elsewhere instead"
    assert "order none for now" in words.excess_why(row(lines, 2), None)


def test_when_stock_lasts_until_the_delivery_then_it_is_today_or_this_week() -> None:
    # 70 a week at most 98: an order of today comes after 14 days, the next a week later.
    lines = decided([70.0, 70.0, 70.0, 70.0], [150.0, 200.0, 230.0, 320.0])
    assert lines["when"].tolist() == ["Today", "This week", "This week", ""]
    assert lines["order_by"].is_monotonic_increasing
    assert not lines["late"].any()


def test_when_money_is_not_known_then_cards_count_units() -> None:
    lines = decided([50.0, 50.0], [0.0, 9000.0], unit_cost=np.nan)
    sums = facts.totals(lines)
    assert np.isnan(sums.cost)
    assert sums.units > 0
    assert sums.without_cost == sums.lines == 1
    assert np.isnan(sums.excess_cost)
    assert sums.excess_units > 8000
    assert sums.served > sums.served_without


def test_when_one_place_has_too_much_then_it_gives_to_the_other() -> None:
    lines = decided([50.0, 50.0], [2000.0, 0.0])
    found = facts.moves(lines)
    assert found[["from_id", "to_id"]].to_numpy().tolist() == [[1, 2]]
    assert found["quantity"].iloc[0] == lines["quantity"].iloc[1]
    assert found["spares"].iloc[0] == pytest.approx(found["quantity"].iloc[0] * 3)


def test_when_decided_then_the_decision_counts_instead_of_the_proposal() -> None:
    lines = decided([50.0, 50.0], [0.0, 0.0])
    made = pd.DataFrame(
        {"product_id": [1], "place_id": [2], "quantity": [5.0], "approved": [True],
         "reason": ["Fair"], "author": ["Ada"]}
    )  # fmt: skip
    found = facts.decided(lines, made)
    assert found["ordered"].tolist() == [lines["quantity"].iloc[0], 5.0]
    assert found["approved"].tolist() == [False, True]
    assert facts.totals(found).cost == pytest.approx(3 * found["ordered"].sum())


def test_when_exported_then_the_workbook_opens_again_and_no_cell_is_a_formula() -> None:
    lines = decided([50.0, 50.0], [0.0, 0.0]).assign(product="=1+1", reason=["", "-2+3"])
    table = orders.frame(lines, TODAY)
    sheet = openpyxl.load_workbook(io.BytesIO(orders.workbook(table, "€"))).active
    read = [[cell.value for cell in line] for line in sheet.iter_rows()]
    assert read[0] == list(table.columns)
    first = dict(zip(read[0], read[1], strict=True))
    assert first["Product"] == "=1+1"  # a word, as no cell below is a formula
    assert first["Quantity"] == lines["ordered"].iloc[0]
    assert first["Order on"].date() == TODAY.date()
    assert all(cell.data_type != "f" for line in sheet.iter_rows() for cell in line)
    again = pd.read_csv(io.BytesIO(orders.csv(table)))
    assert again["Quantity"].tolist() == lines["ordered"].tolist()
    assert again["Reason for the change"].iloc[1] == "'-2+3"


def test_when_a_run_is_looked_at_later_then_only_wanted_series_and_coming_steps_are_left() -> None:
    made = forecast([50.0, 60.0, 70.0])
    frame = made.to_frame()
    found = sources.of_run(frame, pd.Index(["1:2", "2:1"]), TODAY + pd.Timedelta(days=14))
    assert found is not None
    assert found.series_ids.tolist() == ["1:2", "2:1"]
    assert len(found.timestamps) == 11
    assert found.mean[:, 0].tolist() == [60, 70]
    assert sources.of_run(frame, pd.Index(["1:2"]), TODAY + pd.Timedelta(days=200)) is None
    assert sources.of_run(frame, pd.Index(["9:9"]), TODAY) is None


def test_when_a_run_is_by_product_of_one_place_then_its_lines_are_of_that_place() -> None:
    made = forecast([50.0])
    frame = made.to_frame().assign(series_id="1")
    found = sources.of_run(frame, pd.Index(["1:7"]), TODAY, only_place=7)
    assert found is not None
    assert found.series_ids.tolist() == ["1:7"]


def test_when_weeks_were_mostly_out_of_stock_then_the_quick_forecast_does_not_learn_from_them() -> (
    None
):
    ago = np.arange(104)
    weeks = pd.DataFrame({"product_id": 1, "place_id": 1, "ago": ago, "quantity": 70.0, "out": 0})
    weeks.loc[weeks["ago"].between(40, 51), ["quantity", "out"]] = [0.0, 7]
    made = sources.quick(weeks, (TODAY - pd.Timedelta(days=1)).date(), zero_gaps=True)
    assert made.timestamps[0] == TODAY
    assert made.mean[0].min() > 35
