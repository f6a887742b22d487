"""Our pretrained forecaster as a start of trainings: how far it may move, and for how long.

Knows no widgets, and nothing of what the Train page says besides.
"""

from typing import Any, Literal

Unfrozen = Literal["all", "last", "head", "low-rank"]  # weights that may change

MODEL = "pretrained"
OURS = ""  # in the place of the run id of a start
NAME = "Our pretrained forecaster"
STEPS = {"fast": 60, "balanced": 150, "best": 400}  # by preset, of about 0.15 s each
USUAL: Unfrozen = "all"  # the best of four on two of three data sets: docs/pretrained.md
USUAL_STEPS = STEPS["balanced"]
SECONDS_PER_STEP = 0.15  # on one core, of 64 windows of up to 512 periods


def options(preset: str, *, unfrozen: Unfrozen = USUAL, steps: int | None = None) -> dict[str, Any]:
    """What the library gets for the model; steps are those of the preset where none are said."""
    return {"tune": unfrozen, "tune_steps": steps or STEPS.get(preset, USUAL_STEPS)}
