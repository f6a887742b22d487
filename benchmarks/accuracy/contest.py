"""Contest: the data of one comparison, its cutoffs, and what is counted as truth.

Shape suffixes: N series, T steps, H horizon, K known covariates.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Self

import numpy as np
import pandas as pd

import forecasting as fc
from forecasting import metrics
from forecasting.arrays import Float32Array

NUM_WINDOWS = 3
THIRDS = ("low", "middle", "high")  # thirds of the series by volume before the first cutoff


@dataclass(frozen=True, kw_only=True, eq=False)
class Contest:
    """A panel whose last `NUM_WINDOWS` horizons are forecast."""

    name: str
    title: str  # for people: what it is and what is known ahead
    panel: fc.Panel
    horizon: int  # steps
    input_size: int  # steps that neural peers read

    def __post_init__(self) -> None:
        if self.cutoffs[0] < 1:
            raise ValueError(
                f"{self.name}: {self.panel.length} steps are too few for {NUM_WINDOWS} windows of "
                f"{self.horizon}. Use more history or a shorter horizon."
            )

    @property
    def cutoffs(self) -> list[int]:
        """Steps of the cutoffs, the earliest first."""
        last = self.panel.length - 1 - self.horizon
        return [last - k * self.horizon for k in reversed(range(NUM_WINDOWS))]

    def past(self, cutoff: int) -> fc.Panel:
        """What is known at a cutoff: all that a rival may learn from."""
        return self.panel.until(self.panel.timestamps[cutoff])

    def ahead(self, cutoff: int) -> Float32Array:
        """Known covariates (N, H, K) of the window after a cutoff, NaN where unknown."""
        return self.panel.known_covariates[:, cutoff + 1 : cutoff + 1 + self.horizon]

    def entered(self) -> Self:
        """The contest of those series alone that were observed before the first cutoff."""
        entered = self.panel.launched <= self.cutoffs[0]
        return replace(self, panel=self.panel.subset(self.panel.series_ids[entered]))

    def sampled(self, series: int) -> Self:
        """At most so many series, chosen at random, the same in every run."""
        ids = self.panel.series_ids
        if series >= len(ids):
            return self
        chosen = np.sort(np.random.default_rng(0).choice(len(ids), series, replace=False))
        return replace(self, panel=self.panel.subset(ids[chosen]))

    def without_covariates(self) -> Self:
        """The same contest with nothing known of the future."""
        panel = self.panel
        nothing = np.empty((panel.num_series, panel.length, 0), dtype=np.float32)
        return replace(self, panel=replace(panel, known_covariates=nothing, known_names=()))

    def truth(self) -> pd.DataFrame:
        """One row per observed step of the windows, and what scoring needs to know.

        Columns cutoff, series_id, timestamp, actual, scale (mean absolute seasonal change before
        the cutoff, NaN without any), floor (least value a forecast may have) and third.
        """
        thirds = self._thirds()
        frames = []
        for cutoff in self.cutoffs:
            past = self.past(cutoff)
            scale, _ = metrics.seasonal_errors(past.target, past.seasonality)
            floor = np.where(np.nanmin(past.target, axis=1) >= 0, 0.0, -np.inf)
            steps = range(cutoff + 1, cutoff + 1 + self.horizon)
            rows = np.arange(past.num_series).repeat(self.horizon)
            frame = pd.DataFrame(
                {
                    "cutoff": past.cutoff,
                    "series_id": past.series_ids.take(rows),
                    "timestamp": np.tile(self.panel.timestamps[list(steps)], past.num_series),
                    "actual": self.panel.target[:, steps].reshape(-1),
                    "scale": scale[rows],
                    "floor": floor[rows],
                    "third": thirds[rows],
                }
            )
            frames.append(frame.dropna(subset="actual"))
        return pd.concat(frames, ignore_index=True)

    def fingerprint(self) -> str:
        """A digest of all numbers: stored results count only for the same data."""
        panel, digest = self.panel, hashlib.sha256()
        for array in (panel.target, panel.known_covariates):
            digest.update(np.ascontiguousarray(array).tobytes())
        words = [*panel.series_ids, *panel.known_names, *panel.static_features.columns]
        digest.update(json.dumps([str(word) for word in words]).encode())
        digest.update(f"{self.horizon} {self.input_size} {NUM_WINDOWS} {panel.freq}".encode())
        return digest.hexdigest()[:16]

    def save(self, folder: Path) -> None:
        """Write what `load` reads, so that rivals' processes need not read the raw data."""
        folder.mkdir(parents=True, exist_ok=True)
        self.panel.to_frame().to_parquet(folder / "panel.parquet", index=False)
        self.truth().to_parquet(folder / "truth.parquet", index=False)
        card = {
            "name": self.name,
            "title": self.title,
            "horizon": self.horizon,
            "input_size": self.input_size,
            "freq": self.panel.freq,
            "known_covariates": self.panel.known_names,
            "static_features": list(self.panel.static_features.columns),
        }
        (folder / "contest.json").write_text(json.dumps(card, indent=1))

    @classmethod
    def load(cls, folder: Path) -> Self:
        """The contest that `save` wrote."""
        card: Mapping[str, Any] = json.loads((folder / "contest.json").read_text())
        panel = fc.Panel.from_frame(
            pd.read_parquet(folder / "panel.parquet"),
            card["freq"],
            known_covariates=card["known_covariates"],
            static_features=card["static_features"],
        )
        return cls(
            name=card["name"],
            title=card["title"],
            panel=panel,
            horizon=card["horizon"],
            input_size=card["input_size"],
        )

    def _thirds(self) -> np.ndarray[Any, Any]:
        """The third (N,) of each series by its mean before the first cutoff."""
        means = np.nanmean(self.past(self.cutoffs[0]).target, axis=1)
        rank = means.argsort(kind="stable").argsort()
        return np.asarray(np.array(THIRDS)[rank * len(THIRDS) // len(rank)])
