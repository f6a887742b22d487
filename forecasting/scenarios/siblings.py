"""What a cheaper product takes from the others of its group, as past promotions did.

It is measured over all promotions of a group (`forecasting.promotions.cannibalisation`): the slope
of log sales when all siblings are on promotion. A cut of a price counts as that part of a usual
promotion of the group that its own answer is; a dearer product gives. Where the data cannot tell
the slope is 0. Shape suffixes: B series, D days.
"""

from dataclasses import dataclass

import numpy as np

from forecasting.arrays import FloatArray, IntArray
from forecasting.errors import PanelError
from forecasting.scenarios.daily import DailyPlan
from forecasting.scenarios.measured import Response, own_moves

MOST = 2.0  # usual promotions that one product can count as; beyond nothing was ever seen


@dataclass(frozen=True, kw_only=True, eq=False)
class Cross:
    """How series (B,) of one group and place answer each other."""

    group: IntArray  # number of its group and place
    slope: FloatArray  # log of its sales when all siblings are promoted; 0: not known
    error: FloatArray
    usual: FloatArray  # log of sales that a usual promotion of the group brings; NaN: not known
    others: FloatArray  # siblings in that place, among these series or not

    def __post_init__(self) -> None:
        shapes = {each.shape for each in (self.group, self.slope, self.error, self.usual)}
        if shapes != {self.others.shape}:
            raise PanelError(f"The arrays of siblings differ in shape: {sorted(shapes)}.")

    def share(self, plan: DailyPlan, edited: DailyPlan, response: Response) -> FloatArray:
        """Share (B, D) of the siblings that are promoted more than planned; negative: less."""
        price, promo = own_moves(plan, edited, response)
        usual = np.where(self.usual > 0.01, self.usual, np.inf)[:, None]
        own = np.clip((price + promo) / usual, -MOST, MOST)
        total = np.zeros((int(self.group.max(initial=0)) + 1, own.shape[1]))
        np.add.at(total, self.group, own)
        beside = (total[self.group] - own) / np.maximum(self.others, 1.0)[:, None]
        return np.asarray(np.where(self.slope[:, None] < 0, beside, 0.0))

    def factor(self, share: FloatArray) -> FloatArray:
        """How many times as much is sold (B, D) beside such siblings."""
        return np.asarray(np.exp(self.slope[:, None] * share))

    @property
    def doubt(self) -> FloatArray:
        """The error (B,) of the slope where series of a group are drawn one by one.

        One slope is wrong for all of a group together, so that errors add up instead of cancelling.
        """
        sizes = np.bincount(self.group, minlength=1)[self.group]
        return np.asarray(self.error * np.sqrt(sizes))
