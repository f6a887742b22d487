"""Gradient boosting: one LightGBM model of all series, from lags, calendar and covariates.

Two models are boosted for every step ahead at once: the mean, and the size of its errors. Quantiles
are those of standardised errors among forecasts of like size and spread, made as wide as past
windows say, and whole where sales are. One model per quantile took twenty times as long and was
less accurate.
Shape suffixes: B series, H horizon, Q levels, R rows, F features.
"""

import time
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Self

import numpy as np

from forecasting.arrays import BoolArray, Float32Array, FloatArray
from forecasting.boosting import Boosting, digest, read_booster
from forecasting.errors import ConfigError, NotFittedError
from forecasting.forecast import DEFAULT_QUANTILE_LEVELS, Forecast, check_quantile_levels
from forecasting.future import KnownFuture, known_future_array
from forecasting.ladder import Ladder
from forecasting.networks.presets import is_large
from forecasting.panel import Panel
from forecasting.progress import OnProgress, Reporter
from forecasting.residuals import Residuals
from forecasting.rows import CHUNK, Block, Origins, Rows, sample_blocks, sample_rows
from forecasting.storage import config_from, read_config, write_config
from forecasting.tabular import Layout, Table
from forecasting.widths import Widths, rounded, whole_series

if TYPE_CHECKING:
    from lightgbm import Booster

LEAST_SPREAD = 1e-3  # of the scale: errors are divided by it
TWEEDIE: dict[str, Any] = {"objective": "tweedie"}  # positive, mostly small, sometimes zero
POISSON: dict[str, Any] = {"objective": "poisson"}  # whose forecasts add up to what was sold
MOST_LEVEL = 1.25  # a factor beyond is no trend
EARLIER = 4  # windows before those held out, that bands are judged on besides
HELD_SHARE = 2 / 3  # of all weight that the windows held out have
MANY_ROWS = 100_000  # from which on trees get 31 leaves
FEWEST_ORIGINS = 60
STAGES = 3  # of a fit that are reported


@dataclass(frozen=True, kw_only=True)
class GbmConfig:
    """Options of gradient boosting."""

    horizon: int  # steps ahead
    quantile_levels: tuple[float, ...] = DEFAULT_QUANTILE_LEVELS
    seed: int = 0
    seasonality: int | None = None  # steps per season; None takes the frequency's
    num_rounds: int = 600  # trees of the mean at most; early stopping takes fewer
    patience: int = 30  # rounds without progress on the last windows after which it stops
    learning_rate: float = 0.06
    num_leaves: int | None = None  # per tree; None takes 15 for few rows, 31 for many
    max_rows: int = 300_000  # rows that are learned from
    max_origins: int = 300  # cutoffs that rows are made at; fewer where rows are many
    volume_weight: float = 0.5  # weight of a row is its scale to this power: 0 all alike, 1 as WQL
    round_counts: bool = True  # quantiles of series of whole numbers are whole, so zero can be one
    calibrate: bool = True  # bands are made as wide as past windows say they should have been
    num_threads: int = 1

    def __post_init__(self) -> None:
        check_quantile_levels(self.quantile_levels)
        counts = ("horizon", "seasonality", "num_rounds", "patience", "max_rows", "max_origins")
        for name in (*counts, "num_threads"):
            value = getattr(self, name)
            if value is not None and (not isinstance(value, int) or value < 1):
                raise ConfigError(f"{name}={value!r} must be a whole number of at least 1.")
        if self.num_leaves is not None and self.num_leaves < 2:
            raise ConfigError(f"num_leaves={self.num_leaves} must be at least 2.")
        if not 0 < self.learning_rate <= 1:
            raise ConfigError(f"learning_rate={self.learning_rate} must be above 0, at most 1.")


@dataclass(frozen=True, eq=False)
class Trees:
    """Boosted models of mean and spread, and the distribution of what they leave."""

    mean: "Booster"
    spread: "Booster"
    residuals: Residuals
    level: float = 1.0  # by which means of the last long season were too low


