"""Weights in fewer bytes: near the full ones, loaded again as ever, and refused when changed."""

import json
import pickle
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.torch import load_file

import forecasting as fc
from forecasting.cli import main
from forecasting.compression import compared, compress
from forecasting.packing import STORAGES, Storage, packed, storage_of, unpacked

HORIZON = 7
SOME = ["busy 0", "busy 1", "busy 2", "slow 1"]


@pytest.fixture(scope="module")
def some(panel: fc.Panel) -> fc.Panel:
    return panel.subset(SOME)


@pytest.fixture(scope="module")
def model(some: fc.Panel) -> fc.Forecaster:
    options: dict[str, Any] = {"width": 32, "max_steps": 20, "batch_size": 16}
    return fc.create("transformer", horizon=HORIZON, **options).fit(some)


@pytest.mark.parametrize(
    ("storage", "error"), [("fp32", 0.0), ("fp16", 1e-3), ("bf16", 1e-2), ("int8", 1e-2)]
)
def test_when_packed_then_weights_come_back_nearly(storage: Storage, error: float) -> None:
    torch.manual_seed(0)
    weights = {"matrix": torch.randn(6, 9), "bias": torch.randn(6), "count": torch.arange(3)}
    weights["matrix"][2] = 0.0
    back = unpacked(packed(weights, storage))
    assert back.keys() == weights.keys()
    assert torch.equal(back["count"], weights["count"])
    for name in ("matrix", "bias"):
        assert back[name].dtype == torch.float32
        limit = error * float(weights[name].abs().max())
        assert float((back[name] - weights[name]).abs().max()) <= limit
    assert not back["matrix"][2].any()


@pytest.mark.parametrize("storage", STORAGES)
def test_when_a_variant_is_saved_then_it_loads_to_the_same_forecast(
    model: fc.Forecaster, some: fc.Panel, tmp_path: Path, storage: Storage
) -> None:
    variant = compress(model, storage)
    variant.save(tmp_path / "a")
    loaded = fc.load(tmp_path / "a")
    ours, theirs = variant.predict(some), loaded.predict(some)
    np.testing.assert_array_equal(theirs.quantiles, ours.quantiles)
    np.testing.assert_array_equal(theirs.mean, ours.mean)
    loaded.save(tmp_path / "b")  # it stays as small as it was
    first, second = (load_file(tmp_path / each / "weights.safetensors") for each in "ab")
    assert {name: each.dtype for name, each in first.items()} == {
        name: each.dtype for name, each in second.items()
    }
    full = model.predict(some).mean
    np.testing.assert_allclose(ours.mean, full, rtol=0.05)


def test_when_compared_then_smaller_variants_are_smaller_and_nearly_as_good(
    model: fc.Forecaster, some: fc.Panel
) -> None:
    frame = compared(model, some).set_index("variant")
    assert list(frame.index) == list(STORAGES)
    assert frame["difference"].iloc[0] == 0
    assert frame["difference"].abs().max() < 0.05
    assert frame.loc["fp16", "bytes"] < 0.6 * frame.loc["fp32", "bytes"]
    assert frame.loc["int8", "bytes"] < 0.8 * frame.loc["fp16", "bytes"]


def test_when_a_variant_is_fitted_again_then_it_is_stored_in_full(
    model: fc.Forecaster, some: fc.Panel, tmp_path: Path
) -> None:
    compress(model, "int8").fit(some).save(tmp_path)
    kinds = {each.dtype for each in load_file(tmp_path / "weights.safetensors").values()}
    assert kinds == {torch.float32}


