"""Compare: what runs share, verdicts in words, errors by part; on scores made by hand."""

from collections.abc import Mapping

import numpy as np
import pandas as pd
import pytest

from engine.registry import About, Entry
from forecasting.scores import rate
from ui import (
    compare_charts,
    compare_check_words,
    compare_parts,
    compare_runs,
    public_models,
)
from ui import compare_words as words
from ui.compare_facts import Compared, Loaded, in_time_tests, together

FIRST, SECOND, THIRD = (pd.Timestamp(day) for day in ("2026-02-16", "2026-05-18", "2026-08-17"))
SERIES = tuple(f"{product}:{place}" for product in range(1, 31) for place in (1, 2))
STEPS = 13


def run(
    factors: Mapping[str, float],
    *,
    run_id: str = "a",
    cutoffs: tuple[pd.Timestamp, ...] = (FIRST, SECOND),
    series: tuple[str, ...] = SERIES,
    seconds: Mapping[str, float] | None = None,
    noise: float = 0.05,
    sold: float = 1.0,
) -> Loaded:
    """A comparison whose losses are those of hard series times a factor and some noise."""
    rows, steps = [], []
    for cutoff in cutoffs:
        for model, factor in factors.items():
            rng = np.random.default_rng([int(cutoff.value % 10**9), *model.encode()])
            size = np.array([10.0 + int(each.split(":")[0]) for each in series]) * sold
            off = size * 0.3 * factor * rng.lognormal(0, noise, len(series))
            rows.append(_rows(model, cutoff, size, off).assign(series_id=series))
            level = np.full(STEPS, size.sum() / STEPS)
            lost = level * 0.3 * factor * rng.lognormal(0, noise, STEPS)
            steps.append(_rows(model, cutoff, level, lost).assign(step=np.arange(1, STEPS + 1)))
    scores = pd.concat(rows, ignore_index=True).astype({"model": "category"})
    scores = scores.assign(
        series_id=scores["series_id"].astype("category"),
        absolute_scale=1.0, squared_scale=1.0, fallback="",
    )  # fmt: skip
    levels = [0.025, 0.1, 0.5, 0.9, 0.975]
    return Loaded(
        run_id=run_id,
        title=f"run {run_id}",
        scores=scores,
        steps=pd.concat(steps, ignore_index=True).astype({"model": "category"}),
        reliability=pd.DataFrame(
            [(model, level, level, 10) for model in factors for level in levels],
            columns=["model", "level", "observed", "steps"],
        ).astype({"model": "category"}),
        pit=pd.DataFrame({"model": list(factors), "low": 0.0, "high": 1.0, "density": 1.0}).astype(
            {"model": "category"}
        ),
        seconds=pd.Series({model: (seconds or {}).get(model, 10.0) for model in factors}),
        skipped=0,
    )


def _rows(model: str, cutoff: pd.Timestamp, size: np.ndarray, off: np.ndarray) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "model": model, "cutoff": cutoff, "steps": float(STEPS), "actual": size,
            "absolute_actual": size, "error": off, "absolute_error": off, "median_error": off,
            "squared_error": off**2, "quantile_loss": off, "inside_coverage": 10.4,
            "inside_coverage_50": 6.5, "inside_coverage_95": 12.35,
        }
    )  # fmt: skip


def compared(*runs: Loaded) -> Compared:
    found = together(runs, freq="W", horizon=STEPS)
    assert found is not None
    return found


def said(*runs: Loaded, always: tuple[str, ...] = ()) -> str:
    return words.verdict(compared(*runs), in_every_window=always).replace("\u00a0", " ")


