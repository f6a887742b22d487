"""Windows of a backtest that are done, in files: one that died goes on with those that are missing.

A file holds the forecast of one model at one cutoff, and is replaced whole. A digest tells whose it
is: the panel, the model's options, and the seconds it had. Actuals and scales are not kept, for
they come from the panel at once.
"""

import hashlib
import json
import os
import secrets
import warnings
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save_file

from forecasting.forecast import Forecast, Note
from forecasting.panel import Panel
from forecasting.protocol import Forecaster

FORMAT = 1  # raised when what is in a file changes its meaning
_WITHOUT_EFFECT = ("n_jobs",)  # options that change no forecast


@dataclass(frozen=True, kw_only=True)
class KeptWindow:
    """What cannot be had again without fitting."""

    forecast: Forecast
    fit_seconds: float
    predict_seconds: float


@dataclass(frozen=True)
class KeptWindows:
    """The windows in a folder of a backtest of one panel."""

    folder: Path
    basis: str  # digest of what all windows have in common

    @classmethod
    def of(cls, folder: Path | str, panel: Panel, budget_seconds: float | None) -> "KeptWindows":
        """The folder for windows of this panel, made where it is missing."""
        Path(folder).mkdir(parents=True, exist_ok=True)
        return cls(Path(folder), f"{FORMAT} {budget_seconds} {_digest_of(panel)}")

    def read(self, model: Forecaster, past: Panel) -> KeptWindow | None:
        """What an equal model forecast after this very past; None where nothing is kept."""
        path = self._path(model, past)
        if not path.is_file():
            return None
        try:
            with safe_open(path, framework="numpy") as file:
                state = json.loads((file.metadata() or {}).get("state", "{}"))
                arrays = {name: file.get_tensor(name) for name in ("mean", "quantiles")}
        except (SafetensorError, OSError, ValueError) as error:
            warnings.warn(
                f"{path} cannot be read ({error}); the window is done again.", stacklevel=2
            )
            return None
        if state.get("digest") != self._digest(model, past):
            return None
        forecast = Forecast(
            **arrays,
            quantile_levels=tuple(state["quantile_levels"]),
            series_ids=past.series_ids,
            timestamps=past.future_timestamps(model.config.horizon),
            cutoff=past.cutoff,
            notes=tuple(Note(past.series_ids[at], *said) for at, *said in state["notes"]),
            step_correlation=state["step_correlation"],
        )
        return KeptWindow(
            forecast=forecast,
            fit_seconds=state["fit_seconds"],
            predict_seconds=state["predict_seconds"],
        )

    def write(self, model: Forecaster, past: Panel, window: KeptWindow) -> None:
        """Keep a window. A backtest does not fail for want of it; that is a warning."""
        if not self.folder.is_dir():  # a machine of a cluster that does not see the run folder
            return
        forecast = window.forecast
        notes = forecast.notes
        at = past.series_ids.get_indexer(pd.Index([note.series_id for note in notes], dtype=object))
        state = {
            "digest": self._digest(model, past),
            "quantile_levels": forecast.quantile_levels,
            "notes": [(int(k), each.used, each.reason) for k, each in zip(at, notes, strict=True)],
            "step_correlation": float(forecast.step_correlation),
            "fit_seconds": window.fit_seconds,
            "predict_seconds": window.predict_seconds,
        }
        arrays = {
            "mean": np.ascontiguousarray(forecast.mean),
            "quantiles": np.ascontiguousarray(forecast.quantiles),
        }
        path = self._path(model, past)
        fresh = path.with_name(f".{path.name}.{secrets.token_hex(4)}")  # two machines may do one
        try:
            save_file(arrays, fresh, {"state": json.dumps(state)})
            with fresh.open("rb") as file:
                os.fsync(file.fileno())
            os.replace(fresh, path)
        except (SafetensorError, OSError) as error:
            fresh.unlink(missing_ok=True)
            warnings.warn(f"{path} could not be written ({error}).", stacklevel=2)

    def _path(self, model: Forecaster, past: Panel) -> Path:
        return self.folder / f"{model.name}-{past.cutoff:%Y%m%dT%H%M%S}.safetensors"

    def _digest(self, model: Forecaster, past: Panel) -> str:
        options = {
            name: value
            for name, value in asdict(model.config).items()
            if name not in _WITHOUT_EFFECT
        }
        described = [
            self.basis,
            model.name,
            options,
            str(past.cutoff),
            list(map(str, past.series_ids)),
        ]
        text = json.dumps(described, sort_keys=True, default=str)
        return hashlib.blake2b(text.encode(), digest_size=16).hexdigest()


def _digest_of(panel: Panel) -> str:
    """A fingerprint of all that a panel holds."""
    total = hashlib.blake2b(digest_size=16)
    described = [
        panel.freq, str(panel.timestamps[0]), panel.known_names, panel.past_names,
        list(map(str, panel.static_features.columns)), list(map(str, panel.series_ids)),
    ]  # fmt: skip
    total.update(json.dumps(described).encode())
    for array in (panel.target, panel.known_covariates, panel.past_covariates):
        total.update(str(array.shape).encode())
        total.update(np.ascontiguousarray(array).data)
    statics = pd.util.hash_pandas_object(panel.static_features.astype(str))
    total.update(statics.to_numpy().tobytes())
    return total.hexdigest()