def test_when_compressed_on_the_command_line_then_a_table_is_printed_and_a_variant_saved(
    model: fc.Forecaster, some: fc.Panel, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    model.save(tmp_path / "model")
    some.to_frame().to_parquet(tmp_path / "sales.parquet")
    files = [str(tmp_path / each) for each in ("model", "sales.parquet", "small")]
    given = ["compress", *files[:2], "--freq", "D", "--storage", "fp16", "--out", files[2]]
    assert main(given) == 0
    rows = capsys.readouterr().out.splitlines()
    assert [row.split()[0] for row in rows] == ["variant", *STORAGES]
    assert fc.load(files[2]).predict(some).mean.shape == (4, HORIZON)


def test_when_it_cannot_be_compressed_then_it_says_why(
    model: fc.Forecaster, some: fc.Panel
) -> None:
    with pytest.raises(fc.ConfigError, match="'naive' has no network"):
        compress(fc.create("naive", horizon=2).fit(some), "int8")
    with pytest.raises(fc.ConfigError, match="storage='int4' is unknown"):
        compress(model, "int4")  # type: ignore[arg-type]
    with pytest.raises(fc.PanelError, match="needs more than 7"):
        compared(model, some.until(some.timestamps[HORIZON - 1]))


class Trap:
    """What runs when it is unpickled."""

    def __init__(self, mark: Path) -> None:
        self.mark = mark

    def __reduce__(self) -> tuple[Any, ...]:
        return Path.touch, (self.mark,)


@pytest.mark.parametrize("name", ["theta", "gbm", "lstm", "ensemble"])
def test_when_files_of_a_model_are_pickles_then_load_refuses_and_runs_nothing(
    some: fc.Panel, tmp_path: Path, name: str
) -> None:
    options: dict[str, dict[str, Any]] = {
        "gbm": {"num_rounds": 5, "max_rows": 300},
        "lstm": {"width": 8, "max_steps": 2, "batch_size": 8},
        "ensemble": {"members": ("naive", "seasonal_naive")},
    }
    fitted, mark = fc.create(name, horizon=2, **options.get(name, {})).fit(some), tmp_path / "mark"
    fitted.save(tmp_path / "model")
    for file in [each for each in (tmp_path / "model").rglob("*") if each.is_file()]:
        whole = file.read_bytes()
        for trap in (pickle.dumps(Trap(mark)), _torch_pickle(Trap(mark), tmp_path)):
            file.write_bytes(trap)
            with pytest.raises(fc.ConfigError):
                fc.load(tmp_path / "model")
        file.write_bytes(whole)
    assert not mark.exists()
    fc.load(tmp_path / "model")
    pickle.loads(pickle.dumps(Trap(mark)))
    assert mark.exists()  # the trap would have told


def _torch_pickle(content: object, folder: Path) -> bytes:
    torch.save(content, folder / "trap.pt")
    return (folder / "trap.pt").read_bytes()


def test_when_one_byte_of_the_weights_has_changed_then_load_refuses(
    model: fc.Forecaster, tmp_path: Path
) -> None:
    model.save(tmp_path)
    file = tmp_path / "weights.safetensors"
    whole = bytearray(file.read_bytes())
    whole[-5] ^= 1
    file.write_bytes(whole)
    with pytest.raises(fc.ConfigError, match="damaged"):
        fc.load(tmp_path)


@pytest.mark.parametrize("name", ["theta", "gbm", "lstm"])
@pytest.mark.parametrize("part", ["config", "fitted", "model"])
@pytest.mark.parametrize("value", [None, 3, "x", [], {}, {"x": 1}])
def test_when_a_part_of_the_config_is_something_else_then_load_refuses(
    some: fc.Panel, tmp_path: Path, name: str, part: str, value: object
) -> None:
    options = {"lstm": {"width": 8, "max_steps": 1, "batch_size": 8}, "gbm": {"num_rounds": 2}}
    given: dict[str, Any] = options.get(name, {})
    fc.create(name, horizon=2, **given).fit(some).save(tmp_path)
    content = json.loads((tmp_path / "config.json").read_text())
    (tmp_path / "config.json").write_text(json.dumps(content | {part: value}))
    if name == "theta" and part == "fitted" and isinstance(value, dict):
        return  # it keeps nothing there
    with pytest.raises(fc.ConfigError):
        fc.load(tmp_path)


@pytest.mark.parametrize("storage", STORAGES)
def test_when_the_pretrained_network_is_compressed_then_it_stays_so_until_it_is_tuned(
    some: fc.Panel, tmp_path: Path, storage: Storage
) -> None:
    whole = fc.create("pretrained", horizon=HORIZON).fit(some)
    small = compress(whole, storage)
    assert small is not whole
    small.save(tmp_path)
    loaded = fc.load(tmp_path)
    made = small.predict(some)
    np.testing.assert_array_equal(loaded.predict(some).quantiles, made.quantiles)
    assert storage_of(load_file(tmp_path / "weights.safetensors")) == storage
    plain = whole.predict(some)
    np.testing.assert_allclose(made.mean, plain.mean, rtol=0.1, atol=0.5)
    assert storage == "int8" or np.allclose(made.mean, plain.mean, rtol=0.02, atol=0.02)
    loaded.save(tmp_path / "again")
    assert storage_of(load_file(tmp_path / "again" / "weights.safetensors")) == storage


def test_when_variants_of_the_pretrained_network_are_compared_then_bytes_and_wql_are_told(
    some: fc.Panel,
) -> None:
    rows = compared(fc.create("pretrained", horizon=HORIZON).fit(some), some).set_index("variant")
    assert list(rows.index) == list(STORAGES)
    assert rows.at["int8", "bytes"] < 0.6 * rows.at["fp16", "bytes"]
    assert rows.at["fp16", "bytes"] < 0.6 * rows.at["fp32", "bytes"]
    assert abs(rows.at["fp16", "difference"]) < 0.02
