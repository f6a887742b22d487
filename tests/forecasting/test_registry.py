"""Creating and loading models by name: mistakes are named."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

import forecasting as fc


def test_when_the_model_is_unknown_then_the_likely_one_is_named() -> None:
    with pytest.raises(fc.ConfigError, match=r"'thetta' is unknown\. Did you mean 'theta'"):
        fc.create("thetta", horizon=2)


def test_when_an_option_is_unknown_then_it_is_named_with_those_there_are() -> None:
    with pytest.raises(fc.ConfigError, match=r"no option 'alpha'\. Its options: horizon, "):
        fc.create("theta", horizon=2, alpha=0.1)


@pytest.mark.parametrize(
    ("option", "value"),
    [("horizon", 0), ("horizon", 1.5), ("seasonality", -1), ("n_jobs", 0), ("max_history", 0)],
)
def test_when_a_count_is_not_positive_then_it_is_refused(option: str, value: float) -> None:
    options = {"horizon": 2} | {option: value}
    with pytest.raises(fc.ConfigError, match=f"{option}={value}"):
        fc.create("theta", **options)


@pytest.mark.parametrize("levels", [(), (0.9, 0.1), (0.0, 0.5), (0.5, 0.5)])
def test_when_quantile_levels_are_not_ascending_probabilities_then_they_are_refused(
    levels: tuple[float, ...],
) -> None:
    with pytest.raises(fc.ConfigError, match="quantile_levels"):
        fc.create("naive", horizon=2, quantile_levels=levels)


def test_when_a_folder_holds_no_model_then_load_says_so(tmp_path: Path) -> None:
    with pytest.raises(fc.ConfigError, match=r"config\.json is missing"):
        fc.load(tmp_path)


@pytest.mark.parametrize("text", ["{", "[]", '{"format": 1}', "\x00"])
def test_when_the_config_is_damaged_then_load_says_so(tmp_path: Path, text: str) -> None:
    (tmp_path / "config.json").write_text(text, encoding="utf-8")
    with pytest.raises(fc.ConfigError, match=r"damaged|not written by"):
        fc.load(tmp_path)


def test_when_the_config_is_of_a_later_format_then_load_says_so(
    tmp_path: Path, panel: fc.Panel
) -> None:
    fc.create("naive", horizon=2).fit(panel).save(tmp_path)
    content = json.loads((tmp_path / "config.json").read_text())
    (tmp_path / "config.json").write_text(json.dumps(content | {"format": 99}))
    with pytest.raises(fc.ConfigError, match="format 99"):
        fc.load(tmp_path)


def test_when_the_library_is_imported_then_heavy_libraries_are_not() -> None:
    code = (
        "import sys, forecasting; "
        "print([m for m in ('torch', 'statsforecast', 'scipy', 'statsmodels', 'streamlit', "
        "'duckdb', 'plotly') if m in sys.modules])"
    )
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert out.stdout.strip() == "[]"