def test_when_one_run_is_looked_at_then_its_figures_are_those_of_the_library() -> None:
    tested = run({"lstm": 0.8, "arima": 1.0, "seasonal_naive": 1.2})
    found = compared(tested)
    assert found.board["key"].tolist() == ["lstm", "arima", "seasonal_naive"]
    reference = rate(tested.scores).set_index("model")
    for metric in ("WQL", "WAPE", "bias", "MASE", "RMSSE", "MAE", "RMSE", "coverage"):
        np.testing.assert_allclose(
            found.board[metric], reference.loc[found.board["key"], metric], err_msg=metric
        )
    board = found.board.set_index("key")
    assert board["vs_arima"]["lstm"] == pytest.approx(-0.2, abs=0.02)
    assert np.isnan(board["vs_arima"]["arima"])
    assert (found.series, found.cutoffs) == (60, (FIRST, SECOND))


def test_when_a_model_is_clearly_better_then_the_verdict_says_by_how_much_and_why() -> None:
    text = said(
        run({"lstm": 0.8, "arima": 1.0, "seasonal_naive": 1.25}),
        always=("arima", "seasonal_naive"),
    )
    assert text.startswith("**Use LSTM.** It is 20% better than ARIMA and 36% better than last")
    assert "in both windows." in text
    assert "The gap to ARIMA, the nearest, would hardly appear by chance (p = 0.00" in text


def test_when_the_next_best_is_no_reference_then_its_gap_is_named() -> None:
    text = said(run({"lstm": 0.8, "gbm": 0.9, "arima": 1.0}))
    assert "Boosting is 13% worse: a gap this large would hardly appear by chance" in text


def test_when_a_cheaper_model_is_as_good_then_it_is_the_one_to_use() -> None:
    text = said(
        run({"lstm": 0.8, "theta": 0.83, "arima": 1}, noise=0.15, seconds={"lstm": 90, "theta": 2})
    )
    assert text.startswith("**Use Theta.** It is 18% better than ARIMA.")
    assert "LSTM is 3% better, but a gap this small would often appear by chance" in text
    assert "Theta takes 2 s instead of 1 min 30 s." in text


def test_when_a_dearer_model_is_as_good_then_the_cheaper_one_is_kept() -> None:
    text = said(
        run(
            {"lstm": 0.8, "transformer": 0.84, "arima": 1.0},
            noise=0.15,
            seconds={"transformer": 30},
        )
    )
    assert text.startswith("**Use LSTM.**")
    assert "Transformer: no real difference (p = " in text
    assert "so keep the cheaper one." in text


def test_when_nothing_beats_last_year_then_last_year_is_the_one_to_use() -> None:
    text = said(run({"lstm": 1.3, "arima": 1.2, "seasonal_naive": 1.0}))
    assert text.startswith("**Use last year's weeks.** It is 17% better than ARIMA.")


def test_when_there_are_few_series_then_no_verdict_is_given_but_time_is_asked() -> None:
    text = said(run({"lstm": 0.6, "arima": 1.0}, series=("1:1",)))
    assert text.startswith("**LSTM was closest.**")
    assert "With 1 series nobody can say" in text
    assert "Week by week, the gap to ARIMA would hardly appear by chance (p < 0.001)." in text


def test_when_runs_overlap_then_only_what_they_share_is_compared_and_said() -> None:
    one = run({"lstm": 0.8, "seasonal_naive": 1.0}, cutoffs=(FIRST, SECOND))
    two = run(
        {"transformer": 0.7, "seasonal_naive": 1.0},
        run_id="b", cutoffs=(SECOND, THIRD), series=SERIES[:50],
    )  # fmt: skip
    found = compared(one, two)
    assert found.cutoffs == (SECOND,)
    assert (found.series, found.lost_cutoffs, found.lost_series) == (50, 2, 10)
    text = words.shared(found, 2)
    assert "50 series compared, in units." in text
    assert "2 windows and 10 series not shared by all 2 runs: left out." in text
    alone = one.scores[(one.scores["cutoff"] == SECOND)
                       & one.scores["series_id"].isin(SERIES[:50])]  # fmt: skip
    own = rate(alone).set_index("model")["WQL"]["lstm"]
    lstm = next(key for key, model in found.models.items() if model.name == "lstm")
    assert found.board.set_index("key")["WQL"][lstm] == pytest.approx(own)


