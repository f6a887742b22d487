"""Hierarchy: which series add up to which totals, such as products to categories and places.

A level is a tuple of attribute names: `()` is the total of everything, `("category",)` has a node
per category, `("category", "place")` one per category in a place, and `BOTTOM` is the series
themselves. Nodes are summed by sorted groups, so nothing of the size nodes x series is ever made;
`summing_matrix` is sparse. Shape suffixes: A nodes above the series, B series, N = A + B nodes.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, Self

import numpy as np
import numpy.typing as npt
import pandas as pd

from forecasting.arrays import FloatArray, IntArray
from forecasting.errors import ConfigError, PanelError
from forecasting.forecast import Forecast
from forecasting.panel import Panel
from forecasting.validation import first_of

Level = tuple[str, ...]  # names of attributes; () is the total
TOTAL: Level = ()
BOTTOM: Level = ("series_id",)


@dataclass(frozen=True, kw_only=True, eq=False)
class Hierarchy:
    """Series and the levels they add up to; nodes are ordered by level, the series come last."""

    series_ids: pd.Index  # (B,)
    levels: tuple[Level, ...]  # above the series, in the order given
    nodes: tuple[pd.Index, ...]  # per level the names of its nodes, such as "category=Bread"
    codes: tuple[IntArray, ...]  # per level (B,), the node of each series

    @classmethod
    def from_frame(
        cls, attributes: pd.DataFrame, *, levels: Sequence[Sequence[str]] | None = None
    ) -> Self:
        """The hierarchy of series from their attributes: one row per series, series_id as index.

        A column series_id is taken as the index. Without `levels` these are the total and every
        column. Raises `PanelError` for series that occur twice or lack an attribute, and
        `ConfigError` for levels that are no attributes.
        """
        attributes = by_series(attributes)
        ids, names = attributes.index, list(attributes.columns)
        chosen = _checked_levels([(), *((name,) for name in names)] if levels is None else levels)
        if unknown := sorted({name for level in chosen for name in level} - set(names)):
            raise ConfigError(
                f"levels name attributes that are not there: {first_of(unknown)}. The frame has "
                f"{first_of(names)}."
            )
        _check_series(ids)
        needed = [name for name in names if any(name in level for level in chosen)]
        _check_complete(attributes, needed)
        grouped = [_nodes_of(attributes, level) for level in chosen]
        hierarchy = cls(
            series_ids=ids.rename("series_id"),
            levels=chosen,
            nodes=tuple(nodes for nodes, _ in grouped),
            codes=tuple(codes for _, codes in grouped),
        )
        _check_names(hierarchy.node_ids)
        return hierarchy

    @property
    def num_series(self) -> int:
        return len(self.series_ids)

    @cached_property
    def upper_ids(self) -> pd.Index:
        """(A,) names of the nodes above the series."""
        return pd.Index([name for nodes in self.nodes for name in nodes], dtype=object)

    @cached_property
    def node_ids(self) -> pd.Index:
        """(N,) names of all nodes, the series last; the order of every array over nodes."""
        return pd.Index([*self.upper_ids, *self.series_ids], dtype=object, name="series_id")

    def rows(self, level: Sequence[str]) -> slice:
        """Where the nodes of a level are among all nodes."""
        level, sizes = tuple(level), [len(nodes) for nodes in self.nodes]
        if level == BOTTOM:
            return slice(sum(sizes), sum(sizes) + self.num_series)
        if level not in self.levels:
            raise ConfigError(f"level {level} is unknown. Levels: {first_of(self.levels)}.")
        at = self.levels.index(level)
        return slice(sum(sizes[:at]), sum(sizes[: at + 1]))

    def children(self, node: str) -> pd.Index:
        """The series that add up to a node."""
        for nodes, codes in zip(self.nodes, self.codes, strict=True):
            if node in nodes:
                return self.series_ids[codes == nodes.get_loc(node)]
        raise ConfigError(f"node {node!r} is unknown. Nodes: {first_of(list(self.upper_ids))}.")

    def sums(self, values: npt.NDArray[Any], level: Sequence[str]) -> npt.NDArray[Any]:
        """Sums (nodes of the level, ...) of the values (B, ...) of the series; NaN spreads."""
        level = tuple(level)
        if level == BOTTOM:
            return values
        self.rows(level)  # an unknown level is refused by name
        order, starts = self._groups[self.levels.index(level)]
        return np.asarray(np.add.reduceat(values[order], starts, axis=0))

    def aggregate_values(self, values: FloatArray) -> FloatArray:
        """Values (N, ...) of all nodes from those of the series (B, ...).

        A node's value is the sum over its series that were observed, and NaN where none was. So a
        gap in one series lowers the totals above it: fill gaps first where that would mislead.
        """
        self._check_length(values)
        missing = np.isnan(values)
        filled = np.where(missing, 0.0, values)
        upper = [self.sums(filled, level) for level in self.levels]
        if missing.any():
            seen = (~missing).astype(np.float64)
            upper = [
                np.where(self.sums(seen, level) > 0, each, np.nan)
                for level, each in zip(self.levels, upper, strict=True)
            ]
        return np.concatenate([*upper, values])

    def aggregate(self, panel: Panel, *, levels: Sequence[Sequence[str]] | None = None) -> Panel:
        """The panel of the nodes above the series, of all levels or of these.

        Targets are sums as in `aggregate_values`. Covariates are means over the series that have
        a value: right for flags and prices, not for counts. Attributes are not carried over.
        """
        chosen = self.levels if levels is None else tuple(tuple(level) for level in levels)
        ordered = panel.subset(self._positions(panel.series_ids, "The panel"))
        kept = np.concatenate([np.arange(len(self.node_ids))[self.rows(each)] for each in chosen])
        ids = self.node_ids[kept]
        return replace(
            panel,
            target=self.aggregate_values(ordered.target)[kept],
            series_ids=ids,
            known_covariates=self._means(ordered.known_covariates, kept),
            past_covariates=self._means(ordered.past_covariates, kept),
            static_features=pd.DataFrame(index=ids),
        )

    def by_level(self, forecast: Forecast) -> dict[Level, Forecast]:
        """A forecast of all nodes taken apart, the series under `BOTTOM`."""
        positions = self.align(forecast)
        return {
            level: taken(forecast, positions[self.rows(level)]) for level in (*self.levels, BOTTOM)
        }

    def align(self, forecast: Forecast) -> IntArray:
        """Positions (N,) of all nodes among the series of a forecast; refuses others by name."""
        return _positions(self.node_ids, forecast.series_ids, "The forecast")

    def subset(self, series_ids: pd.Index) -> Self:
        """The hierarchy of these series alone, in this order; nodes without series are dropped."""
        at = _positions(series_ids, self.series_ids, "The hierarchy", strict=False)
        nodes, codes = [], []
        for names, of_all in zip(self.nodes, self.codes, strict=True):
            used, of_these = np.unique(of_all[at], return_inverse=True)
            nodes.append(names[used])
            codes.append(of_these)
        return replace(
            self,
            series_ids=pd.Index(series_ids, name="series_id"),
            nodes=tuple(nodes),
            codes=tuple(codes),
        )

    @cached_property
    def summing_matrix(self) -> Any:
        """Sparse (N, B) matrix of ones and zeros, in scipy's CSR format."""
        from scipy import sparse

        count = self.num_series
        starts = np.cumsum([0, *(len(nodes) for nodes in self.nodes)])
        upper = [codes + start for codes, start in zip(self.codes, starts[:-1], strict=True)]
        rows = np.concatenate([*upper, np.arange(count) + starts[-1]])
        columns = np.tile(np.arange(count), len(self.levels) + 1)
        shape = (int(starts[-1]) + count, count)
        return sparse.csr_matrix((np.ones(len(rows)), (rows, columns)), shape=shape)

    @cached_property
    def _groups(self) -> list[tuple[IntArray, IntArray]]:
        """Per level the series sorted by node, and where each node begins."""
        orders = [np.argsort(codes, kind="stable") for codes in self.codes]
        return [
            (order, np.searchsorted(codes[order], np.arange(len(nodes))))
            for order, codes, nodes in zip(orders, self.codes, self.nodes, strict=True)
        ]

    def _positions(self, found: pd.Index, what: str) -> pd.Index:
        """The series in the order of the hierarchy; refuses a panel that has others."""
        return found[_positions(self.series_ids, found, what)]

    def _means(self, values: npt.NDArray[np.float32], kept: IntArray) -> npt.NDArray[np.float32]:
        """Means (kept, T, K) over the known values of the series (B, T, K), NaN for none."""
        means = np.empty((len(kept), *values.shape[1:]), dtype=np.float32)
        for k in range(values.shape[2]):
            column = values[:, :, k].astype(np.float64)
            known = self.aggregate_values((~np.isnan(column)).astype(np.float64))[kept]
            means[:, :, k] = self.aggregate_values(column)[kept] / np.where(known, known, np.nan)
        return means

    def _check_length(self, values: FloatArray) -> None:
        if len(values) != self.num_series:
            raise ConfigError(
                f"values have {len(values)} rows, the hierarchy {self.num_series} series. Give one "
                "row per series, in the order of hierarchy.series_ids."
            )


