"""NetworkForecaster: what lstm, gru and transformer have in common, which is all but the encoder.

Shape suffixes: N or B series, H horizon, Q quantile levels, K known covariates.
"""

import copy
import time
from abc import ABC, abstractmethod
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, replace
from functools import partial
from pathlib import Path
from typing import Any, ClassVar, Self, cast

import numpy as np
import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import nn

from forecasting.arrays import FloatArray
from forecasting.devices import device_named, threads
from forecasting.errors import ConfigError, NotFittedError
from forecasting.fallbacks import Needs, SeriesForecast, fall_back, sane, without_a_model
from forecasting.forecast import Forecast, Note
from forecasting.future import KnownFuture, known_future_array
from forecasting.history import history_of
from forecasting.networks.bands import Bands
from forecasting.networks.checked import checked
from forecasting.networks.checkpoint import CheckpointFile, digest_of
from forecasting.networks.config import NetworkConfig
from forecasting.networks.distributed import Task, Team, leading
from forecasting.networks.events import Events
from forecasting.networks.fine_tuning import (
    Unfrozen,
    check_same_columns,
    frozen_but,
    require_windows,
    tuning_config,
)
from forecasting.networks.layout import Covariate, Layout, Static, check_panel, layout_of
from forecasting.networks.level import level_mean
from forecasting.networks.network import Network
from forecasting.networks.presets import is_large
from forecasting.networks.shards import are_worth_it, predict_in_shards
from forecasting.networks.tensors import PanelTensors, panel_tensors, volumes_of
from forecasting.networks.windows import READS, WindowSizes, gather, sizes_of
from forecasting.packing import Storage, file_digest, packed, storage_of, unpacked
from forecasting.panel import Panel
from forecasting.progress import OnProgress
from forecasting.storage import config_from, read_own_config, write_config
from forecasting.training import Conditions, Trainer, TrainingReport

WEIGHTS = "weights.safetensors"
PREDICTED = 1024  # series at a time
NEEDS = Needs(seasons=0)
# What reading a damaged or foreign file may raise.
DAMAGE = (SafetensorError, RuntimeError, KeyError, TypeError, AttributeError, ValueError)


