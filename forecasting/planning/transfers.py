"""Moving stock between places: what one has too much of, another would have to order."""

import numpy as np
import pandas as pd

from forecasting.errors import PanelError

COLUMNS = ["product", "source", "destination", "quantity", "saves"]


def transfers(lines: pd.DataFrame, *, least: float = 1.0) -> pd.DataFrame:
    """Moves of whole units within a product, those that save most first.

    `lines` has product, place, on_hand, on_order, order_up_to, quantity and lost_if_not, a row per
    product and place, as `plan_orders` proposes them. A place gives what is on its shelf beyond its
    own order_up_to; a place takes at most the order proposed for it. Moves below `least` units are
    not worth a van. `saves` is the lost units that the move avoids: the receiver's, by the share of
    its order that is moved. Raises `PanelError` for missing columns.
    """
    needed = ["product", "place", "on_hand", "on_order", "order_up_to", "quantity", "lost_if_not"]
    if missing := [name for name in needed if name not in lines.columns]:
        raise PanelError(f"The lines have no column {', '.join(missing)}.")
    position = lines["on_hand"] + lines["on_order"]
    beyond = (position - lines["order_up_to"]).clip(upper=lines["on_hand"]).clip(lower=0.0)
    spare = np.floor(beyond.fillna(0.0))
    wanted = lines["quantity"].fillna(0.0)
    lost = dict(zip(lines.index, lines["lost_if_not"].fillna(0.0).to_numpy(float), strict=True))
    moves: list[tuple[object, object, object, float, float]] = []
    gives = set(lines.loc[spare >= least, "product"])
    takes = set(lines.loc[wanted >= least, "product"])
    concerned = lines["product"].isin(gives & takes)
    for product, group in lines[concerned].groupby("product", sort=False, observed=True):
        left = {row: float(spare[row]) for row in group.index}
        for to in sorted(group.index, key=lambda row: -lost[row]):
            asked = float(np.floor(wanted[to]))
            for source in sorted(left, key=lambda row: -left[row]):
                moved = min(asked, left[source])
                if source == to or moved < least:
                    continue
                saves = lost[to] * moved / float(wanted[to])
                places = (lines.at[source, "place"], lines.at[to, "place"])
                moves.append((product, *places, moved, saves))
                left[source] -= moved
                asked -= moved
    found = pd.DataFrame(moves, columns=COLUMNS)
    return found.sort_values("saves", ascending=False, kind="stable", ignore_index=True)
