"""The demo shop: three years of a believable shop, made up from parameters that are kept.

`build` makes the frames, `load` writes them into the database; `demo_truth` holds what is true.
"""

from data.demo.load import NAME, load
from data.demo.shop import PLAN_DAYS, DemoShop, build

__all__ = ["NAME", "PLAN_DAYS", "DemoShop", "build", "load"]
