"""Scenarios: the plan changed, forecast by the trained model, and compared path by path."""

from forecasting.scenarios.changes import Change
from forecasting.scenarios.daily import DailyPlan
from forecasting.scenarios.measured import Response
from forecasting.scenarios.outcome import Outcome, run_scenario
from forecasting.scenarios.planned import Base, run_measured, run_planned

__all__ = [
    "Base",
    "Change",
    "DailyPlan",
    "Outcome",
    "Response",
    "run_measured",
    "run_planned",
    "run_scenario",
]
