"""A search as the Train page offers it: every default is on offer, and the library takes it."""

from datetime import date
from typing import Any

import pytest

from data import demo
from data.scope import Scope
from engine.errors import EngineError
from engine.requests import PanelSpec
from forecasting.spaces import read_space
from ui import estimates, queries, state, training, tuning_plan
from ui.training import Advanced, Plan
from ui.tuning_plan import SEARCHED, Search
from ui.tuning_words import SETTINGS, in_words

WEEKS = {"freq": "W", "length": 160, "horizon": 13}


def space_of(model: str, **changed: Any) -> dict[str, Any]:
    """The space of all settings as the page opens."""
    found = {}
    for name in tuning_plan.settings(model):
        values = tuning_plan.offered(model, name, **{**WEEKS, **changed})
        begin = tuning_plan.usual(model, name, values)
        found[name] = tuning_plan.dimension(model, name, begin)
    return found


def search(model: str = "lstm", **changed: Any) -> Search:
    plan = Plan(
        scope=Scope(dataset_id=1, product_id=3, measure="revenue"),
        split="total",
        horizon=4,
        windows=1,
        models=(model,),
        preset="fast",
        advanced=Advanced(max_steps=20, seed=5),
    )
    given = {"space": {"width": [8, 16]}, "trials": 4, "budget_seconds": 60.0, "pruner": False}
    return Search(**{"plan": plan, **given, **changed})


@pytest.mark.parametrize("model", SEARCHED)
@pytest.mark.parametrize("freq", ["D", "W", "M"])
def test_when_the_page_opens_then_the_library_takes_what_it_says(model: str, freq: str) -> None:
    space = space_of(model, freq=freq)
    assert set(read_space(model, space)) == set(space) <= set(SETTINGS)
    assert set(tuning_plan.USUAL[model]) <= set(space)


@pytest.mark.parametrize("model", SEARCHED)
def test_when_the_page_opens_then_what_is_chosen_is_on_offer(model: str) -> None:
    for name in tuning_plan.settings(model):
        values = tuning_plan.offered(model, name, **WEEKS)
        assert set(tuning_plan.usual(model, name, values)) <= set(values)
        assert list(values) == sorted(values)


@pytest.mark.parametrize("model", SEARCHED)
def test_when_a_request_is_read_back_then_the_page_says_the_same(model: str) -> None:
    for name, given in space_of(model).items():
        assert tuning_plan.dimension(model, name, tuning_plan.chosen_of(given)) == given


def test_when_history_is_short_then_no_more_of_it_is_offered() -> None:
    long = tuning_plan.offered("lstm", "context_length", freq="W", length=400, horizon=13)
    short = tuning_plan.offered("lstm", "context_length", freq="W", length=60, horizon=13)
    assert long == (24, 52, 104)
    assert max(short) <= (60 - 13) * 2 // 3


def test_when_a_setting_is_searched_then_it_is_not_fixed_besides() -> None:
    assert tuning_plan.fixed(search()) == {"preset": "fast", "max_steps": 20}
    assert tuning_plan.fixed(search("gbm", space={"num_leaves": [7]})) == {}


def test_when_asked_then_the_request_says_all_of_the_page() -> None:
    request = tuning_plan.request_of(search(sampler="random"), PanelSpec(freq="W-MON"), 2)
    assert (request.model, request.horizon, request.seed) == ("lstm", 4, 5)
    assert (request.trials, request.budget_seconds, request.num_windows) == (4, 60.0, 2)
    assert (request.sampler, request.pruner, request.forecast) == ("random", False, True)
    assert request.space == {"width": [8, 16]}


def test_when_settings_are_listed_then_they_read_like_words() -> None:
    options = {"max_steps": 20, "learning_rate": 0.00123456, "width": 64}
    assert in_words(options) == "max steps 20, learning rate 0.00123, width 64"


@pytest.fixture
def shop(empty_store: None) -> None:
    demo.load(state.store(), today=date(2026, 11, 18), products=5, days=300)


def test_when_prepared_then_the_run_says_that_a_search_made_it(shop: None) -> None:
    dataset = queries.datasets()[0]
    prepared = tuning_plan.prepare(search(), dataset)
    ((about, name, request),) = prepared.requests
    assert (about.model, about.preset) == ("lstm", training.SEARCH)
    assert about.options == {"preset": "fast", "max_steps": 20}
    assert name.startswith("LSTM, tuned in 4 trials · ")
    assert request.kind == "tune"


def test_when_nothing_is_to_be_searched_or_history_is_short_then_it_is_refused(shop: None) -> None:
    dataset = queries.datasets()[0]
    with pytest.raises(EngineError, match="No setting"):
        tuning_plan.prepare(search(space={}), dataset)
    far = search()
    plan = Plan(**{**vars(far.plan), "horizon": 30})
    with pytest.raises(EngineError, match="too little history"):
        tuning_plan.prepare(search(plan=plan), dataset)


def test_when_the_time_limit_is_short_then_the_estimate_ends_there(shop: None) -> None:
    size = {"series": 1, "length": 40, "windows": 2}
    free = estimates.search(search(trials=400, budget_seconds=None), **size)
    cut = estimates.search(search(trials=400, budget_seconds=30.0), **size)
    assert free.seconds > 60 > cut.seconds
    assert cut.low <= cut.seconds <= cut.high
    more = estimates.search(search(trials=800, budget_seconds=None), **size)
    assert more.seconds > free.seconds
