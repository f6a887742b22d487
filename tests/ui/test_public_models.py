"""Public models that the operator brought: offered where they can be used, explained where not."""

import json
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import save_file

from forecasting.public import families
from forecasting.public.checkpoints import FOLDER
from ui import public_models


@pytest.fixture
def brought(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with a free Chronos-Bolt, a second one, and a TimesFM 3.0."""
    for name, tensor, config in (
        ("bolt-a", "w", {"architectures": ["ChronosBoltModelForForecasting"]}),
        ("bolt-b", "w", {"architectures": ["ChronosBoltModelForForecasting"]}),
        ("three", "pre_transformer_resblock.hidden_layer.weight", {}),
    ):
        (tmp_path / name).mkdir()
        save_file({tensor: np.zeros(2, dtype=np.float32)}, tmp_path / name / "model.safetensors")
        (tmp_path / name / "config.json").write_text(json.dumps(config))
    monkeypatch.setenv(FOLDER, str(tmp_path))
    return tmp_path


def test_when_no_folder_is_set_then_nothing_is_offered_nor_said(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delenv(FOLDER, raising=False)
    assert public_models.offered() == ()
    assert public_models.in_words() == ""
    assert public_models.options("chronos_bolt") == {}


def test_when_the_package_is_missing_then_the_way_to_install_it_is_said(
    brought: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(families, "find_spec", lambda name: None)
    assert public_models.offered() == ()
    assert "pip install -r requirements-adapters.txt" in public_models.in_words()


def test_when_package_and_weights_are_there_then_they_are_offered_with_their_folder(
    brought: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(families, "find_spec", lambda name: object())
    assert public_models.offered() == ("chronos_bolt",)
    assert public_models.options("chronos_bolt") == {"weights": str(brought / "bolt-a")}
    assert public_models.options("gbm") == {}
    said = public_models.in_words().replace("\\", "")  # as it shows
    assert "not trained on your data: Chronos-Bolt (bolt-a)." in said
    assert "TimesFM 3.0 (three) is not offered: its licence" in said
    assert "bolt-b) is not offered: ALMANAC_PUBLIC_MODELS holds another" in said
