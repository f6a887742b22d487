"""Transfers: from plenty to want, within a product, whole units, what saves most first."""

import numpy as np
import pandas as pd
import pytest

import forecasting as fc
from forecasting.planning import transfers


def lines() -> pd.DataFrame:
    return pd.DataFrame(
        {
            "product": ["tea", "tea", "tea", "mug", "mug"],
            "place": ["north", "south", "east", "north", "south"],
            "on_hand": [100.0, 0.0, 5.0, 10.0, np.nan],
            "on_order": [0.0, 0.0, 0.0, 50.0, 0.0],
            "order_up_to": [60.0, 30.0, 25.0, 20.0, 10.0],
            "quantity": [0.0, 30.0, 20.0, 0.0, np.nan],
            "lost_if_not": [0.0, 12.0, 15.0, 0.0, np.nan],
        }
    )


def test_when_one_place_has_plenty_then_the_neediest_is_served_first() -> None:
    found = transfers(lines())
    assert found["product"].tolist() == ["tea", "tea"]
    assert found["destination"].tolist() == ["east", "south"]
    assert found["quantity"].tolist() == [20.0, 20.0]
    assert found["saves"].tolist() == [15.0, pytest.approx(8.0)]


def test_when_stock_is_only_on_order_then_nothing_can_be_moved_of_it() -> None:
    made = lines()
    made.loc[4, ["on_hand", "quantity", "lost_if_not"]] = [0.0, 10.0, 5.0]
    found = transfers(made)
    assert found.loc[found["product"] == "mug", "quantity"].tolist() == [10.0]  # of 40 beyond


def test_when_moves_would_be_tiny_then_there_are_none() -> None:
    assert transfers(lines(), least=50).empty


def test_when_a_column_is_missing_then_it_is_named() -> None:
    with pytest.raises(fc.PanelError, match="no column order_up_to"):
        transfers(lines().drop(columns="order_up_to"))