def by_series(attributes: pd.DataFrame) -> pd.DataFrame:
    """Attributes indexed by series_id, which may also be a column; names of columns are text."""
    if "series_id" in attributes.columns:
        attributes = attributes.set_index("series_id")
    return attributes.rename(columns=str)


def taken(forecast: Forecast, rows: IntArray) -> Forecast:
    """The forecast of these rows, with the notes of their series."""
    ids = forecast.series_ids[rows]
    kept = set(ids)
    return replace(
        forecast,
        mean=forecast.mean[rows],
        quantiles=forecast.quantiles[rows],
        series_ids=ids,
        notes=tuple(note for note in forecast.notes if note.series_id in kept),
    )


def _positions(wanted: pd.Index, found: pd.Index, what: str, *, strict: bool = True) -> IntArray:
    """Where the wanted ids are among the found; with `strict` nothing else may be there."""
    at = found.get_indexer(wanted)
    if (at < 0).any():
        raise PanelError(
            f"{what} lacks {int((at < 0).sum())} series: {first_of(list(wanted[at < 0]))}. Add "
            "them, or take the hierarchy of fewer series with hierarchy.subset(series_ids)."
        )
    if strict and len(found) > len(wanted):
        others = found[~found.isin(wanted)]
        raise PanelError(
            f"{what} has {len(others)} series that are not in the hierarchy: "
            f"{first_of(list(others))}. Add their attributes, or leave them out."
        )
    return np.asarray(at)


