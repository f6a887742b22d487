"""Panels from frames: what is understood, and what is refused by name."""

import datetime as dt
from decimal import Decimal

import numpy as np
import pandas as pd
import pytest

import forecasting as fc


def long(
    series: dict[str, list[float]], start: str = "2024-01-01", freq: str = "D"
) -> pd.DataFrame:
    parts = [
        pd.DataFrame(
            {
                "series_id": name,
                "timestamp": pd.date_range("2024-01-01", periods=len(values), freq=freq),
                "target": values,
            }
        )
        for name, values in series.items()
    ]
    return pd.concat(parts, ignore_index=True)


TWO = long({"b": [1, 2, 3, 4], "a": [5, 6, 7, 8]})


def test_when_rows_are_shuffled_then_the_panel_is_the_same() -> None:
    first = fc.Panel.from_frame(TWO, freq="D")
    second = fc.Panel.from_frame(TWO.sample(frac=1, random_state=0), freq="D")
    assert list(first.series_ids) == ["a", "b"]
    np.testing.assert_array_equal(first.target, [[5, 6, 7, 8], [1, 2, 3, 4]])
    np.testing.assert_array_equal(first.target, second.target)


def test_when_a_step_has_no_row_then_the_gap_policy_decides() -> None:
    frame = long({"a": [1, 2, 3, 4], "b": [9, 9, 9, 9]}).drop([1, 4])
    missing = fc.Panel.from_frame(frame, freq="D")
    zero = fc.Panel.from_frame(frame, freq="D", gaps="zero")
    np.testing.assert_array_equal(missing.target, [[1, np.nan, 3, 4], [np.nan, 9, 9, 9]])
    np.testing.assert_array_equal(zero.target, [[1, 0, 3, 4], [np.nan, 9, 9, 9]])
    assert list(missing.launched) == [0, 1]
    assert list(missing.observed.sum(axis=1)) == [3, 3]


def test_when_a_target_is_empty_then_it_is_missing_even_where_gaps_are_zero() -> None:
    frame = long({"a": [1, np.nan, 3]})
    panel = fc.Panel.from_frame(frame, freq="D", gaps="zero")
    np.testing.assert_array_equal(panel.target, [[1, np.nan, 3]])


def test_when_sales_end_early_then_zeros_follow_only_with_that_policy() -> None:
    frame = long({"a": [1, 2], "b": [1, 2, 3, 4]})
    assert np.isnan(fc.Panel.from_frame(frame, freq="D").target[0, 2:]).all()
    assert (fc.Panel.from_frame(frame, freq="D", gaps="zero").target[0, 2:] == 0).all()


def test_when_a_panel_becomes_a_frame_then_it_comes_back_the_same() -> None:
    frame = TWO.assign(price=np.arange(8.0), views=1, store=["x"] * 4 + ["y"] * 4)
    options = {
        "known_covariates": ["price"],
        "past_covariates": ["views"],
        "static_features": ["store"],
    }
    panel = fc.Panel.from_frame(frame.drop(5), freq="D", **options)
    again = fc.Panel.from_frame(panel.to_frame(), freq="D", **options)
    np.testing.assert_array_equal(panel.target, again.target)
    np.testing.assert_array_equal(panel.known_covariates, again.known_covariates)
    assert list(again.static_features["store"]) == ["y", "x"]
    assert panel.known_covariates.shape == (2, 4, 1)
    assert np.isnan(panel.known_covariates[0, 1, 0])


def test_when_cut_off_then_nothing_later_is_left() -> None:
    panel = fc.Panel.from_frame(TWO.assign(p=1.0), freq="D", known_covariates=["p"])
    past = panel.until("2024-01-02")
    assert past.length == 2
    assert past.cutoff == pd.Timestamp("2024-01-02")
    np.testing.assert_array_equal(past.target, [[5, 6], [1, 2]])
    assert past.known_covariates.shape == (2, 2, 1)
    assert list(past.future_timestamps(2)) == list(pd.date_range("2024-01-03", periods=2))
    with pytest.raises(fc.PanelError, match="before the first timestamp"):
        panel.until("2023-12-31")


def test_when_series_are_chosen_then_the_order_is_theirs() -> None:
    panel = fc.Panel.from_frame(TWO, freq="D").subset(["b", "a"])
    np.testing.assert_array_equal(panel.target[0], [1, 2, 3, 4])
    with pytest.raises(fc.PanelError, match=r"not in the panel: 'c'"):
        panel.subset(["a", "c"])


def test_when_a_panel_is_made_then_its_arrays_cannot_be_written() -> None:
    panel = fc.Panel.from_frame(TWO, freq="D")
    with pytest.raises(ValueError, match="read-only"):
        panel.target[0, 0] = 1


