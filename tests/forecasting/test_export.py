"""ONNX files: the same forecasts without torch's network, in any number of windows."""

import importlib.util
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import forecasting as fc
from forecasting import OnnxForecaster, export_onnx
from forecasting.cli import main
from forecasting.export import OnnxReport

HORIZON = 5
TINY: dict[str, Any] = {"width": 8, "max_steps": 5, "batch_size": 16}
EXPORTED = ("lstm", "transformer")

pytestmark = pytest.mark.skipif(
    importlib.util.find_spec("onnx") is None or importlib.util.find_spec("onnxruntime") is None,
    reason="requirements-export.txt is not installed",
)


def shop(series: int = 5, days: int = 80) -> fc.Panel:
    """Products with a price known ahead, a category and a size."""
    rng, stamps = np.random.default_rng(series), pd.date_range("2024-01-01", periods=days)
    frames = [
        pd.DataFrame(
            {
                "series_id": f"p{i}",
                "timestamp": stamps,
                "target": rng.poisson(8.0 * (i + 1), days).astype(float),
                "price": 1.0 + rng.random(days),
                "category": "ab"[i % 2],
                "size": float(i),
            }
        )
        for i in range(series)
    ]
    return fc.Panel.from_frame(
        pd.concat(frames, ignore_index=True),
        freq="D",
        known_covariates=["price"],
        static_features=["category", "size"],
    )


@pytest.fixture(scope="module")
def products() -> fc.Panel:
    return shop()


@pytest.fixture(scope="module")
def exported(
    products: fc.Panel, tmp_path_factory: pytest.TempPathFactory
) -> dict[str, tuple[fc.Forecaster, OnnxReport]]:
    """Two networks, fitted and exported; the LSTM has a vector per series."""
    folder, found = tmp_path_factory.mktemp("onnx"), {}
    for name in EXPORTED:
        model = fc.create(name, horizon=HORIZON, series_embedding=name == "lstm", **TINY)
        model.fit(products)
        found[name] = (model, export_onnx(model, folder / f"{name}.onnx"))
    return found


@pytest.mark.parametrize("name", EXPORTED)
def test_when_exported_then_onnxruntime_forecasts_the_same(
    exported: dict[str, tuple[fc.Forecaster, OnnxReport]], name: str
) -> None:
    model, report = exported[name]
    assert report.difference < 1e-4
    assert report.size == report.file.stat().st_size
    forecaster = OnnxForecaster.load(report.file)
    for series in (5, 1, 9):  # as many windows as none was exported with, and unseen series
        panel = shop(series)
        future = fc.fill_future(panel, HORIZON)
        ours = model.predict(panel, known_future=future)
        theirs = forecaster.predict(panel, known_future=future)
        np.testing.assert_allclose(theirs.mean, ours.mean, rtol=1e-4)
        # where a quantile lies between two whole numbers either may come out
        assert np.abs(theirs.quantiles - ours.quantiles).max() <= 1
        assert (theirs.quantiles == ours.quantiles).mean() > 0.99
        assert list(theirs.to_frame().columns) == list(ours.to_frame().columns)


def test_when_the_panel_lacks_a_column_then_it_is_named_as_by_the_model(
    exported: dict[str, tuple[fc.Forecaster, OnnxReport]],
) -> None:
    bare = fc.Panel.from_frame(shop().to_frame(), freq="D")
    with pytest.raises(fc.PanelError, match="price"):
        OnnxForecaster.load(exported["lstm"][1].file).predict(bare)


def test_when_the_file_is_foreign_or_damaged_then_it_is_refused(
    exported: dict[str, tuple[fc.Forecaster, OnnxReport]], tmp_path: Path
) -> None:
    import onnx

    whole = exported["lstm"][1].file
    with pytest.raises(fc.ConfigError, match="does not exist"):
        OnnxForecaster.load(tmp_path / "gone.onnx")
    cut = tmp_path / "cut.onnx"
    cut.write_bytes(whole.read_bytes()[:2000])
    with pytest.raises(fc.ConfigError, match="damaged or no ONNX file"):
        OnnxForecaster.load(cut)
    for text, words in [(None, "not written by export_onnx"), ("{}", "metadata .* are damaged")]:
        foreign = onnx.load(whole)
        del foreign.metadata_props[:]
        if text is not None:
            onnx.helper.set_model_props(foreign, {"almanac": text})
        onnx.save(foreign, tmp_path / "foreign.onnx")
        with pytest.raises(fc.ConfigError, match=words):
            OnnxForecaster.load(tmp_path / "foreign.onnx")


def test_when_it_cannot_be_exported_then_it_says_why(
    products: fc.Panel, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(fc.ConfigError, match="'naive' has no network"):
        export_onnx(fc.create("naive", horizon=2).fit(products), tmp_path / "x.onnx")
    model = fc.create("lstm", horizon=2, **TINY)
    with pytest.raises(fc.NotFittedError):
        export_onnx(model, tmp_path / "x.onnx")
    with pytest.raises(fc.ConfigError, match=r"must end in \.onnx"):
        export_onnx(model, tmp_path / "x.bin")
    model.fit(products)
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(fc.ConfigError, match=r"requirements-export\.txt"):
        export_onnx(model, tmp_path / "x.onnx")
    assert not list(tmp_path.iterdir())


def test_when_exported_on_the_command_line_with_whole_numbers_then_the_forecast_is_near(
    products: fc.Panel, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    model = fc.create("gru", horizon=HORIZON, **TINY).fit(products)
    model.save(tmp_path / "model")
    file = tmp_path / "gru.onnx"
    assert main(["export", str(tmp_path / "model"), "--onnx", str(file), "--int8"]) == 0
    assert "largest difference from the model" in capsys.readouterr().out
    future = fc.fill_future(products, HORIZON)
    ours = model.predict(products, known_future=future).mean
    theirs = OnnxForecaster.load(file).predict(products, known_future=future).mean
    assert not np.array_equal(theirs, ours)
    np.testing.assert_allclose(theirs, ours, rtol=0.1)
