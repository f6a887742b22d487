"""Fine-tuning: only what is unfrozen moves, and nothing is kept that is no better."""

import dataclasses

import numpy as np
import pandas as pd
import pytest
import torch

import forecasting as fc
from forecasting.models.pretrained import Pretrained
from forecasting.pretraining.low_rank import adapt, merged
from forecasting.pretraining.network import PretrainedNetwork
from forecasting.pretraining.sizes import SIZES
from forecasting.pretraining.tuning import Tuning, _Best, _Due, free
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
        assert all(name.startswith(("blocks.", "effect_head")) for name in moved), moved
        assert not any("norm" in name for name in moved)
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


@pytest.fixture(scope="module")
def shop() -> fc.Panel:
    """A price that does much on Sundays and nothing else on other days."""
    rng = np.random.default_rng(0)
    frames = []
    for i in range(6):
        price = np.where(rng.random(150) < 0.4, 1.0, 2.0)
        sunday = np.arange(150) % 7 == 6
        frames.append(
            pd.DataFrame(
                {
                    "series_id": str(i),
                    "timestamp": pd.date_range("2024-01-01", periods=150),
                    "target": 50 + 100 * sunday * (price < 1.5) + rng.normal(0, 2, 150),
                    "price": price,
                }
            )
        )
    return fc.Panel.from_frame(pd.concat(frames), "D", known_covariates=["price"])


def test_when_covariates_are_to_be_learned_then_nothing_changes_before_a_step(
    shop: fc.Panel,
) -> None:
    plain = model(covariates="always").fit(shop)
    before = plain.predict(shop, known_future=np.ones((6, 8, 1))).quantiles
    network_of(plain).read_known(1)
    after = plain.predict(shop, known_future=np.ones((6, 8, 1))).quantiles
    np.testing.assert_array_equal(before, after)


def test_when_tuned_with_covariates_then_what_they_do_is_learned_and_kept(
    shop: fc.Panel, tmp_path: object
) -> None:
    options = {"covariates": "always", "tune": "head", "tune_steps": 12, "learning_rate": 0.01}
    tuned = model(**options).fit(shop)
    told = network_of(tuned).told
    assert told is not None
    assert told.weight.abs().max() > 0
    tuned.save(str(tmp_path))
    loaded = fc.load(str(tmp_path))
    known = np.ones((6, 8, 1))
    expected = tuned.predict(shop, known_future=known).mean
    np.testing.assert_allclose(loaded.predict(shop, known_future=known).mean, expected, rtol=1e-5)
    without = dataclasses.replace(
        shop, known_covariates=shop.known_covariates[..., :0], known_names=()
    )
    with pytest.raises(fc.PanelError, match=r"fine-tuned with 1 known covariates.*has 0"):
        tuned.predict(without)


def test_when_it_goes_on_with_a_panel_of_other_columns_then_it_learns_those(
    shop: fc.Panel, panel: fc.Panel
) -> None:
    tuned = model(covariates="always", tune="head", tune_steps=4, learning_rate=0.01).fit(shop)
    tuned.fine_tune(panel, unfrozen="head", steps=2)
    assert np.isfinite(tuned.predict(panel).mean).all()


def test_when_no_step_was_better_then_the_weights_it_began_with_stay() -> None:
    network = PretrainedNetwork(SIZES["tiny"])
    first = {name: each.clone() for name, each in network.state_dict().items()}
    best = _Best(network, 0.5)
    worse = {name: each + 1 for name, each in first.items()}
    best.offer(worse, 0.6, 10)
    assert (best.step, best.error) == (0, 0.5)
    half = best.half_way()
    torch.testing.assert_close(half["norm.weight"], first["norm.weight"] + 0.5)
    best.offer(half, float("nan"), 10)
    assert best.step == 0
    best.offer(half, 0.4, 10)
    assert (best.step, best.error) == (10, 0.4)
    torch.testing.assert_close(best.weights["norm.weight"], first["norm.weight"] + 0.5)


def test_when_looking_takes_too_long_then_looks_are_left_out_but_for_the_last() -> None:
    due = _Due()
    assert not due.at(0.05, 1.0)
    assert due.at(0.1, 2.0)
    assert not due.at(0.15, 3.0)
    due._spent = 1.0
    assert not due.at(0.2, 4.0)
    assert due.at(0.3, 6.0)
    due._spent = 5.0
    assert due.at(1.0, 10.0)
