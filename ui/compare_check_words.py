"""What further looks at a comparison say, in words. Knows no Streamlit."""

from collections.abc import Mapping

import pandas as pd

from forecasting.diagnostics.residual_checks import ResidualChecks
from ui import compare_words as words
from ui import format as fmt


def pit_words(pit: pd.DataFrame) -> str:
    """What the shape of a PIT says, in a sentence."""
    middle = (pit["low"] + pit["high"]) / 2
    inner = float(pit["density"][(middle > 0.25) & (middle < 0.75)].mean())
    low, high = (float(pit["density"][part].mean()) for part in (middle < 0.25, middle > 0.75))
    if max(low, high) > 1.5 * min(low, high):
        return (
            f"Sales fall {'above' if high > low else 'below'} its middle too often: it forecasts "
            f"too {'little' if high > low else 'much'}."
        )
    if inner > 1.15:
        return "Sales fall in the middle too often: its bands are too wide."
    if inner < 0.87:
        return "Sales fall at the ends too often: its bands are too narrow."
    return "Sales fall all over its distribution as they should."


def residual_words(checks: ResidualChecks, *, horizon: int, noun: str, season: int) -> list[str]:
    """What the errors still hold, a sentence each."""
    texts = []
    lean = fmt.growth(abs(checks.mean))[1:] or "0%"
    if checks.mean_p_value < words.UNLIKELY:
        texts.append(
            f"**Lean:** on average {lean} too {'much' if checks.mean > 0 else 'little'}, more than "
            f"chance would do ({words.chance(checks.mean_p_value)})."
        )
    else:
        texts.append(f"**Lean:** none to speak of ({words.chance(checks.mean_p_value)}).")
    reach = len(checks.lags)
    p_value = checks.p_value(reach)
    likely = words.chance(p_value)
    beyond = [lag for lag in checks.standing_out if lag >= horizon]
    if p_value >= words.UNLIKELY:
        memory = f"errors look like pure noise (Ljung-Box over {reach} lags, {likely})."
    elif season in checks.standing_out:
        memory = f"errors repeat after {fmt.count(season, noun)}: a season is left in them."
    elif beyond:
        memory = (
            f"errors resemble those {fmt.count(beyond[0], noun)} before, further than the horizon: "
            "something is left to learn."
        )
    else:
        memory = (
            f"errors hang together over some {noun}s (Ljung-Box, {likely}), as errors "
            f"{horizon} {noun}s ahead do; nothing beyond the horizon."
        )
    return [*texts, f"**Memory:** {memory}"]


def ladder_words(ladder: pd.DataFrame, names: Mapping[str, str]) -> str:
    """Which kind of model is worth its trouble."""
    if len(ladder) < 2:
        return "Only one kind of model was tested."
    best = ladder.loc[ladder["WAPE"].idxmin()]
    if best.name == 0:
        return "No model beats last year unchanged. Keep it."
    first = str(ladder["stage"].iloc[0])
    gain = fmt.growth(abs(float(best["against_first"])))[1:]
    text = f"{fmt.escape(names[str(best['key'])])} is {gain} better than "
    text += (
        "last year."
        if first == "Last year"
        else f"{fmt.escape(names[str(ladder['key'].iloc[0])])}."
    )
    idle = ladder[ladder["against_before"] > -0.0005]
    if len(idle):
        who = words.listed([fmt.escape(names[str(key)]) for key in idle["key"]])
        text += f" {who} added nothing to the step before."
    return text