@pytest.mark.parametrize(
    ("freq", "full"),
    [
        ("h", "h"),
        ("4h", "4h"),
        ("D", "D"),
        ("2D", "2D"),
        ("B", "B"),
        ("W", "W-SUN"),
        ("W-WED", "W-WED"),
        ("2W-MON", "2W-MON"),
        ("MS", "MS"),
        ("ME", "ME"),
        ("QS", "QS-JAN"),
        ("QE-NOV", "QE-NOV"),
        ("YS", "YS-JAN"),
        ("YE", "YE-DEC"),
        ("SMS", "SMS-15"),
    ],
)
def test_when_the_frequency_is_from_hour_to_year_then_the_calendar_is_regular(
    freq: str, full: str
) -> None:
    frame = long({"a": [1, 2, 3, 4, 5, 6]}, freq=freq).drop(2)
    panel = fc.Panel.from_frame(frame, freq=freq)
    assert panel.freq == full
    np.testing.assert_array_equal(panel.target, [[1, 2, np.nan, 4, 5, 6]])
    following = pd.date_range(panel.timestamps[0], periods=8, freq=full)
    assert list(panel.future_timestamps(2)) == list(following[-2:])


@pytest.mark.parametrize(
    ("asked", "data", "full"),
    [
        ("W", "W-MON", "W-MON"),
        ("w", "W-SAT", "W-SAT"),
        ("M", "MS", "MS"),
        ("M", "ME", "ME"),
        ("Q", "QE-DEC", "QE-DEC"),
        ("QS", "QS-FEB", "QS-FEB"),
        ("Y", "YS-JUL", "YS-JUL"),
        ("A", "YE-JUN", "YE-JUN"),
        ("H", "h", "h"),
        ("d", "D", "D"),
    ],
)
def test_when_the_code_is_short_or_old_then_it_takes_the_anchor_of_the_data(
    asked: str, data: str, full: str
) -> None:
    assert fc.Panel.from_frame(long({"a": [1, 2, 3]}, freq=data), freq=asked).freq == full


@pytest.mark.parametrize("freq", ["", "x", "min", "15min", "s", "-1D", "0D", "day", "W-XYZ"])
def test_when_the_frequency_is_not_one_then_it_is_named(freq: str) -> None:
    with pytest.raises(fc.ConfigError, match="is not a frequency from hour to year"):
        fc.Panel.from_frame(TWO, freq=freq)


def test_when_days_carry_a_time_then_it_is_dropped() -> None:
    frame = TWO.assign(timestamp=TWO["timestamp"] + pd.Timedelta("13h"))
    assert fc.Panel.from_frame(frame, freq="D").cutoff == pd.Timestamp("2024-01-04")


@pytest.mark.parametrize("kind", ["text", "date", "zone", "milliseconds", "category"])
def test_when_timestamps_come_in_other_forms_then_they_are_understood(kind: str) -> None:
    stamps = TWO["timestamp"]
    forms = {
        "text": stamps.dt.strftime("%Y-%m-%d"),
        "date": pd.Series([dt.date(2024, 1, each.day) for each in stamps]),
        "zone": stamps.dt.tz_localize("Asia/Shanghai"),
        "milliseconds": stamps.astype("datetime64[ms]"),
        "category": stamps.dt.strftime("%Y-%m-%d").astype("category"),
    }
    panel = fc.Panel.from_frame(TWO.assign(timestamp=forms[kind]), freq="D")
    assert list(panel.timestamps) == list(pd.date_range("2024-01-01", periods=4))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"target": ["1", "2", "x", "4"] * 2}, r"'target' holds text .* 'x', in series 'a', 'b'"),
        ({"target": ["1", "2", "3", "4"] * 2}, r"'target' holds text .* '1', '2'"),
        ({"target": [1, 2, np.inf, 4, 5, 6, 7, 8]}, r"infinite in 1 rows, in series 'b'"),
        ({"target": np.nan}, "target is empty in every row"),
        ({"series_id": [None, "b", "b", "b"] + ["a"] * 4}, "1 rows have no series_id"),
        ({"series_id": [1, 1, 1, 1] + ["a"] * 4}, "mixes numbers and text"),
        ({"timestamp": [pd.NaT, *TWO["timestamp"][1:]]}, "1 rows have no timestamp"),
        ({"timestamp": range(8)}, "timestamp holds numbers, such as 0"),
        ({"timestamp": "01/02/2025"}, r"not a date in these values: '01/02/2025'"),
        ({"timestamp": ["2024-01-01", "yesterday"] * 4}, "'yesterday'"),
        (
            {"timestamp": ["2024-01-01T00:00+00:00", "2024-01-02T00:00+02:00"] * 4},
            "mixes time zones",
        ),
        (
            {
                "timestamp": [
                    pd.Timestamp("2024-01-01", tz="UTC"),
                    pd.Timestamp("2024-01-02"),
                ]
                * 4
            },
            "mixes time zones",
        ),
        ({"timestamp": TWO["timestamp"][0]}, r"6|occur more than once in a series: 'a', 'b'"),
        ({"timestamp": ["9999-01-01"] * 8}, "1677 to 2262"),
        ({"price": list("abcdefgh")}, "'price' holds text"),
        ({"price": pd.Categorical(["1", "2"] * 4)}, "'price' holds text"),
        ({"price": pd.array(["1", None] * 4, dtype="string")}, "'price' holds text"),
        ({"price": TWO["timestamp"]}, "'price' holds text where numbers"),
        ({"store": list("abcdefgh")}, "'store' changes within series 'a', 'b'"),
    ],
)
def test_when_a_column_is_wrong_then_the_message_names_series_and_remedy(
    change: dict[str, object], message: str
) -> None:
    frame = TWO.assign(price=1.0, store="s").assign(**change)
    with pytest.raises(fc.PanelError, match=message):
        fc.Panel.from_frame(frame, freq="D", known_covariates=["price"], static_features=["store"])


