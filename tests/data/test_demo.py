"""The demo shop: its shape, its stock, and that its truth can be found again in its sales."""

from datetime import date, timedelta

import numpy as np
import pandas as pd
import pytest

from data.calendars import list_festivals
from data.demo import NAME, PLAN_DAYS, build, catalogue, demand, departments, load, prices, stock
from data.demo import traits as nature
from data.errors import DataError, ImportConflict
from data.store import open_store

TODAY = date(2026, 3, 2)
FRAMES = ("products", "places", "sales", "events", "plan", "truth")
TABLES = ("dataset", "product", "place", "sales", "event", "plan", "demo_truth", "import_log")
SERIES = ["product_id", "place_id"]


@pytest.fixture(scope="session")
def shop():
    """Three full years of eighty products."""
    return build(seed=11, today=TODAY, products=80)


@pytest.fixture
def store(tmp_path):
    opened = open_store(tmp_path / "shop.duckdb")
    yield opened
    opened.close()


def small(store, **changes):
    return load(store, **{"today": TODAY, "seed": 3, "products": 12, "days": 40, **changes})


def counts(store):
    return {table: store.rows(f"SELECT count(*) FROM {table}")[0][0] for table in TABLES}


def truth_of(shop, topic):
    return shop.truth[shop.truth["topic"] == topic]


def censored(shop):
    """Sales with a flag for the days on which more was wanted than there was."""
    lost = truth_of(shop, "stock-out")[[*SERIES, "day", "value"]]
    lost = lost.astype({name: shop.sales[name].dtype for name in SERIES})
    joined = shop.sales.merge(lost, how="left", on=[*SERIES, "day"], validate="1:1")
    return joined.assign(out=joined["value"].notna())


# --- Shape ---


def test_when_built_twice_then_every_frame_is_the_same():
    first, second = (build(seed=5, today=TODAY, products=20, days=120) for _ in range(2))
    for name in FRAMES:
        pd.testing.assert_frame_equal(getattr(first, name), getattr(second, name))


def test_when_the_seed_differs_then_the_sales_differ():
    first, second = (build(seed=seed, today=TODAY, products=5, days=50) for seed in (1, 2))
    assert first.sales["quantity"].sum() != second.sales["quantity"].sum()


def test_when_built_then_products_have_unique_names_in_a_tree_of_two_or_three_levels(shop):
    products = shop.products
    assert len(products) == 80
    assert products["code"].is_unique
    assert products["name"].is_unique
    assert set(products["categories"].map(len)) == {2, 3}
    assert products["categories"].str[0].nunique() == 6
    assert (products["unit_cost"] > 0).all()


def test_when_built_then_there_is_one_row_per_product_place_and_day_until_yesterday(shop):
    sales = shop.sales
    assert not sales.duplicated([*SERIES, "day"]).any()
    assert sales["day"].max() == pd.Timestamp(TODAY - timedelta(days=1))
    assert sales["day"].min() == pd.Timestamp(TODAY - timedelta(days=1095))
    assert sales["day"].nunique() == 1095
    assert not sales.isna().any().any()
    assert (sales["place_id"].map(shop.places.set_index("place_id")["name"]) == "Online").any()


def test_when_listed_then_a_product_has_a_row_for_every_day_even_without_sales(shop):
    life = shop.sales.groupby(SERIES)["day"].agg(["min", "max", "size"])
    assert ((life["max"] - life["min"]).dt.days + 1 == life["size"]).all()
    assert (shop.sales["quantity"] == 0).mean() > 0.2


def test_when_products_come_and_go_then_truth_names_the_day(shop):
    life = shop.sales.groupby("product_id")["day"].agg(["min", "max"])
    start, end = shop.sales["day"].min(), shop.sales["day"].max()
    launched = truth_of(shop, "launch").set_index("product_id")["day"]
    gone = truth_of(shop, "delisting").set_index("product_id")["day"]
    assert len(launched) == 10
    assert len(gone) == 5
    assert life["min"][life["min"] > start].to_dict() == launched.to_dict()
    assert life["max"][life["max"] < end].to_dict() == gone.to_dict()


def test_when_built_then_money_adds_up(shop):
    sales = shop.sales
    np.testing.assert_allclose(sales["revenue"], sales["quantity"] * sales["price"], atol=0.005001)
    assert sales["discount"].between(0, 0.31).all()
    assert (sales["price"] > 0).all()
    cost = sales["product_id"].map(shop.products.set_index("product_id")["unit_cost"])
    margin = 1 - (sales["quantity"] * cost).sum() / sales["revenue"].sum()
    assert 0.25 < margin < 0.6


