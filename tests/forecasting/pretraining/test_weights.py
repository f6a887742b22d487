"""The shipped weights: small, checked when they are read, and clear about what is wrong."""

import json
import shutil
from pathlib import Path

import pytest
import torch

import forecasting as fc
from forecasting.pretraining.sizes import LEVELS
from forecasting.pretraining.weights import CARD, SHIPPED, WEIGHTS, read_card, shipped


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A copy of what is shipped."""
    return Path(shutil.copytree(SHIPPED, tmp_path / "weights"))


def test_when_weights_are_shipped_then_they_are_small_half_precision_and_of_no_real_series() -> (
    None
):
    from safetensors.torch import load_file

    stored = load_file(SHIPPED / WEIGHTS)
    assert (SHIPPED / WEIGHTS).stat().st_size <= 20e6
    assert {each.dtype for each in stored.values()} == {torch.float16}
    card = read_card(SHIPPED)
    assert card.real_series == 0
    assert card.parameters == sum(each.numel() for each in stored.values())
    assert 0.05 in LEVELS
    assert 0.95 in LEVELS


def test_when_weights_are_missing_then_the_file_and_the_remedy_are_named(folder: Path) -> None:
    (folder / WEIGHTS).unlink()
    with pytest.raises(fc.ConfigError, match=r"weights\.safetensors cannot be read.*Install"):
        shipped(folder)
    shutil.rmtree(folder)
    with pytest.raises(fc.ConfigError, match=r"weights are missing.*Install"):
        shipped(folder)


def test_when_weights_are_truncated_or_changed_then_the_checksum_tells(folder: Path) -> None:
    content = (folder / WEIGHTS).read_bytes()
    (folder / WEIGHTS).write_bytes(content[:-100])
    with pytest.raises(fc.ConfigError, match="truncated or damaged"):
        shipped(folder)
    (folder / WEIGHTS).write_bytes(content[:-1] + bytes([content[-1] ^ 1]))
    with pytest.raises(fc.ConfigError, match="truncated or damaged"):
        shipped(folder)


def test_when_weights_are_of_another_version_then_both_versions_are_named(folder: Path) -> None:
    card = json.loads((folder / CARD).read_text())
    (folder / CARD).write_text(json.dumps(card | {"reads": 99}))
    with pytest.raises(fc.ConfigError, match="version 99; this version of Almanac reads"):
        shipped(folder)


@pytest.mark.parametrize("text", ["{", "[]", '{"reads": 1}'])
def test_when_the_card_is_damaged_then_that_is_said(folder: Path, text: str) -> None:
    (folder / CARD).write_text(text)
    with pytest.raises(fc.ConfigError, match="damaged"):
        read_card(folder)


def test_when_the_size_does_not_fit_the_weights_then_that_is_said(folder: Path) -> None:
    card = json.loads((folder / CARD).read_text())
    (folder / CARD).write_text(json.dumps(card | {"size": "tiny"}))
    with pytest.raises(fc.ConfigError, match="does not fit size 'tiny'"):
        shipped(folder)
