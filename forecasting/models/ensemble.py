"""Ensemble: the quantiles of several models averaged, with weights from windows before the cutoff.

The members forecast inner windows that they were not fitted on; the weights are those whose average
would have had the least quantile loss there. Bands of a mixture are made as wide as these windows
say, where that pays in windows it was not learned from, and whole where sales are. Shape suffixes:
M members, B series, H horizon, Q levels.
"""

import dataclasses
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar, Self

import numpy as np

from forecasting.arrays import BoolArray, FloatArray
from forecasting.errors import ConfigError, NotFittedError
from forecasting.forecast import DEFAULT_QUANTILE_LEVELS, Forecast, Note, check_quantile_levels
from forecasting.future import KnownFuture, known_future_array
from forecasting.models import create, load, with_processes
from forecasting.panel import Panel
from forecasting.progress import OnProgress, led_by
from forecasting.protocol import Forecaster, pass_interrupt_on
from forecasting.storage import config_from, read_config, write_config
from forecasting.weights import least_loss_weights, total_loss
from forecasting.widths import Widths, rounded, whole_series

DEFAULT_MEMBERS = ("seasonal_naive", "theta", "ets", "gbm")
LEAST_HISTORY = 8  # steps before an inner cutoff


@dataclass(frozen=True, kw_only=True)
class EnsembleConfig:
    """Options of the ensemble."""

    horizon: int  # steps ahead
    quantile_levels: tuple[float, ...] = DEFAULT_QUANTILE_LEVELS
    seed: int = 0
    members: tuple[str, ...] = DEFAULT_MEMBERS  # names of models
    member_options: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)  # per member
    num_windows: int = 2  # inner windows, each of the horizon's length, that weights come from
    max_series: int = 3000  # series, at random, that inner windows are forecast for
    round_counts: bool = True  # quantiles of series of whole numbers are whole, so zero can be one
    calibrate: bool = True  # bands are made as wide as the inner windows say they should have been
    n_jobs: int = 1  # processes of members that use several

    def __post_init__(self) -> None:
        check_quantile_levels(self.quantile_levels)
        for name in ("horizon", "num_windows", "max_series", "n_jobs"):
            value = getattr(self, name)
            if not isinstance(value, int) or value < 1:
                raise ConfigError(f"{name}={value!r} must be a whole number of at least 1.")
        if not self.members or len(set(self.members)) < len(self.members):
            raise ConfigError(f"members={self.members} must be different models, at least one.")
        if "ensemble" in self.members:
            raise ConfigError("An ensemble cannot be a member of itself. Name other models.")
        if foreign := sorted(set(self.member_options) - set(self.members)):
            raise ConfigError(
                f"member_options name {', '.join(foreign)}; members are {', '.join(self.members)}."
            )


