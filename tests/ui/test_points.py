"""Products as points: on the map of movers and among the segments, to choose by lasso."""

import numpy as np
import pandas as pd
import pytest

from data.scope import Scope
from data.segments import Thresholds
from tests.ui.test_segments import classified
from ui import format as fmt
from ui import overview_movers, segments_points


def moved() -> pd.DataFrame:
    frame = pd.DataFrame(
        {
            "product_id": [1, 2, 3],
            "label": ["<b>Mug</b>", "Tea", "New"],
            "value": [130.0, 0.0, 25.0],
            "before": [49.0, 100.0, 0.0],
        }
    )
    return frame.assign(change=frame["value"] - frame["before"])


def test_when_movers_are_mapped_then_each_is_a_point_with_its_sentence() -> None:
    gained, lost = overview_movers.figure(moved(), "quantity", "").data
    assert gained.customdata == ([1], [3])
    np.testing.assert_allclose(gained.x, [7, 0])
    np.testing.assert_allclose(gained.y, [9, 5])
    np.testing.assert_allclose(lost.y, [-10])
    assert gained.hovertext[0] == "&lt;b&gt;Mug&lt;/b&gt;: +81<br>130 now, +165% vs last year"
    assert gained.hovertext[1].endswith("nothing last year")


def test_when_nothing_moved_at_all_then_the_map_still_stands() -> None:
    frame = moved().assign(value=0.0, before=0.0, change=0.0)
    figure = overview_movers.figure(frame, "revenue", "€")
    assert figure.layout.yaxis.ticktext == ("0",)


@pytest.mark.parametrize(("columns", "drawn"), [("xyz", 2), ("pattern", 2)])
def test_when_products_are_placed_then_those_without_sales_are_not(
    columns: segments_points.Columns, drawn: int
) -> None:
    frame = segments_points.placed(classified(), columns)
    assert len(frame) == drawn
    figure = segments_points.figure(frame, columns, Thresholds(), "revenue", "€")
    assert sorted(key for trace in figure.data for (key,) in trace.customdata) == [7, 8]
    names = [note.text.strip() for note in figure.layout.annotations]
    assert len(names) == 2
    assert any(name.endswith(("1", "0.49")) for name in names)


def test_when_nothing_is_drawn_then_nothing_is_lassoed() -> None:
    from ui.segments_words import Filter

    assert not segments_points.lassoed(Filter(), Thresholds(), Scope(dataset_id=1))


def test_when_a_table_has_changes_then_zero_has_no_sign_and_values_stay_numbers() -> None:
    frame = pd.DataFrame({"growth": [-0.3, 0.2, 12.4, None]})
    styled = fmt.with_signed_percents(frame, {"growth": 0})
    html = styled.to_html()
    assert "-0%" not in html
    assert "+0%" not in html
    assert "+12%" in html
    assert styled.data is frame
