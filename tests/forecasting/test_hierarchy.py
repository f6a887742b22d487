"""Hierarchy: nodes from attributes, sums with gaps, panels of the levels, and what is refused."""

import numpy as np
import pandas as pd
import pytest

import forecasting as fc
from forecasting.hierarchy import BOTTOM, TOTAL, Hierarchy

LEVELS = [(), ("category",), ("place",), ("category", "place")]


def attributes() -> pd.DataFrame:
    """Six series, in no order; bread is sold in two places, milk in one."""
    rows = {
        "milk N1": ("Milk", "North"),
        "bread S1": ("Bread", "South"),
        "bread N1": ("Bread", "North"),
        "bread S2": ("Bread", "South"),
        "milk N2": ("Milk", "North"),
        "milk N3": ("Milk", "North"),
    }
    return pd.DataFrame.from_dict(rows, orient="index", columns=["category", "place"])


@pytest.fixture(scope="module")
def hierarchy() -> Hierarchy:
    return Hierarchy.from_frame(attributes(), levels=LEVELS)


def test_when_levels_are_given_then_nodes_are_named_after_their_values(
    hierarchy: Hierarchy,
) -> None:
    assert list(hierarchy.upper_ids) == [
        "total",
        "category=Bread",
        "category=Milk",
        "place=North",
        "place=South",
        "category=Bread, place=North",
        "category=Bread, place=South",
        "category=Milk, place=North",
    ]
    assert list(hierarchy.node_ids[hierarchy.rows(BOTTOM)]) == list(attributes().index)
    assert list(hierarchy.children("category=Bread, place=South")) == ["bread S1", "bread S2"]
    assert hierarchy.rows(("place",)) == slice(3, 5)


def test_when_no_levels_are_given_then_they_are_the_total_and_each_attribute() -> None:
    assert Hierarchy.from_frame(attributes()).levels == ((), ("category",), ("place",))


def test_when_series_id_is_a_column_then_it_is_taken_as_the_index(hierarchy: Hierarchy) -> None:
    frame = attributes().rename_axis("series_id").reset_index()
    again = Hierarchy.from_frame(frame, levels=LEVELS)
    assert list(again.node_ids) == list(hierarchy.node_ids)


def test_when_values_are_summed_then_a_loop_over_the_frame_finds_the_same(
    hierarchy: Hierarchy,
) -> None:
    values = np.random.default_rng(0).gamma(2, 3, (6, 5))
    nodes = hierarchy.aggregate_values(values)
    frame = attributes()
    for at, name in enumerate(hierarchy.upper_ids):
        expected = np.zeros(5)
        wanted = dict(part.split("=") for part in name.split(", ")) if name != "total" else {}
        for row, series in enumerate(frame.index):
            if all(frame.loc[series, key] == value for key, value in wanted.items()):
                expected += values[row]
        np.testing.assert_allclose(nodes[at], expected)
    np.testing.assert_array_equal(nodes[-6:], values)
    np.testing.assert_allclose(hierarchy.summing_matrix @ values, nodes)


def test_when_some_values_are_missing_then_the_others_are_summed_and_none_is_missing(
    hierarchy: Hierarchy,
) -> None:
    values = np.ones((6, 2))
    values[0, 0] = np.nan  # one of three kinds of milk
    values[[1, 3], 1] = np.nan  # all of South
    nodes = pd.DataFrame(hierarchy.aggregate_values(values), index=hierarchy.node_ids)
    assert nodes.loc["category=Milk", 0] == 2
    assert nodes.loc["total", 0] == 5
    assert np.isnan(nodes.loc["place=South", 1])
    assert nodes.loc["category=Bread", 1] == 1


def test_when_a_panel_is_aggregated_then_targets_are_summed_and_covariates_averaged(
    hierarchy: Hierarchy,
) -> None:
    frames = [
        pd.DataFrame(
            {
                "series_id": series,
                "timestamp": pd.date_range("2024-01-01", periods=4),
                "target": float(at + 1),
                "price": [1.0 + at, 2.0, 3.0, np.nan],
            }
        )
        for at, series in enumerate(attributes().index)
    ]
    panel = fc.Panel.from_frame(pd.concat(frames), freq="D", known_covariates=["price"])
    above = hierarchy.aggregate(panel)
    assert list(above.series_ids) == list(hierarchy.upper_ids)
    at = list(above.series_ids).index("category=Bread")
    np.testing.assert_array_equal(above.target[at], [2 + 3 + 4] * 4)
    np.testing.assert_array_equal(above.known_covariates[at, :, 0], [3.0, 2.0, 3.0, np.nan])
    places = hierarchy.aggregate(panel, levels=[("place",)])
    assert list(places.series_ids) == ["place=North", "place=South"]
    fc.create("seasonal_naive", horizon=1).fit(places).predict(places)  # a panel like any other


