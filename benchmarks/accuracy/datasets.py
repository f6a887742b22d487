"""The eight data sets, each read from the folder of public data into a contest.

What nobody knows ahead is left out of the known covariates: next month's temperature, or what the
whole industry will have sold.
"""

import dataclasses
import hashlib
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow.parquet as pq

import forecasting as fc
from benchmarks.accuracy.contest import Contest

M5_SERIES = 1_000
STALLION_PRICES = ("price_regular", "price_actual", "discount")
STALLION_EVENTS = (
    *("easter_day", "good_friday", "new_year", "christmas", "labor_day", "independence_day"),
    *("revolution_day_memorial", "regional_games", "fifa_u_17_world_cup", "football_gold_cup"),
    *("beer_capital", "music_fest"),
)


def pharma(folder: Path) -> Contest:
    frame = pd.read_parquet(folder / "pharma_sales" / "sales_daily.parquet")
    frame = frame.rename(columns={"date": "timestamp", "units": "target", "atc_group": "series_id"})
    return Contest(
        name="pharma",
        title="pharmacy, daily, nothing known ahead",
        panel=fc.Panel.from_frame(frame, "D"),
        horizon=28,
        input_size=84,
    )


def avocado(folder: Path) -> Contest:
    frame = pd.read_parquet(folder / "avocado" / "sales_weekly.parquet")
    frame["series_id"] = frame["region"] + "/" + frame["type"]
    frame = frame.rename(columns={"date": "timestamp", "total_volume": "target"})
    panel = fc.Panel.from_frame(
        frame, "W", known_covariates=["avg_price"], static_features=["type", "region"]
    )
    title = "avocado, weekly, price known ahead"
    return Contest(name="avocado", title=title, panel=panel, horizon=8, input_size=52)


def stallion(folder: Path) -> Contest:
    frame = pd.read_parquet(folder / "stallion_beverage" / "sales_monthly.parquet")
    frame = _texts(frame, ["agency", "sku"])
    frame = frame.rename(columns={"date": "timestamp", "volume": "target"})
    panel = fc.Panel.from_frame(
        frame,
        "MS",
        known_covariates=[*STALLION_PRICES, *STALLION_EVENTS],
        static_features=["agency", "sku"],
    )
    return Contest(
        name="stallion",
        title="Stallion beverages, monthly, prices, discount and events known ahead "
        "(not temperature, nor the industry's volume)",
        panel=panel,
        horizon=6,
        input_size=24,
    )


def carparts(folder: Path) -> Contest:
    frame = pd.read_parquet(folder / "carparts" / "sales_monthly.parquet")
    frame = frame.rename(columns={"month": "timestamp", "units": "target", "part_id": "series_id"})
    return Contest(
        name="carparts",
        title="car parts, monthly, 71 % zeros, nothing known ahead",
        panel=fc.Panel.from_frame(frame, "MS"),
        horizon=6,
        input_size=24,
    )


def m4_weekly(folder: Path) -> Contest:
    """M4 gives no dates, so all series are laid out to end in the same week."""
    frame = pd.read_parquet(folder / "m4_subset" / "m4_weekly.parquet")
    before_end = frame.groupby("series_id")["t"].transform("max") - frame["t"]
    frame["timestamp"] = pd.Timestamp("2017-12-31") - pd.to_timedelta(before_end * 7, unit="D")
    return Contest(
        name="m4_weekly",
        title="M4 weekly, undated (all made to end in one week), nothing known ahead",
        panel=fc.Panel.from_frame(frame.rename(columns={"y": "target"}), "W-SUN"),
        horizon=13,
        input_size=52,
    )


def dominicks(folder: Path) -> Contest:
    frame = pd.read_parquet(folder / "dominicks_orange_juice" / "sales_weekly.parquet")
    frame = _texts(frame, ["store", "brand"])
    frame = frame.rename(columns={"week_start": "timestamp", "units": "target"})
    panel = fc.Panel.from_frame(
        frame, "W", known_covariates=["price", "deal", "feat"], static_features=["store", "brand"]
    )
    title = "Dominick's orange juice, weekly, price, deal and feature known ahead"
    return Contest(name="dominicks", title=title, panel=panel, horizon=8, input_size=52)


