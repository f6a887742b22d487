"""pretrained: forecasts from the first minute, by a network that learned from made-up series alone.

`fit` trains nothing unless asked to: the weights are shipped, and what they must know of a panel,
also what known covariates do to it, they read in context. `fine_tune` goes on learning from one.

Shape suffixes: N series, T steps, H horizon, Q quantile levels, K known covariates.
"""

import copy
import time
from dataclasses import asdict, dataclass, replace
from functools import partial
from pathlib import Path
from typing import Self

import numpy as np
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file

from forecasting.arrays import Float32Array, FloatArray
from forecasting.devices import device_named, threads
from forecasting.errors import ConfigError, NotFittedError
from forecasting.forecast import Forecast
from forecasting.future import KnownFuture, known_future_array
from forecasting.networks.bands import Bands
from forecasting.networks.shards import are_worth_it, predict_in_shards
from forecasting.networks.tensors import volumes_of
from forecasting.packing import Storage, file_digest, packed, unpacked
from forecasting.panel import Panel
from forecasting.pretraining.bands import CUTOFFS, STRENGTHS, past_windows
from forecasting.pretraining.config import PretrainedConfig
from forecasting.pretraining.covariates import check_known, readable
from forecasting.pretraining.effects import READINGS
from forecasting.pretraining.levels import at_levels
from forecasting.pretraining.network import PretrainedNetwork
from forecasting.pretraining.rolling import rolled_out
from forecasting.pretraining.seasons import seasons_of
from forecasting.pretraining.sizes import LEVELS, MOST_HORIZON, size_of
from forecasting.pretraining.tuning import BATCH, Tuner, Tuning, Unfrozen, left
from forecasting.pretraining.weights import READS, SHIPPED, Card, shipped
from forecasting.progress import OnProgress
from forecasting.storage import config_from, read_own_config, write_config
from forecasting.training import TrainingReport
from forecasting.zero_shot import kept_sane, notes_of

WEIGHTS = "weights.safetensors"
TOLD = "told.weight"  # which only networks have that were fine-tuned with covariates
# What reading a damaged or foreign file may raise.
DAMAGE = (SafetensorError, RuntimeError, KeyError, TypeError, AttributeError, ValueError)


@dataclass(frozen=True, kw_only=True, eq=False)
class _Fitted:
    """What a fitted model has."""

    network: PretrainedNetwork
    card: Card  # of the weights it began with
    bands: Bands
    tuned: tuple[str, ...] = ()  # how it was trained further, in order
    strength: float = 1.0  # share of what known covariates were found to do that counts


