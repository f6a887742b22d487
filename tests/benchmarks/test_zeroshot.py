"""The zero-shot table: ratios to the best statistical method, and marks of what models saw."""

from pathlib import Path

from benchmarks.accuracy.contest import THIRDS
from benchmarks.accuracy.scores import Scores
from benchmarks.zeroshot import OURS, Row, marked, table
from forecasting.public.checkpoints import Checkpoint
from forecasting.public.families import FAMILIES


def brought(model: str) -> Checkpoint:
    return Checkpoint(
        family=FAMILIES[model], folder=Path("mine"), version="", licence="", stamp=(0, 0)
    )


def scored(wql: float) -> Scores:
    by_third = dict.fromkeys(THIRDS, 0.8)
    return Scores(
        wql=wql,
        mase=1.0,
        wape=0.5,
        bias=0.0,
        coverage=0.8,
        coverage_by_third=by_third,
        share_within=0.8,
        share_within_by_third=by_third,
        steps=10,
    )


def test_when_a_public_model_saw_a_data_set_in_training_then_its_row_says_so() -> None:
    assert marked(brought("timesfm"), "m5") == "TimesFM (mine), saw this data in training"
    assert marked(brought("timesfm"), "m4_weekly") == "TimesFM (mine)"
    assert marked(brought("chronos_bolt"), "m4_weekly").endswith("saw this data in training")
    scores = {
        name: scored(wql)
        for name, wql in (
            ("SeasonalNaive", 0.5),
            ("AutoETS", 0.4),
            (OURS, 0.3),
            (marked(brought("timesfm"), "m5"), 0.2),
        )
    }
    told = table([Row(name="m5", scores=scores, seconds=1.0)])
    assert "| m5 | TimesFM (mine), saw this data in training | 0.2000 | 0.500 |" in told
    assert "geometric mean 0.750" in told  # of ours alone, against the best statistical one