def test_when_things_come_back_then_some_days_are_negative_but_few(shop):
    share = (shop.sales["quantity"] < 0).mean()
    assert 0 < share < 0.02


def test_when_built_then_the_plan_covers_the_next_days_and_nothing_else(shop):
    plan = shop.plan
    days = pd.date_range(TODAY, periods=PLAN_DAYS)
    kept = set(shop.products["product_id"]) - set(truth_of(shop, "delisting")["product_id"])
    assert set(plan["product_id"]) == kept
    assert len(plan) == len(kept) * PLAN_DAYS
    assert not plan.duplicated(["product_id", "day"]).any()
    assert sorted(plan["day"].unique()) == list(days)
    assert plan["place_id"].isna().all()
    assert plan["promo"].any()


def test_when_the_plan_begins_then_prices_go_on_where_they_were(shop):
    last = shop.sales[(shop.sales["day"] == shop.sales["day"].max()) & ~shop.sales["promo"]]
    first = shop.plan[(shop.plan["day"] == pd.Timestamp(TODAY)) & ~shop.plan["promo"]]
    both = last.merge(first, on="product_id")
    assert (both["price_x"] == both["price_y"]).mean() > 0.9


# --- Stock ---


@pytest.fixture(scope="session")
def half_a_year():
    """Prices, demand and stock of 200 days and the plan after them."""
    rng = np.random.default_rng(4)
    goods, days = catalogue.choose(40, rng), 200
    traits = nature.draw(goods, days, rng)
    calendar = pd.date_range("2025-01-01", periods=days + PLAN_DAYS)
    found = list_festivals(calendar[0].date(), calendar[-1].date())
    events = [each for each in found if each.name in departments.EVENTS]
    tags = prices.draw(goods, traits, calendar, events, days, rng)
    wish = demand.draw(goods, traits, tags, calendar, events, days, rng)
    return tags, wish, stock.simulate(wish, traits, days, rng)


def test_when_sold_then_never_more_than_wanted_nor_than_was_there(half_a_year):
    _, wish, day_ends = half_a_year
    assert (day_ends.sold + day_ends.lost == wish.wanted).all()
    assert (day_ends.lost >= 0).all()
    assert (day_ends.stock >= 0).all()
    assert (day_ends.stock[day_ends.lost > 0] == 0).all()
    delivered = np.diff(day_ends.stock, axis=0) + day_ends.sold[1:]
    assert (delivered[wish.on_sale[: len(delivered)]] >= 0).all()
    assert (delivered > 0).any()


def test_when_a_day_is_planned_then_its_price_is_the_same_everywhere(half_a_year):
    tags, wish, _ = half_a_year
    days = len(wish.wanted)
    for values in (tags.price, tags.discount, tags.promo):
        assert (values[days:, :, 0] == values[days:, :, 1]).all()
        assert (values[:days, :, 0] != values[:days, :, 1]).any()


def test_when_demand_exceeds_stock_then_truth_tells_and_the_shelf_is_empty(shop):
    sales = censored(shop)
    assert len(truth_of(shop, "stock-out")) == sales["out"].sum()
    assert (truth_of(shop, "stock-out")["value"] > 0).all()
    assert 0.003 < sales["out"].mean() < 0.04
    assert (sales.loc[sales["out"], "stock_on_hand"] == 0).all()


def test_when_the_shelf_is_empty_then_it_is_a_true_stock_out_nine_times_in_ten(shop):
    sales = censored(shop)
    assert sales.loc[sales["stock_on_hand"] == 0, "out"].mean() >= 0.9


# --- Truth ---


def test_when_built_then_the_shop_sells_like_a_shop():
    """Totals of the full assortment, on its last year alone to stay quick."""
    full = build(today=TODAY, days=365)
    daily = full.sales.groupby("day")[["quantity", "revenue"]].sum()
    assert 3_000 < daily["quantity"].mean() < 7_000
    assert 50_000 < daily["revenue"].mean() < 100_000
    week = daily["quantity"].groupby(daily.index.dayofweek).mean()
    assert week.idxmax() == 5
    quarter = daily["revenue"].groupby(daily.index.quarter).mean()
    assert quarter.idxmax() == 4
    zeros = full.sales.assign(zero=full.sales["quantity"] <= 0).groupby("product_id")["zero"]
    assert 0.25 < (zeros.mean() > 0.5).mean() < 0.45