def test_when_both_runs_tested_the_same_baseline_then_it_stands_once() -> None:
    found = compared(
        run({"lstm": 0.8, "seasonal_naive": 1.0}),
        run({"transformer": 0.7, "seasonal_naive": 1.0}, run_id="b"),
    )
    names = sorted(words.labels(found).values())
    assert names == ["LSTM", "Last year", "Transformer"]


def test_when_two_runs_have_another_lstm_each_then_both_stand_with_their_run() -> None:
    found = compared(
        run({"lstm": 0.8, "arima": 1.0}),
        run({"lstm": 0.7, "arima": 1.0}, run_id="b", noise=0.2),
    )
    names = list(words.labels(found).values())
    assert {"LSTM · run a", "LSTM · run b"} <= set(names)
    looks = compare_charts.looks(found.models, words.labels(found))
    assert len({(look.colour, look.dash) for look in looks.values()}) == len(looks)


def test_when_sales_were_changed_in_between_then_those_series_are_left_out() -> None:
    one, two = run({"lstm": 0.8}), run({"theta": 1.0}, run_id="b")
    places = two.scores["series_id"] == "3:1"
    two.scores.loc[places, "absolute_actual"] *= 2
    found = compared(one, two)
    assert (found.series, found.changed) == (59, 2)
    assert "sales were changed between the runs" in words.shared(found, 2)


def test_when_runs_share_nothing_then_there_is_no_comparison() -> None:
    one, two = run({"lstm": 1.0}, cutoffs=(FIRST,)), run({"theta": 1.0}, cutoffs=(THIRD,))
    assert together([one, two], freq="W", horizon=STEPS) is None


def test_when_losses_are_judged_in_time_then_the_best_has_no_rival_of_itself() -> None:
    tests = in_time_tests(compared(run({"lstm": 0.8, "arima": 1.0})))
    assert np.isnan(tests["statistic"][0])
    assert tests["statistic"][1] > 0
    assert tests["p_value"][1] < 0.05


def parts() -> pd.DataFrame:
    products = pd.DataFrame(
        {
            "name": [f"P{k}" for k in range(1, 30)],  # number 30 is gone
            "categories": [("Drinks", "Hot") if k % 3 else ("Home",) for k in range(1, 30)],
        },
        index=range(1, 30),
    )
    places = pd.DataFrame({"name": ["North", "South"]}, index=[1, 2])
    classes = pd.Series({k: "A" if k < 10 else "C" for k in range(1, 30)})
    return compare_parts.series_parts(
        pd.Index(sorted(SERIES)), split="product_place", products=products, places=places,
        depth=0, classes=classes,
    )  # fmt: skip


def test_when_series_are_named_then_products_places_and_classes_are() -> None:
    found = parts()
    assert found.loc["4:2", ["product", "place", "category", "segment", "name"]].tolist() == [
        "P4", "South", "Drinks", "A", "P4 · South"
    ]  # fmt: skip
    assert found.loc["30:1", "product"] == "Product 30"
    assert pd.isna(found.loc["30:1", "segment"])


@pytest.mark.parametrize("column", ["category", "place", "segment", "product"])
def test_when_errors_are_broken_down_then_each_part_is_as_if_it_stood_alone(column: str) -> None:
    tested = run({"lstm": 0.8, "arima": 1.0})
    table = compare_parts.by_part(compared(tested), parts(), column, "WAPE")
    labels = parts()[column]
    for part in table.parts["label"]:
        series = labels.index[labels == part]
        alone = rate(tested.scores[tested.scores["series_id"].isin(series)]).set_index("model")
        assert table.errors.loc[part, "lstm"] == pytest.approx(alone["WAPE"]["lstm"])
        assert table.parts.loc[part, "series"] == len(series)
    assert table.parts["sold"].sum() == pytest.approx(1.0)
    assert table.parts["sold"].is_monotonic_decreasing


