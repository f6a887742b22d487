"""Scenarios: the plan changed, forecast by the trained model, and compared path by path."""

from forecasting.scenarios.changes import Change
from forecasting.scenarios.daily import DailyPlan
from forecasting.scenarios.measured import Response
from forecasting.scenarios.outcome import Outcome, run_scenario
from forecasting.scenarios.planned import Base, run_measured, run_planned
from forecasting.scenarios.routed import Member, Routed
from forecasting.scenarios.setting import Answering
from forecasting.scenarios.siblings import Cross

__all__ = [
    "Answering",
    "Base",
    "Change",
    "Cross",
    "DailyPlan",
    "Member",
    "Outcome",
    "Response",
    "Routed",
    "run_measured",
    "run_planned",
    "run_scenario",
]
