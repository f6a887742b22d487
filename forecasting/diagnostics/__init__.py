"""What a series is made of, before any model: numpy in, small frozen results out.

>>> import numpy as np
>>> from forecasting.diagnostics import decompose
>>> week = np.tile([3.0, 3.0, 3.0, 4.0, 5.0, 8.0, 2.0], 20)
>>> round(decompose(week, (7,)).strength(7), 2)
1.0
"""

from forecasting.diagnostics.changes import ChangePoint, change_points, outliers
from forecasting.diagnostics.correlogram import Correlogram, correlogram
from forecasting.diagnostics.decomposition import FEWEST, Decomposition, decompose, fill_gaps
from forecasting.diagnostics.profiles import Profile, profile
from forecasting.diagnostics.spectrum import Cycle, Spectrum, spectrum
from forecasting.diagnostics.stationarity import UnitRoots, stationarity
from forecasting.diagnostics.transforms import Advice, advise_transform
from forecasting.diagnostics.unusual import Unusual, judge, repeats, whole_days
from forecasting.diagnostics.unusual_levels import Rhythm

__all__ = [
    "FEWEST",
    "Advice",
    "ChangePoint",
    "Correlogram",
    "Cycle",
    "Decomposition",
    "Profile",
    "Rhythm",
    "Spectrum",
    "UnitRoots",
    "Unusual",
    "advise_transform",
    "change_points",
    "correlogram",
    "decompose",
    "fill_gaps",
    "judge",
    "outliers",
    "profile",
    "repeats",
    "spectrum",
    "stationarity",
    "whole_days",
]