def test_when_errors_cancel_then_they_are_smaller_further_up() -> None:
    tested = run({"lstm": 0.8, "arima": 1.0})
    signs = np.where(tested.scores["series_id"].astype(str).str.endswith(":1"), 1, -1)
    tested.scores["error"] *= signs
    levels = compare_parts.by_level(compared(tested), parts(), "week")
    finest = levels.loc["Every series, whole window", "lstm"]
    assert levels.loc["Every product, whole window", "lstm"] < 0.3 * finest
    assert levels.loc["Every place, whole window", "lstm"] == pytest.approx(finest)


def test_when_windows_overlap_then_the_nearest_forecast_counts_and_gaps_stay_open() -> None:
    cutoffs = pd.Series([FIRST] * 3 + [FIRST + pd.Timedelta(weeks=2)] * 2
                        + [FIRST + pd.Timedelta(weeks=5)])  # fmt: skip
    grid = compare_parts.in_time(
        cutoffs, pd.Series([1, 2, 3, 1, 2, 1]), pd.Series([1.0, 2, 3, 30, 40, 60]), "W"
    )
    np.testing.assert_array_equal(grid, [1, 2, 30, 40, np.nan, 60])


def test_when_models_are_ranked_by_kind_then_the_ladder_says_what_each_step_adds() -> None:
    found = compared(
        run({"seasonal_naive": 1.0, "theta": 0.9, "ets": 0.95, "lstm": 0.72, "ensemble": 0.73})
    )
    ladder = compare_parts.ladder(found)
    assert ladder["stage"].tolist() == ["Last year", "Statistical", "Machine", "Average"]
    assert ladder["key"].tolist()[1:3] == ["theta", "lstm"]
    assert ladder["against_before"][2] == pytest.approx(-0.2, abs=0.02)
    text = compare_check_words.ladder_words(ladder, words.labels(found))
    assert text.startswith("LSTM is 28% better than last year.")
    assert "Average added nothing to the step before." in text


def test_when_bands_hold_then_promised_and_observed_are_alike() -> None:
    found = compared(run({"lstm": 0.8, "arima": 1.0}))
    held = compare_charts.held(found.reliability, ["lstm"])
    assert held.index.tolist() == [0.8, 0.95]
    np.testing.assert_allclose(held["lstm"], held.index)


def test_when_the_table_is_shown_then_references_have_no_gap_to_themselves() -> None:
    table = words.table(compared(run({"lstm": 0.8, "arima": 1.0})), in_use="lstm")
    assert table[" "].tolist() == ["In use", "Reference"]
    assert table["Verdict"].tolist() == [["Best"], ["Worse"]]
    assert np.isnan(table["vs ARIMA"][1])
    assert table["vs last year"].isna().all()


def entry(run_id: str, *, horizon: int = 13) -> Entry:
    about = About(model="", scope={"dataset": 1}, scope_words="Coffee", horizon=horizon)
    return Entry(number=1, run_id=run_id, name=run_id, tags=(), is_champion=False, about=about,
                 metrics={})  # fmt: skip


@pytest.mark.usefixtures("empty_store")
def test_when_a_link_names_runs_that_do_not_fit_then_each_has_its_sentence() -> None:
    offered = [entry("one"), entry("two"), entry("far", horizon=4)]
    taken, left_out = compare_runs.sort_out(["one", "far", "gone", "two", "one"], offered)
    assert [each.run_id for each in taken] == ["one", "two"]
    assert "of something else: Coffee, 4 ahead." in left_out[0]
    assert "was deleted" in left_out[1]


def test_when_a_public_model_saw_the_data_in_training_then_its_row_is_marked() -> None:
    found = compared(run({"timesfm": 0.7, "chronos_bolt": 0.8, "seasonal_naive": 1.2}))
    library = {key: model.name for key, model in found.models.items()}
    saw = public_models.seen(library, "M5 sample")
    assert list(saw) == ["timesfm"]
    marks = words.table(found, None, saw).set_index("Model")[" "]
    assert marks["TimesFM"] == "Saw this data"
    assert marks["Chronos-Bolt"] == ""
    assert "no forecast of the unseen" in public_models.warning(saw)
    assert public_models.seen(library, "Demo shop") == {}