class NetworkForecaster(ABC):
    """A forecaster that learns all series of a panel together, and predicts any other panel."""

    name: ClassVar[str]
    config_class: ClassVar[type[NetworkConfig]]
    uses_known_covariates: ClassVar[bool] = True
    storage: Storage = "fp32"  # how `save` stores the weights; see `compression`

    def __init__(self, config: NetworkConfig) -> None:
        self.config = self._asked = config
        self.training = TrainingReport()
        self.interrupt: KeyboardInterrupt | None = None  # what stopped the last training
        self._layout: Layout | None = None
        self._network: Network | None = None
        self._bands = Bands.unchanged(config.quantile_levels)

    @abstractmethod
    def make_encoder(self, width: int, patches: int, dropout: float) -> nn.Module:
        """A module from tokens (B, R, D) to states (B, R, D)."""

    def fit(
        self,
        panel: Panel,
        *,
        on_progress: OnProgress | None = None,
        budget_seconds: float | None = None,
        checkpoint: Path | str | None = None,
        events: Path | str | None = None,
    ) -> Self:
        """Train on the panel. With a budget the schedule is stretched or cut to the seconds given,
        so that the result then depends on the machine's speed.

        An interrupt (Ctrl-C, or a `KeyboardInterrupt` out of `on_progress`) ends training: the
        best so far is kept, and the interrupt found in `interrupt`. With a folder for a
        `checkpoint` the training is written there now and then, and goes on from what it finds
        there of itself, to the result that it would have had. `events` is a folder for TensorBoard.
        """
        conditions = Conditions(
            stage=self.name,
            on_progress=on_progress,
            budget_seconds=budget_seconds,
            events=None if events is None else Events(events),
            began=time.monotonic(),
        )
        task = Task(type(self), self._asked, panel, budget_seconds)
        with leading(task, device_named(self.config.device)) as team:
            self._fit(panel, replace(conditions, team=team), checkpoint)
        return self

    def assist(self, team: Team, panel: Panel, budget_seconds: float | None) -> None:
        """Do the share of one worker in the `fit` that the first worker of the team does."""
        conditions = Conditions(stage=self.name, budget_seconds=budget_seconds, team=team)
        self._fit(panel, conditions, None)

    def _fit(self, panel: Panel, conditions: Conditions, checkpoint: Path | str | None) -> None:
        layout = layout_of(panel, self.config, volumes_of(panel))
        device = device_named(self.config.device)
        self.config = self._asked.suited(panel.num_series, panel.length, device.type)
        with _determined(self.config, device):
            tensors = panel_tensors(panel, layout, device)
            network = self._new_network(layout, _sizes(tensors, layout, self.config)).to(device)
            if checkpoint is not None:
                digest = digest_of(self.name, self.config, network, panel)
                conditions = replace(conditions, checkpoint=CheckpointFile(checkpoint, digest))
            self._train(Trainer(network, tensors, layout, self.config, conditions), panel)
        self._layout, self._network = layout, network.eval()

    def fine_tune(
        self,
        panel: Panel,
        *,
        unfrozen: Unfrozen = "all",
        steps: int | None = None,
        learning_rate: float | None = None,
        on_progress: OnProgress | None = None,
        budget_seconds: float | None = None,
    ) -> Self:
        """Continue training a fitted or loaded network on a panel with the same columns.

        `unfrozen` says which weights may change: "all", "last" (the decoder and the heads) or
        "head" (gates and heads); see `fine_tuning`. By default a quarter of the steps and of the
        learning rate of a fit. Series and categories that the network does not know are read as
        unknown ones. Where no step makes it better on the last windows of this panel, the network
        stays as it was. Interrupts are as in `fit`. Raises `NotFittedError` and `PanelError`.
        """
        began = time.monotonic()
        layout, fitted = self._fitted()
        check_same_columns(layout, panel, self.name)
        config = tuning_config(self.config, steps=steps, learning_rate=learning_rate)
        device = next(fitted.parameters()).device
        with _determined(config, device):
            tensors = panel_tensors(panel, layout, device)
            network = copy.deepcopy(fitted)
            conditions = Conditions(
                stage=f"{self.name}, fine-tuned",
                on_progress=on_progress,
                budget_seconds=budget_seconds,
                began=began,
                is_tuning=True,
            )
            with frozen_but(network, unfrozen):
                trainer = Trainer(network, tensors, layout, config, conditions)
                require_windows(trainer.split.windows, panel, config.horizon)
                self._train(trainer, panel)
        self._network = network.eval()
        return self

    def _train(self, trainer: Trainer, panel: Panel) -> None:
        try:
            self.training = trainer.run()
            self.storage = "fp32"
            self.interrupt = trainer.interrupt
            if trainer.conditions.team.rank:  # only the first worker keeps what was learned
                return
            if not trainer.conditions.is_tuning or self.training.best_step:
                self._bands = Bands.measured(trainer, panel)
            if self.training.best_step and not self.training.stopped:
                _level(trainer, panel)
        finally:
            if trainer.conditions.events is not None:
                trainer.conditions.events.close()

    def predict(self, panel: Panel, *, known_future: KnownFuture | None = None) -> Forecast:
        """The forecast after the panel's cutoff, of series seen in fitting or not."""
        layout, network = self._fitted()
        check_panel(layout, panel, self.name)
        horizon = self.config.horizon
        ahead = np.zeros((panel.num_series, horizon, len(panel.known_names)))
        if layout.known:
            ahead = known_future_array(panel, known_future, horizon)
        if next(network.parameters()).device.type == "cpu" and are_worth_it(panel.num_series):
            return predict_in_shards(self._predict, panel, ahead)
        return self._predict(panel, ahead)

    def _predict(self, panel: Panel, ahead: FloatArray) -> Forecast:
        layout, network = self._fitted()
        device = next(network.parameters()).device
        with _determined(self.config, device):
            tensors = panel_tensors(panel, layout, device, ahead)
            quantiles, mean = self._raw(network, tensors, layout)
        quantiles = self._bands.moved(quantiles, tensors.volumes)
        series = checked(
            panel,
            mean,
            quantiles,
            partial(self._checked, panel, layout),
            trained=self.training.steps > 0,
            round_counts=self.config.round_counts,
        )
        return Forecast(
            mean=np.stack([each.mean for each in series]),
            quantiles=np.stack([each.quantiles for each in series]),
            quantile_levels=self.config.quantile_levels,
            series_ids=panel.series_ids,
            timestamps=panel.future_timestamps(self.config.horizon),
            cutoff=panel.cutoff,
            step_correlation=self._bands.step_correlation,
            notes=tuple(
                Note(series_id, each.used, each.reason)
                for series_id, each in zip(panel.series_ids, series, strict=True)
                if each.used
            ),
        )

    def save(self, folder: Path | str) -> None:
        """Write config.json and weights.safetensors into the folder."""
        layout, network = self._fitted()
        weights = {name: each.cpu().contiguous() for name, each in network.state_dict().items()}
        path = Path(folder) / WEIGHTS
        path.parent.mkdir(parents=True, exist_ok=True)
        save_file(packed(weights, self.storage), path)
        fitted = {
            "layout": asdict(layout),
            "reads": READS,
            "sizes": asdict(network.sizes),
            "training": asdict(self.training),
            "weights": file_digest(path),
            "bands": self._bands.to_json(),
        }
        write_config(folder, self.name, self.config, fitted)

    @classmethod
    def load(cls, folder: Path | str) -> Self:
        """The model that `save` wrote, on the device its options name; nothing is unpickled."""
        content = read_own_config(folder, cls.name)
        model = cls(config_from(cls.config_class, content["config"], cls.name))
        path = Path(folder) / WEIGHTS
        try:
            fitted = content["fitted"]
            if fitted.get("reads", 1) != READS:
                raise ConfigError(
                    f"{folder} was saved by a version of Almanac whose networks read other "
                    "features. Fit the model again."
                )
            layout = layout_from(fitted["layout"])
            sizes = WindowSizes(**fitted["sizes"])
            training = fitted["training"]
            model.training = TrainingReport(**training | {"notes": tuple(training["notes"])})
            model._bands = Bands.from_json(fitted["bands"])
            network = model._new_network(layout, sizes)
            stored = load_file(path)
            if file_digest(path) != fitted["weights"]:
                raise ConfigError(
                    f"{path} is damaged or belongs to another model. Copy the whole folder that "
                    "model.save() wrote."
                )
            model.storage = storage_of(stored)
            network.load_state_dict(unpacked(stored))
        except FileNotFoundError as error:
            raise ConfigError(
                f"{path} is missing. Copy the whole folder that model.save() wrote."
            ) from error
        except DAMAGE as error:
            raise ConfigError(
                f"{folder} is damaged or not a saved {cls.name!r} ({_first_line(error)}). "
                "Save the model again."
            ) from error
        model._layout, model._network = layout, network.to(device_named(model.config.device)).eval()
        return model

    def _new_network(self, layout: Layout, sizes: WindowSizes) -> Network:
        return Network(self.config, layout, sizes, self.make_encoder)

    def _fitted(self) -> tuple[Layout, Network]:
        if self._layout is None or self._network is None:
            raise NotFittedError(f"Model {self.name!r} is not fitted. Call fit(panel) first.")
        return self._layout, self._network

    @torch.inference_mode()
    def _raw(
        self, network: Network, tensors: PanelTensors, layout: Layout
    ) -> tuple[FloatArray, FloatArray]:
        """Quantiles (N, H, Q) and mean (N, H) in units of the data."""
        horizon = self.config.horizon
        count = len(tensors.volumes)
        rows = torch.arange(count, device=tensors.values_NT.device)
        cutoff = tensors.steps - horizon - 1
        quantiles, means = [], []
        for rows_B in rows.split(PREDICTED):
            cutoffs_B = torch.full_like(rows_B, cutoff)
            windows = gather(tensors, layout, rows_B, cutoffs_B, horizon)
            quantiles_BHQ, mean_BH = network(windows)
            quantiles.append((quantiles_BHQ * windows.scale_B[:, None, None]).cpu().numpy())
            means.append((mean_BH * windows.scale_B[:, None]).cpu().numpy())
        units = tensors.volumes
        return (
            np.concatenate(quantiles).astype(np.float64) * units[:, None, None],
            np.concatenate(means).astype(np.float64) * units[:, None],
        )

    def _checked(
        self, panel: Panel, layout: Layout, i: int, mean: FloatArray, quantiles: FloatArray
    ) -> SeriesForecast:
        """The network's forecast of one series, or the ladder's where it cannot serve."""
        levels, horizon = self.config.quantile_levels, self.config.horizon
        history = history_of(
            panel.target[i],
            seasonality=layout.seasonality,
            max_history=None,
            covariates=np.empty((panel.length, 0)),
            future_covariates=np.empty((horizon, 0)),
        )
        simplest = without_a_model(history, horizon, levels, NEEDS)
        if simplest is None and not self.training.steps:
            reason = f"the panel was too short to learn a forecast of {horizon} steps"
            simplest = fall_back(history, horizon, levels, reason)
        if simplest is not None:
            return sane(simplest, history, levels)
        if self.config.round_counts and _is_whole(history.values[history.observed]):
            quantiles = np.floor(quantiles + 0.5)
        return sane(SeriesForecast(mean, quantiles), history, levels)