def test_when_fewer_series_are_taken_then_empty_nodes_disappear(hierarchy: Hierarchy) -> None:
    fewer = hierarchy.subset(pd.Index(["milk N2", "milk N1"]))
    assert list(fewer.upper_ids) == [
        "total",
        "category=Milk",
        "place=North",
        "category=Milk, place=North",
    ]
    np.testing.assert_array_equal(fewer.aggregate_values(np.array([3.0, 4.0]))[:3], [7, 7, 7])


def test_when_attributes_are_categories_then_unused_ones_make_no_nodes() -> None:
    frame = attributes().astype("category")
    hierarchy = Hierarchy.from_frame(frame[frame["category"] == "Bread"], levels=LEVELS)
    assert "category=Milk" not in hierarchy.upper_ids


def test_when_series_occur_twice_then_they_are_named() -> None:
    frame = pd.concat([attributes(), attributes().iloc[:2]])
    with pytest.raises(fc.PanelError, match=r"2 series have more than one row.*'milk N1'"):
        Hierarchy.from_frame(frame)


def test_when_an_attribute_is_empty_then_its_series_are_named() -> None:
    frame = attributes()
    frame.loc["bread N1", "place"] = None
    with pytest.raises(fc.PanelError, match=r"'place' is empty for 1 series: 'bread N1'"):
        Hierarchy.from_frame(frame, levels=LEVELS)
    Hierarchy.from_frame(frame, levels=[("category",)])  # nobody asked for places


@pytest.mark.parametrize(
    ("levels", "message"),
    [
        (["category"], "must hold tuples"),
        ("category", "must hold tuples"),
        ([], "levels is empty"),
        ([("category",), ("category",)], "occur twice"),
        ([("region",)], r"not there: 'region'. The frame has 'category', 'place'"),
        ([("series_id",)], "always the last level"),
    ],
)
def test_when_levels_are_impossible_then_the_message_says_why(levels: list, message: str) -> None:
    with pytest.raises(fc.ConfigError, match=message):
        Hierarchy.from_frame(attributes(), levels=levels)


def test_when_a_series_is_called_like_a_node_then_it_is_refused() -> None:
    with pytest.raises(fc.PanelError, match="occur twice: 'total'"):
        Hierarchy.from_frame(attributes().rename(index={"milk N1": "total"}))


def test_when_a_panel_lacks_series_or_has_others_then_five_are_named(hierarchy: Hierarchy) -> None:
    stamps = pd.date_range("2024-01-01", periods=3)
    names = [f"new {at}" for at in range(7)]
    frame = pd.MultiIndex.from_product([names, stamps], names=["series_id", "timestamp"])
    strange = fc.Panel.from_frame(frame.to_frame(index=False).assign(target=1.0), freq="D")
    with pytest.raises(fc.PanelError, match=r"lacks 6 series: 'milk N1'.* and 1 more"):
        hierarchy.aggregate(strange)
    with pytest.raises(fc.PanelError, match="lacks 1 series: 'tea'"):
        hierarchy.subset(pd.Index(["tea"]))


def test_when_a_node_or_level_is_unknown_then_it_is_named(hierarchy: Hierarchy) -> None:
    with pytest.raises(fc.ConfigError, match="node 'category=Tea' is unknown"):
        hierarchy.children("category=Tea")
    with pytest.raises(fc.ConfigError, match=r"level \('region',\) is unknown"):
        hierarchy.rows(("region",))
    with pytest.raises(fc.ConfigError, match="values have 4 rows, the hierarchy 6"):
        hierarchy.aggregate_values(np.ones((4, 2)))


def test_when_the_hierarchy_is_that_of_all_m5_then_the_sums_stay_sparse() -> None:
    series = np.arange(30_490)
    frame = pd.DataFrame(
        {"item": series // 10, "store": series % 10, "dept": series // 10 % 7},
        index=[f"s{at}" for at in series],
    )
    levels = [TOTAL, ("store",), ("dept",), ("store", "dept"), ("item",)]
    hierarchy = Hierarchy.from_frame(frame, levels=levels)
    assert hierarchy.summing_matrix.nnz == 30_490 * 6
    nodes = hierarchy.aggregate_values(np.ones((30_490, 3)))
    assert nodes.shape == (1 + 10 + 7 + 70 + 3_049 + 30_490, 3)
    assert (nodes[0] == 30_490).all()
