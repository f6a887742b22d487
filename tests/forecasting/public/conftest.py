"""Tiny checkpoints with random weights, as the packages of the public models write them.

Where a package is absent, what needs it is skipped by name: almanac's own requirements hold none.
"""

import dataclasses
import shutil
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch

import forecasting as fc

BROUGHT = ("chronos_bolt", "chronos_2", "timesfm 2.5", "timesfm 3.0")
LEVELS = [round(0.1 * k, 1) for k in range(1, 10)]


def need(package: str) -> None:
    if find_spec(package) is None:
        pytest.skip(f"{package} is not installed: pip install -r requirements-adapters.txt")


def _chronos_config(**more: Any) -> dict[str, Any]:
    return {"context_length": 64, "input_patch_size": 8, "input_patch_stride": 8,
            "quantiles": LEVELS, "use_reg_token": True, **more}  # fmt: skip


def _write_bolt(folder: Path) -> None:
    need("chronos")
    from chronos.chronos_bolt import ChronosBoltModelForForecasting
    from transformers import T5Config

    config = T5Config(
        d_model=16, d_kv=8, d_ff=16, num_layers=1, num_heads=2, vocab_size=2, pad_token_id=0,
        feed_forward_proj="relu", architectures=["ChronosBoltModelForForecasting"],
        decoder_start_token_id=0, initializer_factor=0.05,
    )  # fmt: skip
    config.chronos_config = _chronos_config(prediction_length=16)
    config.chronos_pipeline_class = "ChronosBoltPipeline"
    ChronosBoltModelForForecasting(config).save_pretrained(folder)


def _write_chronos_2(folder: Path) -> None:
    need("chronos")
    from chronos.chronos2 import Chronos2CoreConfig, Chronos2Model

    config = Chronos2CoreConfig(
        d_model=16,
        d_kv=8,
        d_ff=16,
        num_layers=1,
        num_heads=2,
        architectures=["Chronos2Model"],
        chronos_config=_chronos_config(output_patch_size=8, max_output_patches=2),
        chronos_pipeline_class="Chronos2Pipeline",
    )
    Chronos2Model(config).save_pretrained(folder)


def _write_timesfm_25(folder: Path) -> None:
    need("timesfm")
    from timesfm.timesfm_2p5.timesfm_2p5_torch import TimesFM_2p5_200M_torch

    TimesFM_2p5_200M_torch(torch_compile=False).save_pretrained(folder)


def _write_timesfm_3(folder: Path) -> None:
    need("timesfm")
    from timesfm3.torch import (
        ResidualBlockConfig,
        StackedTransformersConfig,
        TimesFM3Torch,
        TransformerConfig,
    )

    layer = TransformerConfig(
        model_dims=32, hidden_dims=32, num_heads=2, attention_norm="rms", feedforward_norm="rms",
        qk_norm="rms", use_rope_seq=True, use_rope_var=False, use_bias=False,
        ff_activation="relu", deterministic=True,
    )  # fmt: skip
    block = ResidualBlockConfig(hidden_dims=32, output_dims=32, use_bias=False, activation="relu")
    TimesFM3Torch(
        input_patch_len=8,
        output_patch_len=16,
        residual_block_config=block,
        transformer_config=StackedTransformersConfig(num_layers=1, transformer=layer),
    ).save_pretrained(folder)


WRITERS: dict[str, Callable[[Path], None]] = {
    "chronos_bolt": _write_bolt,
    "chronos_2": _write_chronos_2,
    "timesfm 2.5": _write_timesfm_25,
    "timesfm 3.0": _write_timesfm_3,
}


@pytest.fixture(autouse=True)
def _small_timesfm(monkeypatch: pytest.MonkeyPatch) -> None:
    """TimesFM 2.5 has one size, 200 million weights: here it is made small before it is built."""
    if find_spec("timesfm") is None:
        return
    from timesfm.timesfm_2p5 import timesfm_2p5_base, timesfm_2p5_torch

    large = timesfm_2p5_base.TimesFM_2p5_200M_Definition()
    width = {"hidden_dims": 32, "output_dims": 32}
    layer = dataclasses.replace(
        large.stacked_transformers.transformer, model_dims=32, hidden_dims=32, num_heads=2
    )
    small = dataclasses.replace(
        large,
        output_quantile_len=256,
        tokenizer=dataclasses.replace(large.tokenizer, **width),
        stacked_transformers=dataclasses.replace(
            large.stacked_transformers, num_layers=1, transformer=layer
        ),
        output_projection_point=dataclasses.replace(
            large.output_projection_point, input_dims=32, hidden_dims=32, output_dims=1280
        ),
        output_projection_quantiles=dataclasses.replace(
            large.output_projection_quantiles, input_dims=32, hidden_dims=32, output_dims=2560
        ),
    )
    monkeypatch.setattr(timesfm_2p5_torch.TimesFM_2p5_200M_torch_module, "config", small)


@pytest.fixture(scope="session")
def written(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Checkpoints that were written, by kind; filled as they are asked for."""
    return {"": tmp_path_factory.mktemp("checkpoints")}


@pytest.fixture
def checkpoint(written: dict[str, Path], tmp_path: Path) -> Callable[[str], Path]:
    """A function that gives a folder with weights of a kind, the test's own."""

    def of(kind: str) -> Path:
        if kind not in written:
            folder = written[""] / kind.replace(" ", "-")
            with torch.random.fork_rng():
                torch.manual_seed(0)
                WRITERS[kind](folder)
            (folder / "README.md").write_text("---\nlicense: apache-2.0\n---\n# Tiny\n")
            written[kind] = folder
        own = tmp_path / written[kind].name
        shutil.copytree(written[kind], own)
        return own

    return of


@pytest.fixture
def small() -> fc.Panel:
    """Four series of a weekly season, one with gaps, one of small counts, and a price."""
    rng = np.random.default_rng(0)
    days = 100
    week = 1 + 0.4 * np.sin(2 * np.pi * np.arange(days) / 7)
    rows = {
        "busy": rng.poisson(50 * week).astype(float),
        "gappy": np.where(rng.random(days) < 0.2, np.nan, rng.poisson(20 * week)),
        "late": np.where(np.arange(days) < 60, np.nan, rng.poisson(9 * week)),
        "slow": rng.poisson(0.5, days).astype(float),
    }
    stamps = pd.date_range("2024-01-01", periods=days, name="timestamp")
    wide = pd.DataFrame(rows, index=stamps).rename_axis(columns="series_id")
    frame = wide.stack(future_stack=True).rename("target").reset_index()
    frame["price"] = 2.0 + (frame["timestamp"].dt.day < 8)
    return fc.Panel.from_frame(frame, freq="D", known_covariates=["price"])
