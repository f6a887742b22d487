"""What to charge: the best price under rules, and markdowns that sell a stock by a date."""

from forecasting.pricing.advice import Advice, advise
from forecasting.pricing.markdown import MarkdownRules, Markdowns, plan_markdowns
from forecasting.pricing.rules import PriceRules
from forecasting.pricing.tried import tried_prices
from forecasting.pricing.trust import trusted

__all__ = [
    "Advice",
    "MarkdownRules",
    "Markdowns",
    "PriceRules",
    "advise",
    "plan_markdowns",
    "tried_prices",
    "trusted",
]
