"""A pretraining of seconds: it learns, stops, goes on, and becomes weights that a model reads."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch

import forecasting as fc
from forecasting.cli import main
from forecasting.pretraining import run
from forecasting.pretraining.generator import Generator
from forecasting.pretraining.learning import CONTEXTS, HORIZONS, loss_of, next_lesson, pace
from forecasting.pretraining.network import PretrainedNetwork
from forecasting.pretraining.rate import Meter
from forecasting.pretraining.run import FILE, LOG, Plan, Pretraining, read_pretraining
from forecasting.pretraining.sizes import SIZES
from forecasting.pretraining.weights import CARD, WEIGHTS, shipped

SECONDS = 3.0


def plan(folder: Path, *, seconds: float = SECONDS, resume: bool = False) -> Plan:
    return Plan(out=folder, size="tiny", hours=seconds / 3600, resume=resume)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A pretraining of seconds, by the command line, which validated on a real file too."""
    real = tmp_path_factory.mktemp("real")
    stamps = pd.date_range("2023-01-01", periods=120)
    rng = np.random.default_rng(0)
    frames = [
        pd.DataFrame({"series_id": str(i), "timestamp": stamps, "target": rng.poisson(9, 120)})
        for i in range(3)
    ]
    pd.concat(frames).to_parquet(real / "shop.parquet")
    out = tmp_path_factory.mktemp("pretraining")
    told = ["--out", str(out), "--size", "tiny", "--hours", str(SECONDS / 3600)]
    assert main(["pretrain", *told, "--validate", str(real)]) == 0
    return out


def test_when_it_has_run_then_the_folder_holds_all_that_is_needed_to_go_on(folder: Path) -> None:
    course, tensors = read_pretraining(folder / FILE)
    assert course.steps > 3
    assert course.series > 24 * course.steps  # a lesson has 32, less those without a sale
    parts = {name.split("/")[0] for name in tensors}
    assert parts == {"network", "average", "optimiser"}
    last = json.loads((folder / LOG).read_text().splitlines()[-1])
    assert last["made-up/loss"] > 0
    assert last["shop/WQL over naive's"] > 0


def test_when_it_reports_then_series_per_second_are_told_and_on_a_card_its_share_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(run, "REPORT_SECONDS", 0.2)
    Pretraining(plan(tmp_path / "plain", seconds=1.0)).run()
    assert "no GPU, so no share of its bf16 rate" in capsys.readouterr().out
    told = [json.loads(line) for line in (tmp_path / "plain" / LOG).read_text().splitlines()]
    reports = [each for each in told if "series per second" in each]
    assert reports[0]["series per second"] > 0
    assert "share of bf16 rate" not in reports[0]
    assert list((tmp_path / "plain" / "events").glob("events.out.tfevents.*"))
    monkeypatch.setattr(Pretraining, "_meter", lambda self: Meter(rate=1e9))  # as if on a card
    Pretraining(plan(tmp_path / "card", seconds=1.0)).run()
    told = [json.loads(line) for line in (tmp_path / "card" / LOG).read_text().splitlines()]
    shares = [each["share of bf16 rate"] for each in told if "share of bf16 rate" in each]
    assert shares
    assert min(shares) > 0


def test_when_it_is_resumed_then_it_goes_on_from_there(folder: Path, tmp_path: Path) -> None:
    (tmp_path / FILE).write_bytes((folder / FILE).read_bytes())
    before, _ = read_pretraining(folder / FILE)
    again = Pretraining(plan(tmp_path, seconds=before.seconds + 1.5, resume=True))
    assert again.optimiser.state_dict()["state"][0]["step"] > 1
    course = again.run()
    assert course.steps > before.steps
    assert course.seconds >= before.seconds + 1.5


def test_when_a_folder_holds_a_pretraining_then_it_is_not_overwritten(folder: Path) -> None:
    with pytest.raises(fc.ConfigError, match="--resume"):
        Pretraining(plan(folder))


def test_when_there_is_nothing_to_resume_then_that_is_said(tmp_path: Path) -> None:
    with pytest.raises(fc.ConfigError, match="without --resume"):
        Pretraining(plan(tmp_path, resume=True))


def test_when_the_size_differs_or_the_file_is_damaged_then_that_is_said(
    folder: Path, tmp_path: Path
) -> None:
    content = (folder / FILE).read_bytes()
    (tmp_path / FILE).write_bytes(content)
    with pytest.raises(fc.ConfigError, match="size 'tiny'"):
        Pretraining(Plan(out=tmp_path, size="small", resume=True))
    (tmp_path / FILE).write_bytes(content[: len(content) // 2])
    with pytest.raises(fc.ConfigError, match="damaged"):
        Pretraining(plan(tmp_path, resume=True))


def test_when_options_cannot_work_then_they_are_named(tmp_path: Path) -> None:
    with pytest.raises(fc.ConfigError, match="'huge' is unknown"):
        Plan(out=tmp_path, size="huge")
    with pytest.raises(fc.ConfigError, match="hours=0"):
        Plan(out=tmp_path, hours=0)
    if not torch.cuda.is_available():
        with pytest.raises(fc.ConfigError, match="no GPU"):
            Plan(out=tmp_path, device="cuda")


def test_when_validation_has_no_files_then_that_is_said(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    pretraining = Pretraining(Plan(out=tmp_path, size="tiny", validate=tmp_path / "empty"))
    with pytest.raises(fc.PanelError, match="no Parquet file"):
        pretraining.run()


def test_when_it_is_shipped_then_a_model_forecasts_with_it(folder: Path, tmp_path: Path) -> None:
    assert main(["pretrain", "--out", str(folder), "--ship", str(tmp_path)]) == 0
    network, card = shipped(tmp_path)
    assert card.size == "tiny"
    assert card.real_series == 0
    assert card.parameters == sum(each.numel() for each in network.parameters())
    assert {each.name for each in tmp_path.iterdir()} == {WEIGHTS, CARD}
    frame = pd.DataFrame(
        {
            "series_id": "a",
            "timestamp": pd.date_range("2024-01-01", periods=60),
            "target": 20 + 5 * np.sin(np.arange(60) * 2 * np.pi / 7),
        }
    )
    panel = fc.Panel.from_frame(frame, "D")
    model = fc.create("pretrained", horizon=7, weights=str(tmp_path)).fit(panel)
    assert model.predict(panel).mean.mean() == pytest.approx(20, rel=0.3)


def test_when_the_same_lesson_is_learned_again_and_again_then_its_loss_falls() -> None:
    torch.manual_seed(0)
    generator = Generator(0, torch.device("cpu"))
    network = PretrainedNetwork(SIZES["tiny"])
    optimiser = torch.optim.AdamW(network.parameters(), lr=5e-3)
    lesson = generator.lesson(32, context=128, horizon=16)
    losses = []
    for _ in range(30):
        loss = loss_of(network, lesson, generator.draws)
        optimiser.zero_grad()
        loss.total.backward()
        optimiser.step()
        losses.append(loss.quantiles)
    assert np.mean(losses[-5:]) < 0.97 * np.mean(losses[:3])


def test_when_time_goes_on_then_horizons_grow_and_all_contexts_come() -> None:
    generator = Generator(0, torch.device("cpu"))
    early = [next_lesson(generator, batch_size=16, share=0.0) for _ in range(40)]
    assert max(each.target_BH.shape[1] for each in early) == max(HORIZONS[0][1])
    assert {each.series.values_BC.shape[1] for each in early} == {each for each, _ in CONTEXTS}
    assert HORIZONS[-1][1][-1] == 256
    assert pace(0.0) < pace(0.3) > pace(1.0)
