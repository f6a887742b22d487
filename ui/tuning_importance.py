"""How much each setting mattered in a search: fANOVA over its complete trials.

A forest of trees learns the error from the settings; the share of its variance that a setting
explains by itself or with others is its importance. With few trials that is a rough guess.
"""

from typing import TYPE_CHECKING, Any

import pandas as pd
import streamlit as st

if TYPE_CHECKING:
    from optuna.distributions import BaseDistribution

FEWEST = 8  # complete trials, below which chance says more than the settings do


@st.cache_data(max_entries=64, show_spinner=False)
def importance(trials: pd.DataFrame, names: tuple[str, ...]) -> dict[str, float]:
    """Shares by setting, the largest first; empty where too few trials are complete.

    `trials` has the column value and those of `names`.
    """
    known = trials.dropna(subset="value")
    varied = [name for name in names if known[name].astype(str).nunique() > 1]
    if len(known) < FEWEST or not varied or known["value"].nunique() < 2:
        return {}
    from optuna import create_study, logging  # late: few pages need it
    from optuna.importance import FanovaImportanceEvaluator, get_param_importances
    from optuna.trial import create_trial

    logging.set_verbosity(logging.WARNING)
    columns = {name: _column(known[name]) for name in varied}
    spaces = {name: _distribution(values) for name, values in columns.items()}
    study = create_study()
    for row, value in enumerate(known["value"]):
        params = {name: values[row] for name, values in columns.items()}
        study.add_trial(create_trial(params=params, distributions=spaces, value=float(value)))
    found = get_param_importances(study, evaluator=FanovaImportanceEvaluator(seed=0))
    return {name: float(share) for name, share in found.items()}


def _column(values: "pd.Series[Any]") -> list[object]:
    """Numbers where all are, else texts."""
    numbers = pd.to_numeric(values, errors="coerce")
    if numbers.notna().all():
        return [float(each) for each in numbers]
    return [str(each) for each in values]


def _distribution(values: list[object]) -> "BaseDistribution":
    from optuna.distributions import CategoricalDistribution, FloatDistribution

    numbers = [each for each in values if isinstance(each, float)]
    if len(numbers) < len(values):
        return CategoricalDistribution(sorted({str(each) for each in values}))
    low, high = min(numbers), max(numbers)
    return FloatDistribution(low, high, log=low > 0 and high / low > 20)
