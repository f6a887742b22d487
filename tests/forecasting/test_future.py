"""Known covariates ahead: completeness is checked, holes are named and can be filled."""

import numpy as np
import pandas as pd
import pytest

import forecasting as fc
from forecasting.future import known_future_array


@pytest.fixture
def panel() -> fc.Panel:
    frame = pd.DataFrame(
        {
            "series_id": np.repeat(["a", "b"], 4),
            "timestamp": np.tile(pd.date_range("2024-01-01", periods=4), 2),
            "target": 1.0,
            "price": [1, 2, 3, 4, 5, 6, 7, np.nan],
            "promo": [True, False] * 4,
        }
    )
    return fc.Panel.from_frame(frame, freq="D", known_covariates=["price", "promo"])


@pytest.fixture
def future() -> pd.DataFrame:
    return pd.DataFrame(
        {
            "series_id": np.repeat(["b", "a", "other"], 3),
            "timestamp": np.tile(pd.date_range("2024-01-05", periods=3), 3),
            "price": np.arange(9.0),
            "promo": 0,
        }
    )


def test_when_the_frame_is_complete_then_values_lie_by_series_and_step(
    panel: fc.Panel, future: pd.DataFrame
) -> None:
    array = known_future_array(panel, future, 2)
    np.testing.assert_array_equal(array[:, :, 0], [[3, 4], [0, 1]])


def test_when_rows_are_missing_then_series_column_and_first_step_are_named(
    panel: fc.Panel, future: pd.DataFrame
) -> None:
    with pytest.raises(fc.PanelError, match=r"'price', 'promo' for 1 rows of series 'a', first at"):
        known_future_array(panel, future.drop(4), 2)
    hole = future.assign(price=future["price"].where(future.index != 1))
    with pytest.raises(fc.PanelError, match=r"no value of 'price' for 1 rows of series 'b'"):
        known_future_array(panel, hole, 2)


def test_when_nothing_or_a_column_is_missing_then_it_is_named(
    panel: fc.Panel, future: pd.DataFrame
) -> None:
    with pytest.raises(fc.PanelError, match=r"known covariates \('price', 'promo'\)"):
        known_future_array(panel, None, 2)
    with pytest.raises(fc.PanelError, match="Missing columns: 'promo'"):
        known_future_array(panel, future.drop(columns="promo"), 2)
    with pytest.raises(fc.PanelError, match=r"must be \(2, 2, 2\)"):
        known_future_array(panel, np.zeros((2, 3, 2)), 2)


def test_when_filled_then_given_values_stay_and_the_last_known_follow(
    panel: fc.Panel, future: pd.DataFrame
) -> None:
    given = future.iloc[[0, 4]].drop(columns="promo")
    filled = fc.fill_future(panel, 3, given)
    assert list(filled["price"]) == [4, 4, 4, 0, 0, 0]
    assert list(filled["promo"]) == [0, 0, 0, 0, 0, 0]
    known_future_array(panel, filled, 3)
