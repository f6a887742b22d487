"""Array types of the library, so that signatures stay short.

Shape suffixes used everywhere: N or B series, T steps of history, H horizon, Q quantile levels,
K covariates, S samples.
"""

from typing import Any

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float64]
Float32Array = npt.NDArray[np.float32]
BoolArray = npt.NDArray[np.bool_]
IntArray = npt.NDArray[np.integer[Any]]
