"""Fine-tuning: which weights change, on which panels, and when a network stays as it was."""

from itertools import count
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch

import forecasting as fc
from forecasting.networks.fine_tuning import DECODER, HEADS
from forecasting.networks.forecaster import NetworkForecaster
from forecasting.training import Trainer

HORIZON = 5
TINY: dict[str, Any] = {"width": 8, "max_steps": 60, "batch_size": 32, "learning_rate": 1e-2}


def shop(seed: int = 0, prefix: str = "p", category: str = "ab", days: int = 90) -> pd.DataFrame:
    """Four products with a price and a category."""
    rng = np.random.default_rng(seed)
    frames = [
        pd.DataFrame(
            {
                "series_id": f"{prefix}{i}",
                "timestamp": pd.date_range("2024-01-01", periods=days),
                "target": rng.poisson(10.0 * (i + 1), days).astype(float),
                "price": rng.uniform(1, 2, days),
                "category": category[i % 2],
            }
        )
        for i in range(4)
    ]
    return pd.concat(frames, ignore_index=True)


def shop_panel(frame: pd.DataFrame, *, price: bool = True, extra: tuple[str, ...] = ()) -> fc.Panel:
    known = [*(["price"] if price else []), *extra]
    return fc.Panel.from_frame(
        frame, freq="D", known_covariates=known, static_features=["category"]
    )


