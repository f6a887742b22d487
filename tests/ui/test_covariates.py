"""What is known ahead: shares of festival days, gaps counted and never guessed, fills applied."""

import numpy as np
import pandas as pd
import pytest

from ui import covariates


@pytest.fixture
def panel() -> pd.DataFrame:
    """Two series of six weeks and two ahead; b has no price ahead."""
    stamps = pd.date_range("2026-11-02", periods=8, freq="W-MON")
    frame = pd.DataFrame(
        {
            "series_id": np.repeat(["a", "b"], 8),
            "timestamp": np.tile(stamps, 2),
            "target": [*[5.0] * 6, np.nan, np.nan] * 2,
            "price": [2.0] * 8 + [3.0] * 6 + [np.nan] * 2,
            "promo": [0.0] * 6 + [1.0] * 2 + [0.0] * 6 + [np.nan] * 2,
            "ahead": ([False] * 6 + [True] * 2) * 2,
        }
    )
    events = pd.DataFrame(
        {
            "name": ["Black Friday", "Holiday"],
            "kind": ["festival", "holiday"],
            "first_day": pd.to_datetime(["2026-11-27", "2026-12-25"]),
            "last_day": pd.to_datetime(["2026-11-27", "2026-12-25"]),
            "days_before": [4, 0],
            "days_after": [0, 0],
        }
    )
    return covariates.with_events(frame, events)


def test_when_a_festival_touches_a_week_then_it_counts_by_its_days(panel: pd.DataFrame) -> None:
    week = panel[panel["timestamp"] == "2026-11-23"].iloc[0]
    assert week["festival"] == pytest.approx(1 / 7)
    assert week["festival_near"] == pytest.approx(5 / 7)
    assert panel["festival"].sum() == pytest.approx(2 / 7)


def test_when_a_kind_of_day_never_happened_before_then_nothing_can_be_learned_of_it(
    panel: pd.DataFrame,
) -> None:
    assert "holiday" not in panel.columns  # the only one lies ahead


def test_when_values_ahead_are_missing_then_they_are_counted_and_the_column_is_left_out(
    panel: pd.DataFrame,
) -> None:
    found = {each.name: each for each in covariates.readiness(panel, has_price=True)}
    price = found["price"]
    assert (price.missing, price.series_missing, price.ahead) == (2, 1, 0.5)
    assert price.first_missing == pd.Timestamp("2026-12-14")
    assert found["festivals"].is_ready
    listed = list(found.values())
    assert covariates.usable(listed, {"price": "use", "festivals": "use"}) == {
        "festivals": "planned"
    }
    assert covariates.usable(listed, {"price": "last"}) == {"price": "last"}
    assert covariates.usable(listed, {}) == {}


def test_when_series_are_of_many_products_then_their_mean_price_is_not_offered(
    panel: pd.DataFrame,
) -> None:
    assert "price" not in {each.name for each in covariates.readiness(panel, has_price=False)}


def test_when_gaps_are_filled_then_as_was_said_and_the_past_is_untouched(
    panel: pd.DataFrame,
) -> None:
    chosen = {"price": "last", "promo": "zero", "festivals": "planned"}
    past, future, spec = covariates.assemble(panel, "W", chosen)
    assert spec.known_covariates == ("price", "promo", "festival", "festival_near")
    assert spec.freq == "W-MON"
    assert len(past) == 12
    assert future is not None
    b = future[future["series_id"] == "b"]
    assert b["price"].tolist() == [3.0, 3.0]
    assert b["promo"].tolist() == [0.0, 0.0]
    assert future[future["series_id"] == "a"]["promo"].tolist() == [1.0, 1.0]
    assert "target" not in future
    pd.testing.assert_series_equal(
        past["price"], panel.loc[~panel["ahead"], "price"].reset_index(drop=True)
    )


def test_when_nothing_is_used_then_there_is_no_future(panel: pd.DataFrame) -> None:
    _, future, spec = covariates.assemble(panel, "W", {})
    assert future is None
    assert spec.known_covariates == ()


def test_when_an_event_has_columns_then_it_is_a_line_of_its_own_and_brings_all_of_them(
    panel: pd.DataFrame,
) -> None:
    columns = {f"event: {name}": 0.1 for name in ("Fair", "Fair, before", "Other")}
    found = {
        each.name: each
        for each in covariates.readiness(panel.assign(**columns), has_price=True, freq="W")
    }
    assert found["event: Fair"].label == "Fair"
    assert found["event: Fair"].is_ready
    assert "event: Fair, before" not in found
    _, future, spec = covariates.assemble(
        panel.assign(**columns), "W", {"event: Fair": "planned", "event: Gone": "planned"}
    )
    assert spec.known_covariates == ("event: Fair", "event: Fair, before")
    assert future is not None
    assert "event: Other" not in future
