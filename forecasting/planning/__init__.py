"""From forecasts to orders: what to buy, when it sells out, what to move, and what a policy earns.

Everything is worked out on sample paths of demand, never on a mean and a sigma: demand over a lead
time of a product that sells in lumps is nothing like a bell.
"""

from forecasting.planning.items import Items
from forecasting.planning.orders import Plan, order_up_to, plan_orders
from forecasting.planning.replay import Replay, gaussian_levels, replay, up_to
from forecasting.planning.rolling import (
    ServiceCurve,
    levels_asked,
    review_levels,
    service_curve,
    up_to_by_review,
)
from forecasting.planning.service import Service
from forecasting.planning.starting import starting
from forecasting.planning.stock_ahead import StockAhead, stock_ahead
from forecasting.planning.transfers import transfers

__all__ = [
    "Items",
    "Plan",
    "Replay",
    "Service",
    "ServiceCurve",
    "StockAhead",
    "gaussian_levels",
    "levels_asked",
    "order_up_to",
    "plan_orders",
    "replay",
    "review_levels",
    "service_curve",
    "starting",
    "stock_ahead",
    "transfers",
    "up_to",
    "up_to_by_review",
]