def _level(trainer: Trainer, panel: Panel) -> None:
    """Large panels tell the level of the mean well enough to set it; see `level`."""
    if is_large(panel.num_series, panel.length):
        level_mean(
            cast(Network, trainer.network),
            trainer.tensors,
            trainer.layout,
            horizon=trainer.config.horizon,
            first_N=trainer.split.first_N,
            last=trainer.split.last_of_all,
            seed=trainer.config.seed,
        )


def _is_whole(values: FloatArray) -> bool:
    return bool((values == np.floor(values)).all())


def layout_from(saved: dict[str, Any]) -> Layout:
    """The layout in a config.json."""
    covariates = {
        kind: tuple(Covariate(**each) for each in saved[kind]) for kind in ("known", "past")
    }
    statics = tuple(
        Static(**each | {"categories": tuple(each["categories"])}) for each in saved["statics"]
    )
    lists = {"lags": tuple(saved["lags"]), "series": tuple(saved["series"])}
    return Layout(**saved | covariates | lists | {"statics": statics})


def _sizes(tensors: PanelTensors, layout: Layout, config: NetworkConfig) -> WindowSizes:
    row = torch.zeros(1, dtype=torch.long, device=tensors.values_NT.device)
    return sizes_of(gather(tensors, layout, row, row, config.horizon))


@contextmanager
def _determined(config: NetworkConfig, device: torch.device) -> Iterator[None]:
    """Seeded, on the threads asked for; both as before afterwards."""
    with (
        threads(config.num_threads),
        torch.random.fork_rng(devices=[device] if device.type == "cuda" else []),
    ):
        torch.manual_seed(config.seed)
        yield


def _first_line(error: Exception) -> str:
    return str(error).splitlines()[0] if str(error) else type(error).__name__