class Ensemble:
    """The forecaster; it keeps its members fitted on all of the panel, weights and widths."""

    name: ClassVar[str] = "ensemble"
    config_class: ClassVar[type[EnsembleConfig]] = EnsembleConfig
    uses_known_covariates: ClassVar[bool] = True

    def __init__(self, config: EnsembleConfig) -> None:
        self.config = config
        self._members: list[Forecaster] = []
        self._weights: FloatArray = np.empty(0)
        self._widths: Widths | None = None
        for name in config.members:
            self._create(name)  # an unknown member or option is refused before hours are spent

    @property
    def weights(self) -> dict[str, float]:
        """The share of each member, from the fit; they sum to one."""
        return dict(zip(self.config.members, self._weights.tolist(), strict=True))

    @property
    def members(self) -> list[tuple[Forecaster, float]]:
        """The fitted members that have a weight, each with it."""
        self._require_fit()
        chosen = np.flatnonzero(self._weights > 0)
        return [(self._members[at], float(self._weights[at])) for at in chosen]

    def fit(
        self,
        panel: Panel,
        *,
        on_progress: OnProgress | None = None,
        budget_seconds: float | None = None,
    ) -> Self:
        """Weigh the members on inner windows, then fit each on the whole panel."""
        parts = _Budget(budget_seconds, 2 * len(self.config.members))
        cutoffs = self._inner_cutoffs(panel)
        self._weights = np.full(len(self.config.members), 1 / len(self.config.members))
        self._widths = None
        if cutoffs:
            self._weigh(_some(panel, self.config), cutoffs, parts, on_progress)
        self._members = []
        for at, name in enumerate(self.config.members):
            report = led_by(on_progress, f"[{name}, whole history]")
            member = self._create(name)
            if self._weights[at] > 0:
                member.fit(panel, on_progress=report, budget_seconds=parts.next())
                pass_interrupt_on(member)
            self._members.append(member)
        return self

    def predict(self, panel: Panel, *, known_future: KnownFuture | None = None) -> Forecast:
        """The weighted average of the members' forecasts, bands corrected."""
        self._require_fit()
        if any(member.uses_known_covariates for member in self._members):
            # Asked for even where no member with a weight reads it: weights change with every fit.
            known_future = known_future_array(panel, known_future, self.config.horizon)
        chosen = np.flatnonzero(self._weights > 0)
        forecasts = [self._members[at].predict(panel, known_future=known_future) for at in chosen]
        average = _average(forecasts, self._weights[chosen])
        quantiles = average.quantiles
        if self._widths is not None:
            quantiles = self._widths.moved(quantiles, _volumes(panel))
        return dataclasses.replace(average, quantiles=rounded(quantiles, self._whole(panel)))

    def save(self, folder: Path | str) -> None:
        """Write config.json, and every member that has a weight into a folder of its own."""
        self._require_fit()
        widths = None if self._widths is None else self._widths.to_json()
        fitted = {"weights": self._weights.tolist(), "widths": widths}
        write_config(folder, self.name, self.config, fitted)
        for at in np.flatnonzero(self._weights > 0):
            self._members[at].save(Path(folder) / "members" / self.config.members[at])

    @classmethod
    def load(cls, folder: Path | str) -> Self:
        """The model that `save` wrote. Raises `ConfigError` for foreign or damaged files."""
        content = read_config(folder)
        model = cls(config_from(cls.config_class, content["config"], cls.name))
        members = model.config.members
        try:
            model._weights = np.array(content["fitted"]["weights"], dtype=np.float64)
            given = content["fitted"]["widths"]
            model._widths = None if given is None else Widths.from_json(given)
        except (KeyError, TypeError, ValueError) as error:
            raise ConfigError(
                f"{folder} holds no complete {cls.name} ({error}). Save the model again."
            ) from error
        if model._weights.shape != (len(members),):
            raise ConfigError(
                f"{folder} has {model._weights.size} weights for {len(members)} members. "
                "Save the model again."
            )
        model._members = [
            load(Path(folder) / "members" / name) if weight > 0 else model._create(name)
            for name, weight in zip(members, model._weights, strict=True)
        ]
        return model

    def _create(self, name: str) -> Forecaster:
        config = self.config
        options = with_processes(name, config.member_options.get(name, {}), config.n_jobs)
        return create(
            name,
            horizon=config.horizon,
            quantile_levels=config.quantile_levels,
            seed=config.seed,
            **options,
        )

    def _require_fit(self) -> None:
        if not self._members:
            raise NotFittedError(f"Model {self.name!r} is not fitted. Call fit(panel) first.")

    def _inner_cutoffs(self, panel: Panel) -> list[int]:
        """Steps of the inner cutoffs, the earliest first; none where the history is too short."""
        horizon = self.config.horizon
        last = panel.length - 1 - horizon
        least = max(LEAST_HISTORY, min(2 * panel.seasonality, panel.length // 2))
        found = [last - k * horizon for k in range(self.config.num_windows)]
        return sorted(each for each in found if each + 1 >= least)

    def _weigh(
        self,
        panel: Panel,
        cutoffs: Sequence[int],
        parts: "_Budget",
        on_progress: OnProgress | None,
    ) -> None:
        """Weights and widths of bands from forecasts of the inner windows.

        A member is fitted once, at the earliest inner cutoff, and forecasts every window from
        there: it never saw what it is judged by.
        """
        windows = [panel.until(panel.timestamps[cutoff]) for cutoff in cutoffs]
        ahead = [slice(cutoff + 1, cutoff + 1 + self.config.horizon) for cutoff in cutoffs]
        found: list[list[Forecast]] = []
        for name in self.config.members:
            report = led_by(on_progress, f"[{name}, inner windows]")
            member = self._create(name)
            member.fit(windows[0], on_progress=report, budget_seconds=parts.next())
            pass_interrupt_on(member)
            found.append(
                [
                    member.predict(past, known_future=panel.known_covariates[:, steps])
                    for past, steps in zip(windows, ahead, strict=True)
                ]
            )
        stacked = np.stack([np.concatenate([each.quantiles for each in per]) for per in found])
        self._weights = least_loss_weights(
            [np.stack([each.quantiles for each in per]) for per in zip(*found, strict=True)],
            [panel.target[:, steps] for steps in ahead],
            self.config.quantile_levels,
        )
        if self.config.calibrate and np.count_nonzero(self._weights) > 1:
            average = np.tensordot(self._weights, stacked, axes=1)
            seen = [
                Window(quantiles, panel.target[:, steps], _volumes(past), self._whole(past))
                for quantiles, steps, past in zip(
                    np.split(average, len(windows)), ahead, windows, strict=True
                )
            ]
            self._widths = widths_that_pay(seen, self.config.quantile_levels)

    def _whole(self, panel: Panel) -> BoolArray:
        """Which series (N,) get whole quantiles."""
        return np.asarray(whole_series(panel.target) & self.config.round_counts)


@dataclass(frozen=True, eq=False)
class Window:
    """What a mixture forecast of an inner window, and what came."""

    quantiles: FloatArray  # (B, H, Q)
    actual: FloatArray  # (B, H)
    volume: FloatArray  # (B,)
    whole: BoolArray  # (B,)

    def loss(self, levels: tuple[float, ...], widths: Widths | None = None) -> float:
        """The sum of pinball losses, with bands of these widths."""
        found = self.quantiles if widths is None else widths.moved(self.quantiles, self.volume)
        return total_loss(rounded(found, self.whole), self.actual, levels)


def widths_that_pay(windows: Sequence[Window], levels: tuple[float, ...]) -> Widths | None:
    """Widths from all windows; none where those from the others do no good in each of them.

    Members have bands of their own, and what all inner windows shared need not come again: on
    avocado widths from two windows lost 9 %.
    """
    before = sum(each.loss(levels) for each in windows)
    after = sum(
        each.loss(levels, _widths_of([other for other in windows if other is not each], levels))
        for each in windows
    )
    return _widths_of(windows, levels) if len(windows) > 1 and after < before else None


def _widths_of(windows: Sequence[Window], levels: tuple[float, ...]) -> Widths:
    if not windows:
        return Widths.unchanged(levels)
    return Widths.fit(
        np.concatenate([each.quantiles for each in windows]),
        np.concatenate([each.actual for each in windows]),
        np.concatenate([each.volume for each in windows]),
        levels,
        whole=np.concatenate([each.whole for each in windows]),
    )


class _Budget:
    """Seconds for each of several parts: what is left, in equal shares."""

    def __init__(self, seconds: float | None, parts: int) -> None:
        self._end = None if seconds is None else time.monotonic() + seconds
        self._parts = parts

    def next(self) -> float | None:
        self._parts, left = self._parts - 1, max(self._parts, 1)
        return None if self._end is None else max(self._end - time.monotonic(), 0.0) / left


def _some(panel: Panel, config: EnsembleConfig) -> Panel:
    """The panel, or a random sample of its series where it has very many."""
    if panel.num_series <= config.max_series:
        return panel
    rng = np.random.default_rng(config.seed)
    chosen = np.sort(rng.choice(panel.num_series, config.max_series, replace=False))
    return panel.subset(panel.series_ids[chosen])


def _volumes(panel: Panel) -> FloatArray:
    """The mean size (N,) of each series' last year or so, by which bands are grouped."""
    recent = np.abs(panel.target[:, -max(52, 2 * panel.seasonality) :])
    known = ~np.isnan(recent)
    return np.asarray(np.nansum(recent, axis=1) / np.maximum(known.sum(axis=1), 1))


def _average(forecasts: Sequence[Forecast], weights: FloatArray) -> Forecast:
    """The weighted average; a note is kept where all members fell back, or the heaviest did."""
    mean = sum(w * each.mean for w, each in zip(weights, forecasts, strict=True))
    quantiles = sum(w * each.quantiles for w, each in zip(weights, forecasts, strict=True))
    heaviest = forecasts[int(np.argmax(weights))]
    notes: dict[object, Note] = {note.series_id: note for note in heaviest.notes}
    return dataclasses.replace(
        heaviest,
        mean=np.asarray(mean),
        quantiles=np.asarray(quantiles),
        notes=tuple(notes.values()),
    )