class Gbm:
    """The forecaster; its models are saved as LightGBM's text."""

    name: ClassVar[str] = "gbm"
    config_class: ClassVar[type[GbmConfig]] = GbmConfig
    uses_known_covariates: ClassVar[bool] = True

    def __init__(self, config: GbmConfig) -> None:
        self.config = config
        self._layout: Layout | None = None
        self._trees: Trees | None = None
        self._widths: Widths | None = None

    def fit(
        self,
        panel: Panel,
        *,
        on_progress: OnProgress | None = None,
        budget_seconds: float | None = None,
    ) -> Self:
        """Learn from all series; how many trees, the last windows before the cutoff decide.

        Then everything is learned again with those windows. Where the budget ends before, the
        trees that do not know them are kept.
        """
        config = self.config
        season = config.seasonality or panel.seasonality
        self._layout = Layout.of(panel, horizon=config.horizon, seasonality=season)
        self._trees = self._widths = None
        boosting = self._boosting(budget_seconds)
        table = Table(panel, self._layout, None)
        origins = Origins.of(panel, self._layout, self._num_origins(panel))
        reporter = Reporter(on_progress, f"{self.name}: boosting", STAGES)
        known = self._sample(table, panel, origins.known)
        if known is None:
            return self
        rounds = max(config.num_rounds // 5, 1)
        learned = self._sample(table, panel, origins.before_validation)
        held = sample_blocks(
            table, panel, origins.validation, most=config.max_rows // 3, seed=config.seed
        )
        positive = not bool((panel.target < 0).any())
        if learned is not None and held:
            self._trees = self._grow(boosting, learned, config.num_rounds, positive, held)
            rounds = self._trees.mean.current_iteration()
            reporter.at(1)
            if config.calibrate:
                self._widths = self._judged(boosting, table, panel, origins, held)
        reporter.at(2)
        if self._trees is None or not boosting.is_over():
            self._trees = self._grow(boosting, known, rounds, positive, [])
        if positive and is_large(panel.num_series, panel.length):
            self._trees = self._levelled(boosting, self._trees, table, panel, origins)
        reporter.at(STAGES)
        return self

    def predict(self, panel: Panel, *, known_future: KnownFuture | None = None) -> Forecast:
        """The forecast after the panel's cutoff; with known covariates, `known_future` is needed.

        Raises `PanelError` where covariates, static features or frequency are not those of `fit`.
        """
        layout = self._fitted_layout()
        layout.check(panel)
        table = Table(panel, layout, known_future_array(panel, known_future, layout.horizon))
        levels, origin = self.config.quantile_levels, panel.length - 1
        ladder = Ladder.of(
            panel, horizon=layout.horizon, levels=levels, seasonality=layout.seasonality
        )
        if self._trees is None:
            return ladder.without_model("too little history of all series for gradient boosting")
        series, whole = ladder.open, self._whole(panel)
        mean = np.empty((len(series), layout.horizon))
        quantiles = np.empty((len(series), layout.horizon, len(levels)))
        boosting = self._boosting(None)
        for start in range(0, len(series), CHUNK):
            some = series[start : start + CHUNK]
            scale = table.scale(origin, some)
            scale = np.where(scale > 0, scale, 1.0)
            block = slice(start, start + CHUNK)
            features = table.rows(origin, some, scale)
            mean[block], quantiles[block] = self._distribution(
                boosting, features, scale, whole[some]
            )
        return ladder.forecast(mean, quantiles)

    def save(self, folder: Path | str) -> None:
        """Write config.json and two LightGBM text files into the folder."""
        layout = self._fitted_layout()
        fitted: dict[str, Any] = {"layout": layout.to_json(), "files": {}}
        if self._widths is not None:
            fitted["widths"] = self._widths.to_json()
        if self._trees is not None:
            fitted["level"] = self._trees.level
            fitted["residuals"] = self._trees.residuals.to_json()
            Path(folder).mkdir(parents=True, exist_ok=True)
            for name in ("mean", "spread"):
                text = getattr(self._trees, name).model_to_string()
                (Path(folder) / f"{name}.txt").write_text(text, encoding="utf-8")
                fitted["files"][name] = digest(text)
        write_config(folder, self.name, self.config, fitted)

    @classmethod
    def load(cls, folder: Path | str) -> Self:
        """The model that `save` wrote. Raises `ConfigError` for foreign or damaged files."""
        content = read_config(folder)
        model = cls(config_from(cls.config_class, content["config"], cls.name))
        fitted = content["fitted"]
        try:
            model._layout = Layout.from_json(fitted["layout"])
            if "widths" in fitted:
                model._widths = Widths.from_json(fitted["widths"])
            if fitted["files"]:
                features = len(model._layout.names)
                model._trees = Trees(
                    mean=read_booster(Path(folder) / "mean.txt", fitted["files"]["mean"], features),
                    spread=read_booster(
                        Path(folder) / "spread.txt", fitted["files"]["spread"], features
                    ),
                    residuals=Residuals.from_json(fitted["residuals"]),
                    level=float(fitted["level"]),
                )
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise ConfigError(
                f"config.json in {folder} holds no complete {cls.name} model ({error!r}). "
                "Save the model again."
            ) from error
        return model

    def _fitted_layout(self) -> Layout:
        if self._layout is None:
            raise NotFittedError(f"Model {self.name!r} is not fitted. Call fit(panel) first.")
        return self._layout

    def _boosting(self, budget_seconds: float | None) -> Boosting:
        config = self.config
        return Boosting(
            learning_rate=config.learning_rate,
            num_leaves=config.num_leaves or 31,
            patience=config.patience,
            seed=config.seed,
            num_threads=config.num_threads,
            deadline=None if budget_seconds is None else time.monotonic() + budget_seconds,
        )

    def _num_origins(self, panel: Panel) -> int:
        """Enough for twice the rows that are drawn: a few series need many origins."""
        enough = 2 * self.config.max_rows // max(panel.num_series * self.config.horizon, 1)
        return min(max(enough, FEWEST_ORIGINS), self.config.max_origins)

    def _sample(self, table: Table, panel: Panel, origins: list[int]) -> Rows | None:
        most, seed = self.config.max_rows, self.config.seed
        return sample_rows(table, panel, origins, most=most, seed=seed)

    def _grow(
        self, boosting: Boosting, rows: Rows, rounds: int, positive: bool, held: list[Block]
    ) -> Trees:
        """Trees of the mean, checked on held windows where there are any, then of the spread."""
        layout = self._fitted_layout()
        categorical = [layout.names.index(name) for name in layout.categorical]
        power = self.config.volume_weight
        leaves = self.config.num_leaves or (31 if len(rows.target) >= MANY_ROWS else 15)
        boosting = replace(boosting, num_leaves=leaves)
        dataset = boosting.dataset(rows.features, rows.target, rows.weight(power), categorical)
        check = None
        if held:
            kept = Rows.joined([block.rows for block in held])
            check = boosting.dataset(
                kept.features, kept.target, kept.weight(power), categorical, dataset
            )
        booster = boosting.grow(
            dataset, POISSON if positive else {"objective": "l2"}, rounds, check
        )
        mean = boosting.values(booster, rows.features)
        dataset.set_label(np.maximum(np.abs(rows.target - mean), LEAST_SPREAD))
        trees = max(booster.current_iteration() // 2, 10)
        spreads = boosting.grow(dataset, TWEEDIE, trees)
        spread = np.maximum(boosting.values(spreads, rows.features), LEAST_SPREAD)
        residuals = Residuals.fit(
            rows.target, mean, spread, rows.scale, self.config.quantile_levels
        )
        return Trees(booster, spreads, residuals)

    def _levelled(
        self, boosting: Boosting, trees: Trees, table: Table, panel: Panel, origins: Origins
    ) -> Trees:
        """Trees whose means of the last long season add up to what was sold.

        Rows of all years count alike, so where sales grow the mean is too low at their end: by
        1.5 % on M5. Only large panels tell it: on six of thousands of series or fewer it did harm.
        """
        last = origins.known[-1]
        recent = [each for each in origins.known if each > last - table.long_season]
        rows = self._sample(table, panel, recent)
        if rows is None:
            return trees
        sold = float(rows.target @ rows.scale)
        forecast = float(boosting.values(trees.mean, rows.features) @ rows.scale)
        level = np.clip(sold / forecast, 1 / MOST_LEVEL, MOST_LEVEL) if sold and forecast else 1.0
        return replace(trees, level=float(level))

    def _distribution(
        self, boosting: Boosting, features: Float32Array, scale: FloatArray, whole: BoolArray
    ) -> tuple[FloatArray, FloatArray]:
        """Mean (B, H) and corrected quantiles (B, H, Q) in units of sales."""
        assert self._trees is not None
        mean, quantiles = self._uncorrected(boosting, features, scale)
        if self._widths is not None:
            quantiles = self._widths.moved(quantiles, scale)
        return mean * self._trees.level, rounded(quantiles, whole)

    def _uncorrected(
        self, boosting: Boosting, features: Float32Array, scale: FloatArray
    ) -> tuple[FloatArray, FloatArray]:
        assert self._trees is not None
        trees = self._trees
        mean = boosting.values(trees.mean, features)
        spread = np.maximum(boosting.values(trees.spread, features), LEAST_SPREAD)
        scales = np.broadcast_to(scale[:, None], mean.shape)
        found = trees.residuals.around(mean.ravel(), spread.ravel(), scales.ravel())
        quantiles = found.reshape(*mean.shape, -1)
        if (mean >= 0).all():
            quantiles = np.maximum(quantiles, 0.0)
        return mean * scales, quantiles * scales[..., None]

    def _judged(
        self, boosting: Boosting, table: Table, panel: Panel, origins: Origins, held: list[Block]
    ) -> Widths:
        """Widths by windows that the trees do not know and, as these share a cutoff or two whose
        shock is no measure of a band, by a few before them, which count less.
        """
        config = self.config
        first = min(origins.validation)
        before = [first - k * table.horizon for k in range(1, EARLIER + 1)]
        known = sample_blocks(table, panel, before, most=config.max_rows // 3, seed=config.seed)
        both = [*held, *known]
        weights = np.ones(sum(len(block.series) for block in both))
        unseen = sum(len(block.series) for block in held)
        if known:
            odds = HELD_SHARE / (1 - HELD_SHARE)
            weights[:unseen] = odds * (len(weights) - unseen) / unseen
        found = [self._uncorrected(boosting, block.features, block.scale)[1] for block in both]
        return Widths.fit(
            np.concatenate(found),
            np.concatenate([block.actual for block in both]),
            np.concatenate([block.scale for block in both]),
            config.quantile_levels,
            whole=self._whole(panel)[np.concatenate([block.series for block in both])],
            weights=weights,
        )

    def _whole(self, panel: Panel) -> BoolArray:
        """Which series (N,) get whole quantiles."""
        return np.asarray(whole_series(panel.target) & self.config.round_counts)