@pytest.fixture(scope="session")
def estimates(shop):
    """Logs of what price, promotion and events do, by least squares for each best seller."""
    return pd.DataFrame({product: log_log(shop, product) for product in best_sellers(shop, 10)}).T


def test_when_prices_change_then_the_true_elasticities_can_be_found_again(shop, estimates):
    true = truth_of(shop, "elasticity").set_index("product_id")["value"]
    errors = estimates["price"] - true[estimates.index]
    assert errors.abs().max() < 0.5
    assert errors.abs().mean() < 0.25
    assert abs(errors.mean()) < 0.15


def test_when_promoted_then_the_true_uplift_can_be_found_again(shop, estimates):
    true = truth_of(shop, "promo uplift").set_index("product_id")["value"]
    errors = np.exp(estimates["promo"]) / true[estimates.index] - 1
    assert errors.abs().mean() < 0.15
    assert abs(errors.mean()) < 0.1


@pytest.mark.parametrize("event", departments.EVENTS)
def test_when_a_festival_comes_then_its_true_lift_shows_in_the_sales(shop, estimates, event):
    true = truth_of(shop, "event lift").query("name == @event").set_index("product_id")["value"]
    errors = estimates[event] - np.log(true[estimates.index])
    assert abs(errors.mean()) < 0.15
    assert np.exp(errors.abs().mean()) < 1.3


def even_year(shop):
    """Products that sell all year round."""
    paths = zip(shop.products["product_id"], shop.products["categories"], strict=True)
    return [p for p, path in paths if departments.season_of(tuple(path)).share < 0.3]


def best_sellers(shop, count):
    """Products with an even year, most sold first, whose price has moved and that are not new.

    A launch ramp looks like a price effect to a regression that does not know of it.
    """
    known = set(even_year(shop)) - set(truth_of(shop, "launch")["product_id"])
    sold = shop.sales[shop.sales["product_id"].isin(known)].groupby("product_id")
    moved = sold["price"].nunique() > 8
    return sold["quantity"].sum()[moved].nlargest(count).index


def log_log(shop, product):
    """Elasticity, and logs of the promotion uplift and of each event; season and trend held."""
    rows = censored(shop)
    rows = rows[(rows["product_id"] == product) & ~rows["out"] & (rows["quantity"] > 0)]
    day = pd.DatetimeIndex(rows["day"])
    angle = 2 * np.pi * day.dayofyear.to_numpy()[:, None] * np.arange(1, 4) / 365.25
    week = day.dayofweek.to_numpy()[:, None] == np.arange(1, 7)
    online = rows["place_id"].to_numpy()[:, None] == 1
    on, around = near_events(shop, day)
    levers = {"price": np.log(rows["price"]).to_numpy(), "promo": rows["promo"].to_numpy(), **on}
    controls = [pd.get_dummies(rows["place_id"]), week, week & online, np.sin(angle), np.cos(angle)]
    trend = (day - day.min()).days.to_numpy()[:, None] / 365.25
    design = np.hstack([np.column_stack(list(levers.values())), *controls, around, trend])
    target = np.log(rows["quantity"].to_numpy())
    solution, *_ = np.linalg.lstsq(design.astype(float), target, rcond=None)
    return dict(zip(levers, solution, strict=False))


def near_events(shop, day):
    """Flags of the days on each event by its name, and of the days before and after them."""
    on, around = {}, []
    for name, event in shop.events.groupby("name"):
        phases = np.zeros((len(day), 3))
        for each in event.itertuples():
            offset = (day - each.first_day).days.to_numpy()
            length = (each.last_day - each.first_day).days + 1
            phases[:, 0] += (offset < 0) & (offset >= -each.days_before)
            phases[:, 1] += (offset >= 0) & (offset < length)
            phases[:, 2] += (offset >= length) & (offset < length + each.days_after)
        on[name] = phases[:, 1]
        around.append(phases[:, [0, 2]])
    return on, np.hstack(around)


