"""Runs of a saved segment: what they learn from, what they are of, and what they cover."""

from dataclasses import replace
from datetime import date

import pytest
from streamlit.testing.v1 import AppTest

from data import saved_segments
from data.scope import Scope
from engine.errors import EngineError
from engine.registry import About
from ui import queries, run_queries, state, training
from ui.training import Plan

MEMBERS = (2, 5, 7)


def segment() -> Scope:
    key = saved_segments.save(
        state.store(), 1, "Regulars", rule={}, products=MEMBERS, built_through=date(2026, 11, 17)
    )
    return Scope(dataset_id=1, segment_id=key, segment_revision=queries.segments(1)[0].revision)


def about(scope: Scope, split: str = "product") -> About:
    plan = Plan(
        scope=scope, split=split, horizon=4, windows=0, models=("naive",), preset="fast"  # type: ignore[arg-type]
    )  # fmt: skip
    return training.prepare(plan, queries.datasets()[0]).requests[0][0]


def test_when_a_segment_is_trained_on_then_the_run_is_of_it_and_not_of_everything(
    demo_app: AppTest,
) -> None:
    demo_app.run()
    scope = segment()
    made = about(scope)
    assert made.series == len(MEMBERS)
    assert training.scope_of(made) == scope
    assert "Regulars" in made.scope_words
    whole = about(Scope(dataset_id=1))
    assert "segment" not in whole.scope
    assert whole.scope_key != made.scope_key


def test_when_the_segment_is_built_again_then_the_champion_is_of_the_same_scope_and_now_of_it(
    demo_app: AppTest,
) -> None:
    demo_app.run()
    scope = segment()
    made = about(scope)
    (saved,) = queries.segments(1)
    saved_segments.rebuild(state.store(), saved, products=[1, 2], built_through=date(2026, 11, 17))
    of_run = training.scope_of(made)
    assert of_run == scope
    newest = training.now(scope)
    assert newest == replace(scope, segment_revision=scope.segment_revision + 1)
    again = about(newest)
    assert again.series == 2
    assert again.scope_key == made.scope_key
    saved_segments.delete(state.store(), saved.segment_id)
    with pytest.raises(EngineError, match="segment was deleted"):
        training.now(scope)


def test_when_a_run_is_of_a_segment_then_forecast_offers_it_for_that_and_its_members_alone(
    demo_app: AppTest,
) -> None:
    demo_app.run()
    scope = segment()
    run_id = training.prepare(
        Plan(
            scope=scope, split="product", horizon=4, windows=0, models=("naive",), preset="fast"
        ),
        queries.datasets()[0],
    ).submit()  # fmt: skip
    from ui import engine as engines

    assert engines.engine().wait(run_id, timeout=120).state == "succeeded"
    covered = {
        "segment": run_queries.covers(scope, run_id),
        "member": run_queries.covers(Scope(dataset_id=1, product_id=5), run_id),
        "whole": run_queries.covers(Scope(dataset_id=1), run_id),
        "other": run_queries.covers(Scope(dataset_id=1, product_id=3), run_id),
    }
    assert covered == {"segment": True, "member": True, "whole": False, "other": False}
    made = run_queries.outlook(scope, run_id, 4)
    one = run_queries.outlook(Scope(dataset_id=1, product_id=5), run_id, 4)
    assert made is not None
    assert one is not None
    assert made.future["mean"].sum() > one.future["mean"].sum()
    assert made.total_low < made.future["mean"].sum() < made.total_high
    engines.close()
