"""All rivals by name: what each is, which library runs it, and with which options.

To add one: an entry here. Its options are part of the digest that stored results are found by.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib.metadata import version
from pathlib import Path
from typing import Any, Literal

from benchmarks.accuracy.datasets import WITH_COVARIATES
from benchmarks.accuracy.sources import sources_of

Library = Literal["almanac", "statsforecast", "neuralforecast"]
Family = Literal[
    "statistical", "network", "boosting", "ensemble", "neural peer", "ablation", "budget"
]
HERE = Path(__file__).parent
PEERS: dict[Library, list[Path]] = {  # whose change makes a peer's stored results old
    "statsforecast": [HERE / "statistical_peers.py"],
    "neuralforecast": [HERE / "neural_peers.py"],
}
SAMPLE = 100  # series for methods that would take hours for all
SPEED_DATASET = "m5"  # where time to a rival's accuracy is measured
ENSEMBLE = ("theta", "ets", "gbm", "lstm")


@dataclass(frozen=True, kw_only=True)
class Rival:
    """One row of the tables."""

    name: str
    library: Library
    family: Family
    model: str  # its name in the library
    options: Mapping[str, Any] = field(default_factory=dict)
    sample: int | None = None  # series at random that it is run on; None runs all
    only: tuple[str, ...] = ()  # data sets; none runs all
    covariates: bool = True  # False hides what is known ahead

    def digest(self, fingerprint: str, *, smoke: bool) -> str:
        """What a stored result must carry to count as this rival's on these data."""
        played = {
            "model": self.model,
            "options": dict(self.options),
            "sample": self.sample,
            "covariates": self.covariates,
        }
        made = hashlib.sha256(json.dumps(played, sort_keys=True).encode())
        made.update(f"{fingerprint} {smoke}".encode())
        if self.library != "almanac":
            made.update(version(self.library).encode())
        for source in self._sources():
            made.update(source.read_bytes())
        return made.hexdigest()[:16]

    def _sources(self) -> list[Path]:
        """The files whose change makes stored results old."""
        if self.library != "almanac":
            return PEERS[self.library]
        members: tuple[str, ...] = self.options.get("members", ())
        return [HERE / "ours.py", *sources_of([self.model, *members])]


def _ours(model: str, family: Family, **options: Any) -> Rival:
    return Rival(name=model, library="almanac", family=family, model=model, options=options)


def _statistical(model: str, sample: int | None = None) -> Rival:
    return Rival(
        name=model, library="statsforecast", family="statistical", model=model, sample=sample
    )


def _neural(model: str, **options: Any) -> Rival:
    return Rival(
        name=model, library="neuralforecast", family="neural peer", model=model, options=options
    )


_ALL = (
    _ours("seasonal_naive", "statistical"),
    _ours("theta", "statistical"),
    _ours("ets", "statistical"),
    _neural("NHITS"),
    _statistical("SeasonalNaive"),
    _statistical("DynamicOptimizedTheta"),
    _statistical("CrostonSBA"),
    _statistical("AutoETS"),
    _statistical("AutoARIMA", SAMPLE),
    _neural("PatchTST"),
    _neural("LSTM"),
    _neural("TFT", inference_windows_batch_size=256),  # for memory; its forecasts are the same
    _ours("lstm", "network"),
    _ours("gru", "network"),
    _ours("transformer", "network"),
    _ours("gbm", "boosting"),
    _ours("ensemble", "ensemble", members=ENSEMBLE),
    Rival(
        name="lstm without covariates",
        library="almanac",
        family="ablation",
        model="lstm",
        only=WITH_COVARIATES,
        covariates=False,
    ),
)
_BUDGETS = tuple(
    Rival(
        name=f"{model} {steps} steps",
        library="almanac",
        family="budget",
        model=model,
        options={"max_steps": steps},
        only=(SPEED_DATASET,),
    )
    for steps in (25, 50, 100, 200, 400, 800)
    for model in ("lstm", "transformer")
)
RIVALS = {rival.name: rival for rival in (*_ALL, *_BUDGETS)}  # in the order in which they run