@pytest.fixture(scope="module")
def saved(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("model")
    model = fc.create("lstm", horizon=HORIZON, series_embedding=True, **TINY)
    model.fit(shop_panel(shop())).save(folder)
    return folder


@pytest.fixture
def model(saved: Path) -> NetworkForecaster:
    loaded = fc.load(saved)
    assert isinstance(loaded, NetworkForecaster)
    return loaded


@pytest.fixture
def doubled() -> fc.Panel:
    """Products that the network does not know, of unknown categories, with another week."""
    frame = shop(seed=1, prefix="new ", category="xy")
    weekend = frame["timestamp"].dt.dayofweek >= 5
    frame.loc[weekend, "target"] *= 3
    return shop_panel(frame)


def weights(model: NetworkForecaster) -> dict[str, torch.Tensor]:
    assert model._network is not None
    return {name: each.clone() for name, each in model._network.state_dict().items()}


@pytest.mark.parametrize(
    ("unfrozen", "modules"), [("head", HEADS), ("last", HEADS + DECODER), ("all", None)]
)
def test_when_some_weights_are_frozen_then_they_are_bit_equal_and_the_others_move(
    model: NetworkForecaster, doubled: fc.Panel, unfrozen: Any, modules: tuple[str, ...] | None
) -> None:
    before = weights(model)
    model.fine_tune(doubled, unfrozen=unfrozen, steps=20, learning_rate=1e-2)
    after = weights(model)
    moved = {name.split(".")[0] for name in before if not torch.equal(before[name], after[name])}
    if modules is None:
        assert {"read", "encoder", "head", "mix"} <= moved
    else:
        assert moved == set(modules)
    assert model.training.steps > 0
    assert all(each.requires_grad for each in model._network.parameters())  # type: ignore[union-attr]


def test_when_series_are_new_then_the_network_learns_from_them_and_knows_the_old_ones(
    model: NetworkForecaster, doubled: fc.Panel
) -> None:
    series = weights(model)["series.weight"]
    model.fine_tune(doubled, steps=40, learning_rate=1e-2)
    after = weights(model)["series.weight"]
    assert not torch.equal(series[0], after[0])  # the row of series it does not know
    assert not model.predict(doubled, known_future=_future(doubled)).notes
    old = shop_panel(shop())
    assert np.isfinite(model.predict(old, known_future=_future(old)).quantiles).all()


def _future(panel: fc.Panel) -> pd.DataFrame:
    return fc.fill_future(panel, HORIZON).assign(price=1.5)


def test_when_fine_tuned_then_validation_on_the_new_panel_is_better(
    model: NetworkForecaster, doubled: fc.Panel
) -> None:
    wql: list[float] = []
    model.fine_tune(
        doubled,
        steps=60,
        learning_rate=1e-2,
        on_progress=lambda each: wql.extend([each.metric] if each.metric else []),
    )
    assert model.training.validation_wql == pytest.approx(min(wql))
    assert model.training.validation_wql < 0.9 * wql[0]


def test_when_no_step_is_better_then_the_network_stays_as_it_was(
    model: NetworkForecaster, doubled: fc.Panel, monkeypatch: pytest.MonkeyPatch
) -> None:
    worse = count(1)
    monkeypatch.setattr(Trainer, "validate", lambda self, network: float(next(worse)))
    before = weights(model)
    model.fine_tune(doubled, steps=20)
    after = weights(model)
    assert (model.training.best_step, model.training.validation_wql) == (0, 1.0)
    assert all(torch.equal(before[name], after[name]) for name in before)


def test_when_nothing_is_said_then_a_quarter_of_steps_and_rate_is_taken(
    model: NetworkForecaster, doubled: fc.Panel
) -> None:
    totals: list[int] = []
    model.fine_tune(doubled, on_progress=lambda each: totals.append(each.total))
    assert totals[0] == 15 + round(0.15 * 15)
    assert (model.config.max_steps, model.config.learning_rate) == (60, 1e-2)


def test_when_saved_after_it_then_loading_gives_the_same_forecast(
    model: NetworkForecaster, doubled: fc.Panel, tmp_path: Path
) -> None:
    model.fine_tune(doubled, steps=5).save(tmp_path)
    future = _future(doubled)
    np.testing.assert_array_equal(
        fc.load(tmp_path).predict(doubled, known_future=future).quantiles,
        model.predict(doubled, known_future=future).quantiles,
    )


def test_when_interrupted_then_the_best_so_far_is_kept(
    model: NetworkForecaster, doubled: fc.Panel
) -> None:
    def stop(progress: fc.Progress) -> None:
        raise KeyboardInterrupt

    model.fine_tune(doubled, steps=1000, on_progress=stop)
    assert model.training.stopped
    assert not model.predict(doubled, known_future=_future(doubled)).notes


def test_when_the_panel_has_other_columns_then_they_are_named(model: NetworkForecaster) -> None:
    with pytest.raises(fc.PanelError, match="known covariates that this panel lacks: 'price'"):
        model.fine_tune(shop_panel(shop(), price=False))
    more = shop().assign(promo=0.0)
    with pytest.raises(fc.PanelError, match=r"was fitted without: 'promo'\. Leave them out"):
        model.fine_tune(shop_panel(more, extra=("promo",)))


def test_when_the_panel_cannot_serve_then_it_says_why_and_the_model_stays(
    model: NetworkForecaster,
) -> None:
    before = model.training
    with pytest.raises(fc.PanelError, match="its 6 steps hold no window with a horizon of 5"):
        model.fine_tune(shop_panel(shop(days=6)))
    negative = shop()
    negative.loc[3, "target"] = -1.0
    with pytest.raises(fc.PanelError, match="negative values; this panel has some in 'p0'"):
        model.fine_tune(shop_panel(negative))
    with pytest.raises(fc.ConfigError, match="unfrozen='tail' is unknown"):
        model.fine_tune(shop_panel(shop()), unfrozen="tail")  # type: ignore[arg-type]
    with pytest.raises(fc.ConfigError, match="max_steps=0"):
        model.fine_tune(shop_panel(shop()), steps=0)
    assert model.training is before
    fresh = fc.create("lstm", horizon=HORIZON, **TINY)
    assert isinstance(fresh, NetworkForecaster)
    with pytest.raises(fc.NotFittedError):
        fresh.fine_tune(shop_panel(shop()))
