"""LightGBM as the library uses it: parameters, a deadline, and files that are checked when read."""

import hashlib
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from forecasting.arrays import Float32Array, FloatArray
from forecasting.errors import ConfigError

if TYPE_CHECKING:
    from lightgbm import Booster, Dataset


@dataclass(frozen=True, kw_only=True)
class Boosting:
    """How trees are grown."""

    learning_rate: float
    num_leaves: int
    patience: int  # rounds without progress on the check after which it stops
    seed: int
    num_threads: int
    deadline: float | None  # in seconds of `time.monotonic`

    def dataset(
        self,
        features: Float32Array,
        target: FloatArray,
        weight: FloatArray,
        categorical: list[int],
        reference: "Dataset | None" = None,
    ) -> "Dataset":
        """Features (R, F) cut into bins, once for all models."""
        import lightgbm

        return lightgbm.Dataset(
            features,
            label=target,
            weight=weight,
            categorical_feature=categorical,
            reference=reference,
            params=self._parameters(len(target)),
            free_raw_data=False,
        )

    def grow(
        self,
        dataset: "Dataset",
        objective: dict[str, Any],
        rounds: int,
        check: "Dataset | None" = None,
    ) -> "Booster":
        """At most `rounds` trees; fewer where the check gets no better or time is over."""
        import lightgbm

        callbacks: list[Any] = [_stop_at(self.deadline)]
        if check is not None:
            callbacks.append(lightgbm.early_stopping(self.patience, verbose=False))
        return lightgbm.train(
            self._parameters(dataset.construct().num_data()) | objective,
            dataset,
            num_boost_round=rounds,
            valid_sets=[check] if check is not None else None,
            callbacks=callbacks,
        )

    def values(self, booster: "Booster", features: Float32Array) -> FloatArray:
        """Predictions for features (..., F)."""
        flat = features.reshape(-1, features.shape[-1])
        found = booster.predict(flat, num_threads=self.num_threads)
        return np.asarray(found, dtype=np.float64).reshape(features.shape[:-1])

    def is_over(self) -> bool:
        """Whether the deadline has passed."""
        return self.deadline is not None and time.monotonic() >= self.deadline

    def _parameters(self, rows: int) -> dict[str, Any]:
        return {
            "learning_rate": self.learning_rate,
            "num_leaves": self.num_leaves,
            "min_data_in_leaf": int(np.clip(rows // 200, 5, 100)),
            "feature_fraction": 0.7,
            "max_bin": 127,
            "seed": self.seed,
            "num_threads": self.num_threads,
            "deterministic": True,
            "force_row_wise": True,  # the same sums in every run
            "verbosity": -1,
        }


def digest(text: str) -> str:
    """What tells whether a file is the one that was written."""
    return hashlib.sha256(text.encode()).hexdigest()


def read_booster(path: Path, written: str, features: int) -> "Booster":
    """The trees in a LightGBM text file whose digest was `written`.

    Raises `ConfigError` for another file: LightGBM itself would end the process on some of them.
    """
    import lightgbm

    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path} cannot be read ({error}). Save the model again.") from error
    if digest(text) != written:
        raise ConfigError(
            f"{path} is damaged, or of another model than config.json. Save the model again."
        )
    booster = lightgbm.Booster(model_str=text)
    if booster.num_feature() != features:
        raise ConfigError(
            f"{path} has {booster.num_feature()} features, config.json tells of {features}. "
            "The files are of two models; save the model again."
        )
    return booster


def _stop_at(deadline: float | None) -> Any:
    """A LightGBM callback that ends the boosting after the deadline, with what there is."""
    from lightgbm.callback import CallbackEnv, EarlyStopException

    def stop(env: CallbackEnv) -> None:
        if deadline is not None and time.monotonic() >= deadline:
            raise EarlyStopException(env.iteration, env.evaluation_result_list or [])

    return stop