def _checked_levels(levels: Sequence[Sequence[str]]) -> tuple[Level, ...]:
    if isinstance(levels, str) or any(isinstance(level, str) for level in levels):
        raise ConfigError(
            f"levels={levels!r} must hold tuples of attribute names, such as "
            '[(), ("category",), ("category", "place")].'
        )
    chosen = tuple(tuple(level) for level in levels)
    if twice := [level for level in dict.fromkeys(chosen) if chosen.count(level) > 1]:
        raise ConfigError(f"levels occur twice: {first_of(twice)}. Give each level once.")
    if BOTTOM in chosen:
        raise ConfigError("The series themselves are always the last level. Remove ('series_id',).")
    if not chosen:
        raise ConfigError("levels is empty. Give at least the total: levels=[()].")
    return chosen


def _check_series(ids: pd.Index) -> None:
    if not len(ids):
        raise PanelError("The frame of attributes has no rows. Give one row per series.")
    if empty := int(np.count_nonzero(ids.isna())):
        raise PanelError(
            f"{empty} rows of attributes have no series_id in their index. Set it "
            "with frame.set_index('series_id')."
        )
    if ids.has_duplicates:
        twice = list(ids[ids.duplicated()].unique())
        raise PanelError(
            f"{len(twice)} series have more than one row of attributes: {first_of(twice)}. Keep "
            "one row per series, for example with frame.drop_duplicates('series_id')."
        )


def _check_complete(attributes: pd.DataFrame, names: list[str]) -> None:
    for name in names:
        empty = attributes[name].isna()
        if empty.any():
            raise PanelError(
                f"Attribute {name!r} is empty for {int(empty.sum())} series: "
                f"{first_of(list(attributes.index[empty]))}. Fill it, for example with 'unknown'."
            )


def _nodes_of(attributes: pd.DataFrame, level: Level) -> tuple[pd.Index, IntArray]:
    """Names of a level's nodes, sorted by value, and the node (B,) of each series."""
    if not level:
        return pd.Index(["total"], dtype=object), np.zeros(len(attributes), dtype=np.intp)
    groups = attributes.groupby(list(level), sort=True, observed=True)
    codes = groups.ngroup().to_numpy(dtype=np.intp)
    firsts = attributes[list(level)].iloc[np.unique(codes, return_index=True)[1]]
    names = [
        ", ".join(f"{name}={value}" for name, value in zip(level, values, strict=True))
        for values in firsts.itertuples(index=False)
    ]
    return pd.Index(names, dtype=object), codes


def _check_names(ids: pd.Index) -> None:
    """Node names are told apart, also from series: a series may not be called "total"."""
    if ids.has_duplicates:
        raise PanelError(
            f"Names of nodes or series occur twice: {first_of(list(ids[ids.duplicated()]))}. "
            "Rename these series or attribute values."
        )


def merged(forecasts: Mapping[Level, Forecast], hierarchy: Hierarchy) -> Forecast:
    """One forecast of all nodes from one per level; all must share timestamps and quantiles."""
    wanted = (*hierarchy.levels, BOTTOM)
    if missing := [level for level in wanted if level not in forecasts]:
        raise ConfigError(f"base lacks the levels {first_of(missing)}. Forecast them too.")
    parts = [forecasts[level] for level in wanted]
    for level, part in zip(wanted, parts, strict=True):
        _check_like(part, parts[-1], level)
    rows = [
        _positions(hierarchy.node_ids[hierarchy.rows(level)], part.series_ids, f"Level {level}")
        for level, part in zip(wanted, parts, strict=True)
    ]
    pairs = list(zip(parts, rows, strict=True))
    return replace(
        parts[-1],
        mean=np.concatenate([part.mean[at] for part, at in pairs]),
        quantiles=np.concatenate([part.quantiles[at] for part, at in pairs]),
        series_ids=hierarchy.node_ids,
        notes=tuple(note for part in parts for note in part.notes),
    )


def _check_like(part: Forecast, bottom: Forecast, level: Level) -> None:
    if not part.timestamps.equals(bottom.timestamps):
        raise PanelError(
            f"Forecasts do not share their timestamps: level {level} has {_span(part)}, the series "
            f"have {_span(bottom)}. Use one cutoff, horizon and frequency for all levels."
        )
    if part.quantile_levels != bottom.quantile_levels:
        raise ConfigError(
            f"Forecasts do not share their quantile_levels: level {level} has "
            f"{part.quantile_levels}, the series have {bottom.quantile_levels}."
        )


def _span(forecast: Forecast) -> str:
    stamps = forecast.timestamps
    return f"{len(stamps)} from {stamps[0]} to {stamps[-1]}"