class Pretrained:
    """The shipped network, as it is or trained further."""

    name = "pretrained"
    config_class = PretrainedConfig
    uses_known_covariates = True

    def __init__(self, config: PretrainedConfig) -> None:
        self.config = config
        self.training = TrainingReport()
        self.interrupt: KeyboardInterrupt | None = None
        self.storage: Storage | None = None  # of saved weights; None: halves until fine-tuned
        self._state: _Fitted | None = None

    @property
    def lineage(self) -> dict[str, object]:
        """The card of the weights it began with, and how it was trained further."""
        state = self._fitted()
        return {**asdict(state.card), "tuned": list(state.tuned)}

    def fit(
        self,
        panel: Panel,
        *,
        on_progress: OnProgress | None = None,
        budget_seconds: float | None = None,
        checkpoint: Path | str | None = None,
        events: Path | str | None = None,
    ) -> Self:
        """Take the pretrained weights, train them further where the options say so, and measure
        the bands on past windows of the panel.

        This takes seconds, so there is nothing to keep in a `checkpoint`, nor any `events`: the
        two are taken because every trainable model takes them. Raises `ConfigError` for weights
        that are missing or damaged.
        """
        began = time.monotonic()
        self.training, self.interrupt = TrainingReport(), None
        with threads(self.config.num_threads):
            network, card = shipped(Path(self.config.weights) if self.config.weights else SHIPPED)
            network = network.to(device_named(self.config.device))
            bands = Bands.unchanged(self.config.quantile_levels)
            self._state = _Fitted(network=network, card=card, bands=bands)
            self._measure(panel)
            if self.config.tune != "none":
                self._tune(panel, self.config.tune, on_progress, budget_seconds, began)
        return self

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
        """Train the weights of a fitted model further on a panel, whatever its columns.

        `unfrozen` says what may change: "all" weights, the "last" block and the decoder, the
        "head" alone, or "low-rank" adapters of the blocks. Where no step makes it better on the
        last horizon of the panel, the weights stay. Raises `NotFittedError` and `PanelError`.
        """
        self._fitted()
        began = time.monotonic()
        with threads(self.config.num_threads):
            self._measure(panel)
            self._tune(panel, unfrozen, on_progress, budget_seconds, began, steps, learning_rate)
        return self

    def predict(self, panel: Panel, *, known_future: KnownFuture | None = None) -> Forecast:
        """The forecast after the panel's cutoff, of series seen in fitting or not."""
        self._fitted()
        ahead = known_future_array(panel, known_future, self.config.horizon)
        if device_named(self.config.device).type == "cpu" and are_worth_it(panel.num_series):
            return predict_in_shards(self._predict, panel, ahead)
        return self._predict(panel, ahead)

    def _predict(self, panel: Panel, ahead: FloatArray) -> Forecast:
        state, levels = self._fitted(), self.config.quantile_levels
        with threads(self.config.num_threads):
            known = readable(panel.known_covariates, ahead)
            known = known if state.strength else known[..., :0]
            check_known(state.network, panel, known)
            quantiles, mean = self._raw(
                state.network, panel.target, known, state.strength, freq=panel.freq
            )
        quantiles = state.bands.moved(quantiles, volumes_of(panel))
        series = kept_sane(
            panel,
            mean,
            quantiles,
            seasonality=seasons_of(panel.freq, self.config.seasonality).season,
            levels=levels,
            round_counts=self.config.round_counts,
        )
        return Forecast(
            mean=np.stack([each.mean for each in series]),
            quantiles=np.stack([each.quantiles for each in series]),
            quantile_levels=levels,
            series_ids=panel.series_ids,
            timestamps=panel.future_timestamps(self.config.horizon),
            cutoff=panel.cutoff,
            step_correlation=state.bands.step_correlation,
            notes=notes_of(panel, series, horizon=self.config.horizon, one_pass=MOST_HORIZON),
        )

    def save(self, folder: Path | str) -> None:
        """Write config.json and weights.safetensors into the folder."""
        state = self._fitted()
        weights = {
            name: each.cpu().contiguous() for name, each in state.network.state_dict().items()
        }
        path = Path(folder) / WEIGHTS
        path.parent.mkdir(parents=True, exist_ok=True)
        save_file(packed(weights, self.storage or ("fp32" if state.tuned else "fp16")), path)
        fitted = {
            "card": asdict(state.card),
            "tuned": list(state.tuned),
            "strength": state.strength,
            "storage": self.storage,
            "training": asdict(self.training),
            "weights": file_digest(path),
            "bands": state.bands.to_json(),
        }
        write_config(folder, self.name, self.config, fitted)

    def stored_as(self, storage: Storage) -> Self:
        """A copy that predicts with, and saves, its weights as stored like that."""
        state, smaller = self._fitted(), copy.copy(self)
        network = copy.deepcopy(state.network)
        network.load_state_dict(unpacked(packed(network.state_dict(), storage)))
        smaller._state, smaller.storage = replace(state, network=network), storage
        return smaller

    @classmethod
    def load(cls, folder: Path | str) -> Self:
        """The model that `save` wrote. Raises `ConfigError` for foreign or damaged files."""
        content = read_own_config(folder, cls.name)
        model = cls(config_from(PretrainedConfig, content["config"], cls.name))
        path = Path(folder) / WEIGHTS
        try:
            fitted = content["fitted"]
            card = Card(**fitted["card"])
            if card.reads != READS:
                raise ConfigError(
                    f"{folder} was saved by a version of Almanac whose pretrained network reads "
                    "other features. Fit the model again."
                )
            training = fitted["training"]
            model.training = TrainingReport(**training | {"notes": tuple(training["notes"])})
            stored = load_file(path)
            if file_digest(path) != fitted["weights"]:
                raise ConfigError(
                    f"{path} is damaged or belongs to another model. Copy the whole folder that "
                    "model.save() wrote."
                )
            network = PretrainedNetwork(size_of(card.size))
            weights = unpacked(stored)
            if TOLD in weights:
                network.read_known(weights[TOLD].shape[1] // READINGS)
            network.load_state_dict(weights)
            bands = Bands.from_json(fitted["bands"])
            tuned = tuple(fitted["tuned"])
            # Models that were saved earlier say only whether covariates count.
            strength = float(fitted["strength" if "strength" in fitted else "reads_known"])
            model.storage = fitted.get("storage")  # an earlier version's models have none
        except FileNotFoundError as error:
            raise ConfigError(
                f"{path} is missing. Copy the whole folder that model.save() wrote."
            ) from error
        except DAMAGE as error:
            raise ConfigError(
                f"{folder} is damaged or not a saved {cls.name!r} "
                f"({str(error).partition(chr(10))[0]}). Save the model again."
            ) from error
        network = network.to(device_named(model.config.device)).eval()
        model._state = _Fitted(
            network=network, card=card, bands=bands, tuned=tuned, strength=strength
        )
        return model

    def _raw(
        self,
        network: PretrainedNetwork,
        target: FloatArray,
        known: Float32Array,
        strength: float,
        *,
        freq: str,
    ) -> tuple[FloatArray, FloatArray]:
        """Quantiles (N, H, Q) at the levels asked for and mean (N, H), of covariates (N, T + H)."""
        seasons = seasons_of(freq, self.config.seasonality)
        context = self.config.context_length
        found, mean = rolled_out(
            network, target, known, seasons, context=context, strength=strength
        )
        return at_levels(found, LEVELS, self.config.quantile_levels), mean

    def _measure(self, panel: Panel, *, learned: bool = False) -> None:
        """Forecast past windows: they tell how much covariates count, and how wide bands must be.

        Of a panel that weights have `learned` from they forecast the last horizon alone, which
        they have not seen, and covariates count as they did in learning.
        """
        state, config = self._fitted(), self.config
        choices = {"always": (1.0,), "never": (0.0,), "where they help": STRENGTHS}
        strengths = choices[config.covariates][: None if panel.known_names else 1]
        strengths = (state.strength,) if learned else strengths
        self._state = replace(state, strength=strengths[0])
        if not (config.calibrate or len(strengths) > 1) or config.horizon > MOST_HORIZON:
            return
        cutoffs = 1 if learned else CUTOFFS
        past = past_windows(panel, horizon=config.horizon, seed=config.seed, cutoffs=cutoffs)
        if past is None:
            return
        forecasts = partial(self._raw, state.network, freq=panel.freq)
        strength, found = past.best(forecasts, strengths, config.quantile_levels)
        bands = state.bands
        if config.calibrate:
            bands = past.bands(found, config.quantile_levels, round_counts=config.round_counts)
        self._state = replace(state, bands=bands, strength=strength)

    def _tune(
        self,
        panel: Panel,
        unfrozen: Unfrozen,
        on_progress: OnProgress | None,
        budget_seconds: float | None,
        began: float,
        steps: int | None = None,
        learning_rate: float | None = None,
    ) -> None:
        state, config = self._fitted(), self.config
        tuning = Tuning(
            unfrozen=unfrozen,
            steps=steps or config.tune_steps,
            learning_rate=learning_rate or config.learning_rate,
            budget_seconds=left(budget_seconds, began),
            seed=config.seed,
        )
        nothing = np.empty((panel.num_series, 0, len(panel.known_names)))
        known = readable(panel.known_covariates, nothing)
        tuner = Tuner(
            state.network,
            panel.target,
            known if state.strength else known[..., :0],
            seasons_of(panel.freq, config.seasonality),
            horizon=min(config.horizon, MOST_HORIZON),
            strength=state.strength,
        )
        tuned = tuner.run(tuning, on_progress)
        self.interrupt = tuned.interrupt
        kept = f"{unfrozen}, {tuned.best_step} steps"
        note = f"The WQL of the last horizon was {tuned.before:.4f}, and {tuned.after:.4f} after."
        self.training = TrainingReport(
            steps=tuned.steps,
            best_step=tuned.best_step,
            windows=tuned.windows,
            batch_size=BATCH,
            device=config.device,
            seconds=time.monotonic() - began,
            stopped=tuned.interrupt is not None,
            notes=(note,),
        )
        history = (*state.tuned, kept) if tuned.best_step else state.tuned
        self._state = replace(state, network=tuned.network, tuned=history)
        self.storage = None
        if tuned.best_step:
            self._measure(panel, learned=True)

    def _fitted(self) -> _Fitted:
        if self._state is None:
            raise NotFittedError(f"Model {self.name!r} is not fitted. Call fit(panel) first.")
        return self._state
