"""What past promotions did: against what would have sold without, around them and beside them."""

from forecasting.promotions.evaluation import Evaluation, evaluate, kinds
from forecasting.promotions.grid import Grid
from forecasting.promotions.siblings import Siblings, cannibalisation

__all__ = ["Evaluation", "Grid", "Siblings", "cannibalisation", "evaluate", "kinds"]
