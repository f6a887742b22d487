"""Fine-tuning: only what is unfrozen moves, and nothing is kept that is no better."""

import numpy as np
import pandas as pd
import pytest
import torch

import forecasting as fc
from forecasting.models.pretrained import Pretrained
from forecasting.pretraining.low_rank import adapt, merged
from forecasting.pretraining.network import PretrainedNetwork
from forecasting.pretraining.sizes import SIZES
from forecasting.pretraining.tuning import Tuning, free
from forecasting.progress import Progress


@pytest.fixture(scope="module")
def panel() -> fc.Panel:
    """Sales that double every 8 days, which no shop of the generator does."""
    time = np.arange(150)
    frames = [
        pd.DataFrame(
            {
                "series_id": str(i),
                "timestamp": pd.date_range("2024-01-01", periods=150),
                "target": 50 * np.where((time + i) % 8 == 0, 4.0, 1.0) + i,
            }
        )
        for i in range(6)
    ]
    return fc.Panel.from_frame(pd.concat(frames), "D")


def model(**options: object) -> Pretrained:
    created = fc.create("pretrained", horizon=8, calibrate=False, **options)
    assert isinstance(created, Pretrained)
    return created


def network_of(fitted: Pretrained) -> PretrainedNetwork:
    return fitted._fitted().network


def test_when_fitted_by_default_then_no_weight_moves(panel: fc.Panel) -> None:
    first, again = model().fit(panel), model().fit(panel.subset(["1"]))
    assert first.training.steps == 0
    assert first.lineage["tuned"] == []
    for one, other in zip(
        network_of(first).parameters(), network_of(again).parameters(), strict=True
    ):
        assert torch.equal(one, other)


def test_when_tuned_then_it_learns_what_the_shipped_weights_do_not_know(panel: fc.Panel) -> None:
    past, actual = panel.until(panel.timestamps[-9]), panel.target[:, -8:]
    seen: list[Progress] = []
    plain = model().fit(past)
    before = np.abs(plain.predict(past).mean - actual).mean()
    plain.fine_tune(past, steps=20, on_progress=seen.append)
    after = np.abs(plain.predict(past).mean - actual).mean()
    assert after < 0.95 * before
    assert 0 < plain.training.best_step <= plain.training.steps == 20
    assert "all" in str(plain.lineage["tuned"])
    assert seen[-1].done == 20
    assert seen[-1].metric is not None


@pytest.mark.parametrize("unfrozen", ["head", "last", "low-rank"])
def test_when_only_a_part_is_unfrozen_then_the_rest_stays(unfrozen: str, panel: fc.Panel) -> None:
    before = network_of(model().fit(panel)).state_dict()
    tuned = model(tune=unfrozen, tune_steps=4, learning_rate=0.01).fit(panel)
    after = network_of(tuned).state_dict()
    assert before.keys() == after.keys()
    moved = {name for name in before if not torch.equal(before[name], after[name])}
    if unfrozen == "low-rank":
        assert all(name.startswith("blocks.") and name.endswith("weight") for name in moved)
    else:
        starts = ("head", "gate", "mean", "effect", "ahead", "within", "mix", "last", "norm")
        starts = starts[:4] if unfrozen == "head" else (*starts, "blocks.3")
        assert all(name.startswith(starts) for name in moved), moved


def test_when_adapters_have_learned_nothing_then_merging_gives_the_same_weights() -> None:
    network = PretrainedNetwork(SIZES["tiny"])
    before = {name: each.clone() for name, each in network.state_dict().items()}
    adapt(network)
    free_weights = sum(each.numel() for each in network.parameters() if each.requires_grad)
    assert 0 < free_weights < sum(each.numel() for each in before.values())
    for name, each in merged(network).items():
        torch.testing.assert_close(each, before[name])


def test_when_weights_are_freed_then_fewer_move_from_all_to_head() -> None:
    counts = []
    for unfrozen in ("all", "last", "head"):
        network = PretrainedNetwork(SIZES["tiny"])
        free(network, unfrozen)
        counts.append(sum(each.numel() for each in network.parameters() if each.requires_grad))
    assert counts == sorted(counts, reverse=True)
    assert len(set(counts)) == 3


def test_when_tuned_then_saved_and_loaded_then_it_predicts_the_same(
    panel: fc.Panel, tmp_path: object
) -> None:
    tuned = model(tune="head", tune_steps=5).fit(panel)
    tuned.save(str(tmp_path))
    loaded = fc.load(str(tmp_path))
    assert isinstance(loaded, Pretrained)
    assert loaded.lineage == tuned.lineage
    np.testing.assert_allclose(loaded.predict(panel).mean, tuned.predict(panel).mean, rtol=1e-3)


def test_when_interrupted_then_the_best_so_far_is_kept(panel: fc.Panel) -> None:
    def stop(_: Progress) -> None:
        raise KeyboardInterrupt

    tuned = model(tune="all", tune_steps=100).fit(panel, on_progress=stop)
    assert isinstance(tuned.interrupt, KeyboardInterrupt)
    assert tuned.training.stopped
    assert np.isfinite(tuned.predict(panel).mean).all()


def test_when_the_panel_is_too_short_then_that_is_said(panel: fc.Panel) -> None:
    short = panel.until(panel.timestamps[20])
    with pytest.raises(fc.PanelError, match="two horizons of 8"):
        model(tune="all").fit(short)


def test_when_options_cannot_work_then_they_are_named() -> None:
    with pytest.raises(fc.ConfigError, match="'most' is unknown"):
        model(tune="most")
    with pytest.raises(fc.ConfigError, match="steps=0"):
        Tuning(unfrozen="all", steps=0)
    with pytest.raises(fc.ConfigError, match="learning_rate=2"):
        Tuning(unfrozen="all", learning_rate=2)
