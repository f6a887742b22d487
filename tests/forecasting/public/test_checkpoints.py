"""Weights that a user brings: what they are, whether they may be used, and clear words if not."""

import json
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import save_file

import forecasting as fc
from forecasting.public import checkpoints, families
from forecasting.public.checkpoints import checkpoint_of, configured, read
from forecasting.public.families import FAMILIES
from forecasting.public.licences import licence_of
from forecasting.public.seen import seen_in_training

BOLT = FAMILIES["chronos_bolt"]
TIMESFM = FAMILIES["timesfm"]


def write(folder: Path, *, tensor: str = "w", config: object = None, card: str = "") -> Path:
    """A folder that looks like weights from outside; needs no package."""
    folder.mkdir(parents=True, exist_ok=True)
    save_file({tensor: np.zeros(2, dtype=np.float32)}, folder / "model.safetensors")
    if config is not None:
        (folder / "config.json").write_text(json.dumps(config))
    if card:
        (folder / "README.md").write_text(card)
    return folder


def bolt(folder: Path, card: str = "") -> Path:
    return write(folder, config={"architectures": ["ChronosBoltModelForForecasting"]}, card=card)


def test_when_weights_are_known_then_their_family_and_version_are_told(tmp_path: Path) -> None:
    assert read(bolt(tmp_path / "a")).family == BOLT
    two = write(tmp_path / "b", config={"architectures": ["Chronos2Model"]})
    assert read(two).family.model == "chronos_2"
    old = read(write(tmp_path / "c", tensor="stacked_xf.0.ff0.weight"))
    assert (old.family, old.version) == (TIMESFM, "2.5")
    new = read(write(tmp_path / "d", tensor="pre_transformer_resblock.hidden_layer.weight"))
    assert (new.family, new.version) == (TIMESFM, "3.0")
    assert new.name == "TimesFM 3.0 (d)"


def test_when_weights_are_of_no_known_model_then_those_known_are_named(tmp_path: Path) -> None:
    folder = write(tmp_path / "x", config={"architectures": ["MoiraiModule"]})
    with pytest.raises(fc.ConfigError, match=r"MoiraiModule.*Chronos-Bolt, Chronos-2, TimesFM are"):
        read(folder)


def test_when_weights_are_of_another_model_then_the_right_name_is_told(tmp_path: Path) -> None:
    folder = bolt(tmp_path / "x")
    with pytest.raises(fc.ConfigError, match="Use the model 'chronos_bolt'"):
        checkpoint_of(TIMESFM, str(folder), non_commercial=False)


@pytest.mark.parametrize("kept", [0, 20, 60])
def test_when_weights_are_truncated_then_the_file_is_named(tmp_path: Path, kept: int) -> None:
    folder = bolt(tmp_path / "x")
    file = folder / "model.safetensors"
    file.write_bytes(file.read_bytes()[:kept])
    with pytest.raises(fc.ConfigError, match="truncated or damaged"):
        read(folder)


def test_when_the_config_is_damaged_then_it_is_named(tmp_path: Path) -> None:
    folder = bolt(tmp_path / "x")
    (folder / "config.json").write_text('{"architectures": ["Chr')
    with pytest.raises(fc.ConfigError, match=r"config\.json is damaged"):
        read(folder)


def test_when_weights_are_pickled_then_they_are_refused(tmp_path: Path) -> None:
    (tmp_path / "pytorch_model.bin").write_bytes(b"")
    with pytest.raises(fc.ConfigError, match="can run programs"):
        read(tmp_path)


def test_when_the_folder_is_missing_then_the_hub_is_not_asked(tmp_path: Path) -> None:
    with pytest.raises(fc.ConfigError, match="neither a folder of this machine nor a name"):
        checkpoint_of(BOLT, str(tmp_path / "none"), non_commercial=False)