def test_when_truth_is_kept_then_factors_have_mean_one_and_every_product_has_its_own(shop):
    topics = {"elasticity", "promo uplift", "promo dip", "cannibalisation", "trend", "month"}
    for topic in topics:
        assert truth_of(shop, topic)["product_id"].nunique() == 80, topic
    month = truth_of(shop, "month").groupby("product_id")["value"].agg(["mean", "size"])
    assert (month["size"] == 12).all()
    np.testing.assert_allclose(month["mean"], 1, atol=0.06)
    week = truth_of(shop, "weekday").groupby(SERIES)["value"].agg(["mean", "size"])
    assert (week["size"] == 7).all()
    np.testing.assert_allclose(week["mean"], 1)


# --- Bad input ---


def test_when_more_products_are_asked_for_than_exist_then_the_number_is_named():
    with pytest.raises(DataError, match="cannot have 5000 products: its catalogue holds 1 to 393"):
        build(today=TODAY, products=5000)


def test_when_no_days_are_asked_for_then_it_is_refused():
    with pytest.raises(DataError, match="0 days"):
        build(today=TODAY, days=0)


@pytest.mark.parametrize(("products", "days"), [(1, 1), (1, 30), (393, 2)])
def test_when_the_shop_is_tiny_then_it_still_builds(products, days):
    tiny = build(today=TODAY, products=products, days=days)
    assert len(tiny.products) == products
    assert tiny.sales["day"].nunique() == days


# --- Loading ---


def test_when_loaded_then_the_tables_hold_what_was_built(store):
    dataset_id = small(store)
    shop = build(seed=3, today=TODAY, products=12, days=40)
    found = counts(store)
    assert found["dataset"] == found["import_log"] == 1
    assert found["sales"] == len(shop.sales)
    assert found["plan"] == len(shop.plan)
    assert found["demo_truth"] == len(shop.truth)
    stored = store.frame(
        "SELECT p.code, l.name, s.day, s.quantity, s.revenue, s.stock_on_hand FROM sales s "
        "JOIN product p USING (dataset_id, product_id) JOIN place l USING (dataset_id, place_id) "
        "WHERE s.dataset_id = ? ORDER BY p.product_id, l.place_id, s.day",
        [dataset_id],
    )
    expected = shop.sales.merge(shop.products[["product_id", "code"]], on="product_id")
    assert stored["code"].tolist() == expected["code"].tolist()
    for column in ("quantity", "revenue", "stock_on_hand"):
        np.testing.assert_array_equal(stored[column], expected[column])


def test_when_loaded_then_dataset_and_import_say_where_it_comes_from(store):
    dataset_id = small(store)
    assert store.rows("SELECT name, source, currency, country, category_levels FROM dataset") == [
        (NAME, "demo", "€", "DE", ["Department", "Category", "Range"])
    ]
    ((mode, accepted, added, first, last),) = store.rows(
        "SELECT mode, rows_accepted, sales_added, first_day, last_day FROM import_log "
        "WHERE dataset_id = ?",
        [dataset_id],
    )
    assert mode == "demo"
    assert accepted == added == counts(store)["sales"]
    assert (first, last) == (TODAY - timedelta(days=40), TODAY - timedelta(days=1))


def test_when_other_keys_are_taken_then_loading_gets_fresh_ones(store):
    with store.transaction() as cursor:
        cursor.execute("SELECT nextval('product_key'), nextval('place_key') FROM range(100)")
        cursor.fetchall()
    small(store)
    orphans = store.rows(
        "SELECT count(*) FROM sales s LEFT JOIN product p USING (product_id) "
        "LEFT JOIN place l USING (place_id) WHERE p.code IS NULL OR l.code IS NULL"
    )
    assert orphans == [(0,)]
    assert store.rows("SELECT min(product_id) FROM demo_truth") == [(101,)]
    assert store.rows("SELECT count(*) FROM demo_truth WHERE topic = 'trend'") == [(12,)]


def test_when_loaded_twice_then_the_second_is_refused_and_nothing_changes(store):
    small(store)
    before = counts(store)
    with pytest.raises(ImportConflict, match="'Demo shop' already"):
        small(store, seed=4)
    assert counts(store) == before


def test_when_writing_fails_in_the_middle_then_nothing_is_left(store):
    with store.transaction() as cursor:
        cursor.execute("ALTER TABLE demo_truth RENAME TO elsewhere")
    with pytest.raises(Exception, match="demo_truth"):
        small(store)
    with store.transaction() as cursor:
        cursor.execute("ALTER TABLE elsewhere RENAME TO demo_truth")
    assert set(counts(store).values()) == {0}
    assert small(store) > 0