@pytest.mark.parametrize(
    "values",
    [
        [Decimal("1.5"), None, 3, 4],
        pd.array([1, None, 3, 4], dtype="Int64"),
        pd.array([True, None, True, False], dtype="boolean"),
        np.array([1, 2, 3, 4], dtype=np.int16),
    ],
)
def test_when_numbers_come_in_other_types_then_they_are_understood(values: object) -> None:
    frame = TWO.head(4).assign(price=values)
    panel = fc.Panel.from_frame(frame, freq="D", known_covariates=["price"])
    expected = [np.nan if pd.isna(value) else float(value) for value in frame["price"]]
    np.testing.assert_array_equal(panel.known_covariates[0, :, 0], expected)


def test_when_many_series_are_wrong_then_five_are_named() -> None:
    frame = long({f"s{i}": [1.0, np.inf] for i in range(9)})
    with pytest.raises(fc.PanelError, match="'s0', 's1', 's2', 's3', 's4' and 4 more"):
        fc.Panel.from_frame(frame, freq="D")


def test_when_columns_are_missing_or_doubled_then_they_are_named() -> None:
    with pytest.raises(fc.PanelError, match=r"Missing columns: 'target', 'price'"):
        fc.Panel.from_frame(
            TWO.rename(columns={"target": "y"}), freq="D", known_covariates=["price"]
        )
    with pytest.raises(fc.PanelError, match=r"two roles: 'target'"):
        fc.Panel.from_frame(TWO, freq="D", known_covariates=["target"])
    with pytest.raises(fc.PanelError, match="no rows"):
        fc.Panel.from_frame(TWO.head(0), freq="D")


@pytest.mark.parametrize(
    ("data", "asked", "message"),
    [
        ("D", "W-MON", "not on a 'W-MON' calendar.*'2024-01-02.*series 'a'.*fit freq='D'"),
        ("D", "MS", "fit freq='D'"),
        ("ME", "MS", "fit freq='ME'"),
        ("h", "W", "occur more than once in a series: 'a'.*the finer frequency"),
        ("W-MON", "D", "No two timestamps are one step of freq='D' apart.*freq='W-MON'"),
        ("MS", "D", "freq='MS'"),
    ],
)
def test_when_the_frequency_does_not_fit_then_the_fitting_one_is_named(
    data: str, asked: str, message: str
) -> None:
    with pytest.raises(fc.PanelError, match=message):
        fc.Panel.from_frame(long({"a": [1, 2, 3, 4, 5, 6]}, freq=data), freq=asked)


def test_when_the_last_rows_have_no_target_then_known_future_is_suggested() -> None:
    frame = long({"a": [1, 2, np.nan, np.nan]})
    with pytest.raises(fc.PanelError, match=r"last 2 timestamps, from 2024-01-03.*known_future"):
        fc.Panel.from_frame(frame, freq="D")


def test_when_targets_are_negative_huge_and_tiny_then_they_are_kept() -> None:
    frame = long({"a": [-1e12, 2e12], "b": [1e-6, -3e-6]})
    np.testing.assert_array_equal(
        fc.Panel.from_frame(frame, freq="D").target, [[-1e12, 2e12], [1e-6, -3e-6]]
    )


def test_when_static_features_are_text_and_numbers_then_each_keeps_its_kind() -> None:
    frame = TWO.assign(store=["x"] * 4 + [None] * 4, size=[3.0] * 4 + [1.0] * 4)
    statics = fc.Panel.from_frame(frame, freq="D", static_features=["store", "size"])
    assert statics.static_features["store"].dtype == "category"
    assert list(statics.static_features["store"].isna()) == [True, False]
    assert list(statics.static_features["size"]) == [1.0, 3.0]
