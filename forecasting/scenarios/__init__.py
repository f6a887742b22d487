"""Scenarios: the plan changed, forecast by the trained model, and compared path by path."""

from forecasting.scenarios.changes import Change
from forecasting.scenarios.outcome import Outcome, run_scenario

__all__ = ["Change", "Outcome", "run_scenario"]
