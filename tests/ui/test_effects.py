"""Price changes and events checked: planted effects are found, nothing is unclear, words agree."""

import numpy as np
import pandas as pd
import pytest

from forecasting.errors import PanelError
from ui import effects_facts as facts
from ui import effects_words as words

DAYS = pd.date_range("2025-06-02", periods=420)
FIRST, LAST = pd.Timestamp("2026-06-01"), pd.Timestamp("2026-06-07")


def history(lift: float, seed: int = 0) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    usual = 200.0 * (1 + 0.3 * np.sin(DAYS.dayofweek.to_numpy()))
    inside = (DAYS >= FIRST) & (DAYS <= LAST)
    return pd.DataFrame(
        {"timestamp": DAYS, "value": rng.poisson(usual * np.where(inside, 1 + lift, 1.0)) * 1.0}
    )


def test_when_an_event_sold_more_then_it_is_found_against_the_weeks_before() -> None:
    found = facts.event(history(0.5), FIRST, LAST, "D")
    assert found.verdict == "more"
    assert found.share == pytest.approx(0.5, abs=0.1)
    assert np.isnan(found.p_space)  # copies of its own past are no other products
    said = words.told(found)
    assert "units more** (+" in said
    assert "Placebo: the same was done for" in said
    time = words.timeline(found)
    assert (time["zone"] == "during").sum() == 7
    assert time["timestamp"].iloc[0] == FIRST - pd.Timedelta(days=56)


def test_when_an_event_did_nothing_then_it_could_be_chance() -> None:
    """Bands hold 8 in 10, so that one of six may fall outside, and hardly three."""
    found = [facts.event(history(0.0, seed), FIRST, LAST, "D") for seed in range(6)]
    unclear = [each for each in found if each.verdict == "unclear"]
    assert len(unclear) >= 4
    assert "Could be chance" in words.told(unclear[0])


def test_when_sales_are_by_week_then_the_week_of_the_event_counts() -> None:
    by_week = (
        history(0.8)
        .set_index("timestamp")["value"]
        .resample("W-MON", label="left", closed="left")
        .sum()
    )
    weeks = by_week.rename("value").rename_axis("timestamp").reset_index()
    found = facts.event(weeks, pd.Timestamp("2026-06-03"), LAST, "W")
    assert found.periods["inside"].sum() == 1
    assert found.share == pytest.approx(0.8, abs=0.2)


def test_when_there_is_too_little_before_then_it_is_said() -> None:
    with pytest.raises(PanelError, match="periods before it"):
        facts.event(history(0.2).iloc[330:], FIRST, LAST, "D")
    with pytest.raises(PanelError, match="too coarse"):
        facts.event(history(0.2), FIRST, LAST, "M")