def store_item(folder: Path) -> Contest:
    frame = pd.read_parquet(folder / "store_item_demand" / "sales_daily.parquet")
    frame = _texts(frame, ["store", "item"])
    frame = frame.rename(columns={"date": "timestamp", "sales": "target"})
    panel = fc.Panel.from_frame(frame, "D", static_features=["store", "item"])
    title = "store item demand, daily, nothing known ahead"
    return Contest(name="store_item", title=title, panel=panel, horizon=28, input_size=84)


def m5(folder: Path) -> Contest:
    """A random sample of all item-store series, from the first sale of each on."""
    files = sorted((folder / "m5" / "sales_daily").glob("*.parquet"))
    ids = np.concatenate([pq.read_table(f, columns=["series_id"])[0].unique() for f in files])
    chosen = np.random.default_rng(0).choice(np.sort(ids), M5_SERIES, replace=False).tolist()
    statics = ["dept_id", "cat_id", "store_id", "state_id"]
    columns = ["series_id", "date", "units", *statics]
    wanted = [("series_id", "in", chosen)]
    parts = [pq.read_table(f, columns=columns, filters=wanted).to_pandas() for f in files]
    frame = pd.concat(parts).rename(columns={"date": "timestamp", "units": "target"})
    frame["timestamp"] = pd.to_datetime(frame["timestamp"])
    return Contest(
        name="m5",
        title=f"M5, {M5_SERIES:,} random series, daily, nothing known ahead",
        panel=fc.Panel.from_frame(frame, "D", gaps="zero", static_features=statics),
        horizon=28,
        input_size=84,
    )


# The smallest first, so that a run that is stopped leaves whole tables.
DATASETS: dict[str, Callable[[Path], Contest]] = {
    "pharma": pharma,
    "avocado": avocado,
    "stallion": stallion,
    "m4_weekly": m4_weekly,
    "carparts": carparts,
    "dominicks": dominicks,
    "store_item": store_item,
    "m5": m5,
}
LARGE = ("m5", "dominicks", "store_item", "avocado", "stallion")
WITH_COVARIATES = ("dominicks", "avocado")  # where covariates must pay
SMOKE_SERIES, SMOKE_STEPS = 20, 400


def prepared(name: str, data: Path, out: Path, *, smoke: bool) -> Path:
    """The folder within `out` with the saved contest, read anew where this file has changed."""
    folder, source = out / name, hashlib.sha256(Path(__file__).read_bytes()).hexdigest()
    mark = folder / "source.txt"
    if not mark.is_file() or mark.read_text() != source:
        read(name, data, smoke=smoke).save(folder)
        mark.write_text(source)
    return folder


def read(name: str, folder: Path, *, smoke: bool = False) -> Contest:
    """The contest of a data set; for a smoke test of few series and their last steps.

    Raises `FileNotFoundError` where the folder does not hold the data.
    """
    contest = DATASETS[name](folder).entered()
    if not smoke:
        return contest
    small = contest.sampled(SMOKE_SERIES)
    recent = small.panel.to_frame()
    recent = recent[recent["timestamp"] >= small.panel.timestamps[-SMOKE_STEPS:][0]]
    panel = fc.Panel.from_frame(
        recent,
        small.panel.freq,
        known_covariates=small.panel.known_names,
        static_features=list(small.panel.static_features.columns),
    )
    return dataclasses.replace(small, panel=panel).entered()


def _texts(frame: pd.DataFrame, columns: Sequence[str]) -> pd.DataFrame:
    """The frame with these columns as text, and their combination as series_id."""
    texts = frame.assign(**{name: frame[name].astype(str) for name in columns})
    return texts.assign(series_id=texts[columns[0]] + "/" + texts[columns[1]])