def test_when_no_weights_are_given_then_the_ways_to_give_them_are_told(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delenv(checkpoints.FOLDER, raising=False)
    with pytest.raises(fc.ConfigError, match=r"weights=.*ALMANAC_PUBLIC_MODELS"):
        checkpoint_of(BOLT, None, non_commercial=False)


def test_when_the_licence_forbids_commercial_use_then_it_must_be_said_not_to_be(
    tmp_path: Path,
) -> None:
    folder = bolt(tmp_path / "x", card="---\nlicense: cc-by-nc-4.0\n---\n")
    with pytest.raises(fc.ConfigError, match=r"not be used commercially.*cc-by-nc-4.0"):
        checkpoint_of(BOLT, str(folder), non_commercial=False)
    assert checkpoint_of(BOLT, str(folder), non_commercial=True).licence == "cc-by-nc-4.0"


def test_when_timesfm_3_names_no_licence_then_it_is_taken_for_the_published_one(
    tmp_path: Path,
) -> None:
    tensor = "pre_transformer_resblock.hidden_layer.weight"
    folder = write(tmp_path / "x", tensor=tensor)
    with pytest.raises(fc.ConfigError, match="timesfm-non-commercial-license"):
        checkpoint_of(TIMESFM, str(folder), non_commercial=False)
    named = write(tmp_path / "y", tensor=tensor, card="---\nlicense: apache-2.0\n---\n")
    assert checkpoint_of(TIMESFM, str(named), non_commercial=False).licence == "apache-2.0"


def test_when_a_name_on_the_hub_is_not_free_then_it_is_refused_before_it_is_fetched() -> None:
    with pytest.raises(fc.ConfigError, match="may not be used commercially"):
        checkpoint_of(TIMESFM, "google/timesfm-3.0-pytorch", non_commercial=False)


def test_when_only_a_licence_text_lies_there_then_it_is_read(tmp_path: Path) -> None:
    (tmp_path / "LICENSE").write_text("ACME Model Licence\n\nFor non-commercial use only.\n")
    assert licence_of(tmp_path) == "ACME Model Licence (non-commercial)"
    (tmp_path / "LICENSE").write_text("  Apache License\n Version 2.0\n... commercial ...")
    assert licence_of(tmp_path) == "Apache License"
    (tmp_path / "LICENSE").unlink()
    assert licence_of(tmp_path) == ""


def test_when_the_package_is_missing_then_the_model_says_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, panel: fc.Panel
) -> None:
    monkeypatch.setattr(families, "find_spec", lambda name: None)
    model = fc.create("chronos_bolt", horizon=3, weights=str(bolt(tmp_path / "x")))
    with pytest.raises(fc.ConfigError, match=r"chronos-forecasting.*requirements-adapters\.txt"):
        model.fit(panel)
    with pytest.raises(fc.ConfigError, match="not installed"):
        fc.create("timesfm", horizon=3, weights="google/timesfm-2.5-200m-pytorch").fit(panel)


def test_when_the_package_is_broken_then_that_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(families, "find_spec", lambda name: object())
    with pytest.raises(fc.ConfigError, match="installed, but cannot be loaded"):
        families.package_of(BOLT, "no_such_module_of_theirs")


def test_when_the_machine_is_offline_then_the_way_around_is_told(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    hub = pytest.importorskip("huggingface_hub", reason="no adapters: requirements-adapters.txt")
    monkeypatch.setattr(hub.constants, "HF_HUB_OFFLINE", True)
    monkeypatch.setattr(hub.constants, "HF_HUB_CACHE", str(tmp_path))
    with pytest.raises(fc.ConfigError, match=r"out of reach.*hf download.*--local-dir"):
        checkpoint_of(BOLT, "amazon/chronos-bolt-tiny", non_commercial=False)


def test_when_a_folder_of_models_is_set_then_all_that_can_be_read_are_found(tmp_path: Path) -> None:
    bolt(tmp_path / "b")
    write(tmp_path / "a", tensor="stacked_xf.0.ff0.weight")
    (tmp_path / "notes").mkdir()
    environ = {checkpoints.FOLDER: str(tmp_path)}
    assert [each.name for each in configured(environ)] == ["TimesFM 2.5 (a)", "Chronos-Bolt (b)"]
    assert configured({}) == configured({checkpoints.FOLDER: str(tmp_path / "none")}) == []


def test_when_the_options_cannot_work_then_they_are_named() -> None:
    with pytest.raises(fc.ConfigError, match="context_length=0"):
        fc.create("chronos_2", horizon=3, context_length=0)


def test_when_a_model_learned_from_a_data_set_then_it_is_known() -> None:
    assert "GIFT" in seen_in_training("timesfm", "m5")
    assert "Chronos" in seen_in_training("chronos_bolt", "M4 weekly")
    assert seen_in_training("chronos_bolt", "m5") == ""
    assert seen_in_training("timesfm", "room5") == ""
    assert seen_in_training("gbm", "m5") == ""
