"""Public models with weights that a user brings, run by the packages of their authors."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

import forecasting as fc
from forecasting.public.checkpoints import FOLDER
from tests.forecasting.public.conftest import BROUGHT

Checkpoint = Callable[[str], Path]


def fitted(kind: str, weights: Path, panel: fc.Panel, horizon: int = 7) -> fc.Forecaster:
    name = kind.partition(" ")[0]
    model = fc.create(name, horizon=horizon, weights=str(weights), context_length=64)
    return model.fit(panel)


@pytest.mark.parametrize("kind", BROUGHT)
def test_when_weights_are_brought_then_every_series_is_forecast_as_by_any_model(
    kind: str, checkpoint: Checkpoint, small: fc.Panel, panel: fc.Panel
) -> None:
    model = fitted(kind, checkpoint(kind), small)
    made = model.predict(small, known_future=fc.fill_future(small, 7))
    assert made.quantiles.shape == (4, 7, len(fc.DEFAULT_QUANTILE_LEVELS))
    assert np.isfinite(made.mean).all()
    assert (np.diff(made.quantiles, axis=-1) >= 0).all()
    assert (made.quantiles >= 0).all()
    assert not made.notes
    fallbacks = {note.series_id: note.reason for note in model.predict(panel).notes}
    assert "zero" in fallbacks["dead"]
    assert "1 observation" in fallbacks["single"]


@pytest.mark.parametrize("kind", BROUGHT)
def test_when_sales_are_scaled_then_the_forecast_scales_with_them(
    kind: str, checkpoint: Checkpoint, panel: fc.Panel
) -> None:
    some = panel.subset(["busy 0", "gappy", "negative"])
    model = fitted(kind, checkpoint(kind), some)
    expected = model.predict(some).mean
    for factor in (1e-6, 1e9):
        frame = some.to_frame()
        frame["target"] *= factor
        scaled = model.predict(fc.Panel.from_frame(frame, freq="D")).mean / factor
        scale = np.abs(expected).mean()
        np.testing.assert_allclose(scaled, expected, rtol=0.02, atol=0.02 * scale)


@pytest.mark.parametrize("kind", BROUGHT)
def test_when_values_after_the_cutoff_change_then_the_forecast_does_not(
    kind: str, checkpoint: Checkpoint, panel: fc.Panel
) -> None:
    some, cutoff = panel.subset(["busy 0", "gappy"]), panel.timestamps[-20]
    frame = some.to_frame()
    frame.loc[frame["timestamp"] > cutoff, "target"] = 1e6
    changed = fc.Panel.from_frame(frame, freq="D").until(cutoff)
    model = fitted(kind, checkpoint(kind), some)
    before, after = model.predict(some.until(cutoff)), model.predict(changed)
    np.testing.assert_array_equal(before.quantiles, after.quantiles)
    assert np.abs(before.mean - model.predict(some).mean).max() > 0


@pytest.mark.parametrize("kind", BROUGHT)
def test_when_saved_then_it_forecasts_the_same_and_minds_changed_or_missing_weights(
    kind: str, checkpoint: Checkpoint, small: fc.Panel, tmp_path: Path
) -> None:
    weights = checkpoint(kind)
    model, ahead = fitted(kind, weights, small), fc.fill_future(small, 7)
    model.save(tmp_path / "saved")
    loaded = fc.load(tmp_path / "saved")
    expected = model.predict(small, known_future=ahead).quantiles
    np.testing.assert_allclose(loaded.predict(small, known_future=ahead).quantiles, expected)
    file = weights / "model.safetensors"
    whole = file.read_bytes()
    file.write_bytes(whole[:-4] + b"\0\0\0\x3f")  # another last weight
    with pytest.raises(fc.ConfigError, match=r"have changed since .*saved was saved"):
        fc.load(tmp_path / "saved")
    weights.rename(tmp_path / "moved")
    with pytest.raises(fc.ConfigError, match=r"which are not there\. Copy them back"):
        fc.load(tmp_path / "saved")


@pytest.mark.parametrize("kind", ["chronos_2", "timesfm 3.0"])
def test_when_a_price_is_known_ahead_then_it_is_read(
    kind: str, checkpoint: Checkpoint, small: fc.Panel
) -> None:
    model, ahead = fitted(kind, checkpoint(kind), small), fc.fill_future(small, 7)
    low = model.predict(small, known_future=ahead.assign(price=1.0))
    high = model.predict(small, known_future=ahead.assign(price=9.0))
    assert np.abs(low.quantiles - high.quantiles).max() > 0
    with pytest.raises(fc.PanelError, match="fill_future"):
        model.predict(small, known_future=ahead.iloc[:-3])


@pytest.mark.parametrize("kind", BROUGHT)
def test_when_the_context_is_one_step_then_it_is_read_all_the_same(
    kind: str, checkpoint: Checkpoint, small: fc.Panel
) -> None:
    model = fc.create(
        kind.partition(" ")[0], horizon=3, weights=str(checkpoint(kind)), context_length=1
    )
    made = model.fit(small).predict(small, known_future=fc.fill_future(small, 3))
    assert np.isfinite(made.quantiles).all()


@pytest.mark.parametrize("kind", BROUGHT)
def test_when_the_horizon_is_above_one_pass_then_it_is_rolled_out_and_said(
    kind: str, checkpoint: Checkpoint, small: fc.Panel
) -> None:
    horizon = {"timesfm 2.5": 300, "timesfm 3.0": 1030}.get(kind, 40)
    model = fitted(kind, checkpoint(kind), small.subset(["busy", "late"]), horizon)
    ahead = fc.fill_future(small, horizon)
    made = model.predict(small.subset(["busy", "late"]), known_future=ahead)
    assert made.mean.shape == (2, horizon)
    assert np.isfinite(made.quantiles).all()
    assert {note.used for note in made.notes} == {"rolled out"}
    assert f"horizon={horizon} is more than" in made.notes[0].reason


def test_when_a_folder_of_models_is_set_then_weights_need_no_name(
    checkpoint: Checkpoint, small: fc.Panel, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = checkpoint("chronos_bolt")
    monkeypatch.setenv(FOLDER, str(folder.parent))
    model = fc.create("chronos_bolt", horizon=3).fit(small)
    assert model.lineage["weights"] == str(folder)  # type: ignore[attr-defined]
    with pytest.raises(fc.ConfigError, match="has no weights"):
        fc.create("chronos_2", horizon=3).fit(small)


def test_when_weights_lack_a_layer_then_the_error_names_folder_and_remedy(
    checkpoint: Checkpoint, small: fc.Panel
) -> None:
    from safetensors.torch import load_file, save_file

    folder = checkpoint("timesfm 2.5")
    tensors = load_file(folder / "model.safetensors")
    tensors.pop("stacked_xf.0.ff0.weight")
    save_file(tensors, folder / "model.safetensors")
    with pytest.raises(fc.ConfigError, match=r"cannot be read as TimesFM.*Copy the whole folder"):
        fitted("timesfm", folder, small)


def test_when_there_is_no_memory_for_the_weights_then_a_smaller_model_is_advised(
    checkpoint: Checkpoint, small: fc.Panel, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = checkpoint("chronos_bolt")
    import chronos

    def full(*_: object, **__: object) -> None:
        raise RuntimeError("[enforce fail] DefaultCPUAllocator: not enough memory: you tried ...")

    monkeypatch.setattr(chronos.ChronosBoltPipeline, "from_pretrained", full)
    with pytest.raises(fc.ConfigError, match=r"not enough memory.*Take a smaller model"):
        fitted("chronos_bolt", folder, small)


def test_when_backtested_then_it_stands_on_the_leaderboard_beside_others(
    checkpoint: Checkpoint, small: fc.Panel
) -> None:
    options = {"chronos_2": {"weights": str(checkpoint("chronos_2")), "context_length": 64}}
    result = fc.backtest(
        small, ["seasonal_naive", "chronos_2"], horizon=7, num_windows=1, options=options
    )
    board = result.leaderboard().set_index("model")
    assert set(board.index) == {"seasonal_naive", "chronos_2"}
    assert np.isfinite(board["WQL"]).all()
