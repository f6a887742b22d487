"""Facts of an invented shop, as the screens would give them, made without a database."""

from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest

from reports import ForecastFacts, Language, ModelFacts, Outlook, Parts, ProductFacts, Setting

HOSTILE = (
    '#set page(fill: red) $x$ *b* _i_ @ref <label> `raw` \\ "quote',
    "<script>alert(1)</script></script><img src=x onerror=alert(2)>",
    '=HYPERLINK("http://example.invalid","x")',
    "+1+1",
    "@SUM(A1)",
    "x" * 300,
    "咖啡豆 · 特级",
    "قهوة عربية",
    "Café ☕ 🎉",
    "half \ud83d pair\x00\x07\n\u202eright",
    "{value} {0} %s",
)


@pytest.fixture
def setting() -> Callable[..., Setting]:
    """A setting in a language."""

    def made(language: Language = "en", measure: str = "revenue") -> Setting:
        return Setting(
            dataset="Demo shop",
            measure=measure,  # type: ignore[arg-type]
            currency="€",
            freq="W",
            made_on=pd.Timestamp("2026-11-20"),
            language=language,
        )

    return made


@pytest.fixture
def outlook() -> Outlook:
    """Two years of weeks and 13 ahead, by Theta."""
    return make_outlook()


def make_outlook(weeks: int = 120, ahead: int = 13, *, tested: bool = True) -> Outlook:
    """Sales with a season of a year, and their forecast."""
    draws = np.random.default_rng(3)
    times = pd.date_range("2024-07-29", periods=weeks + ahead, freq="W-MON")
    values = 90_000 + 25_000 * np.sin(np.arange(weeks + ahead) / 52 * 2 * np.pi)
    values = values + draws.normal(0, 4_000, weeks + ahead)
    history = pd.DataFrame(
        {"timestamp": times[:weeks], "value": values[:weeks], "stockout_share": 0.08}
    )
    mean = values[weeks:]
    year_ago = values[weeks - 52 : weeks + ahead - 52] if weeks >= 52 else np.full(ahead, np.nan)
    future = pd.DataFrame(
        {
            "timestamp": times[weeks:],
            "mean": mean,
            "q0.1": mean * 0.9,
            "q0.9": mean * 1.12,
            "last_year": year_ago,
        }
    )
    board = pd.DataFrame(
        {"wape": [0.098, 0.141, 0.112], "bias": [0.021, -0.06, 0.0], "coverage": [0.78, 0.9, 0.6]},
        index=["theta", "seasonal_naive", "arima"],
    )
    return Outlook(
        history=history,
        future=future,
        model="theta",
        naive="seasonal_naive",
        scores=board if tested else None,
        tested=(3, ahead),
        total_low=float(mean.sum() * 0.95),
        total_high=float(mean.sum() * 1.06),
        near=4,
        partial=pd.Timestamp("2026-11-16"),
    )


def make_parts(names: tuple[str, ...]) -> Parts:
    """Products of these names, falling in size; the last has no year before."""
    sizes = np.linspace(90_000, 3_000, len(names))
    before = sizes * np.linspace(0.6, 1.5, len(names))
    before[-1] = np.nan
    return Parts(
        level="product",
        frame=pd.DataFrame({"label": names, "forecast": sizes, "before": before}),
    )


@pytest.fixture
def forecast_facts(
    setting: Callable[..., Setting], outlook: Outlook
) -> Callable[..., ForecastFacts]:
    """The facts of a review."""

    def made(
        language: Language = "en",
        name: str = "All products",
        names: tuple[str, ...] = ("Coffee", "Tea", "Mugs", "Filters"),
        rows: pd.DataFrame | None = None,
    ) -> ForecastFacts:
        return ForecastFacts(
            setting=setting(language),
            name=name,
            place="all places",
            outlook=outlook,
            parts=(make_parts(names),),
            festivals=(("Christmas", pd.Timestamp("2026-12-25")),),
            rows=rows,
        )

    return made


@pytest.fixture
def product_facts(outlook: Outlook) -> Callable[..., ProductFacts]:
    """The facts of a product."""

    def made(name: str = "Coffee beans", code: str = "P-001") -> ProductFacts:
        times = outlook.history["timestamp"]
        prices = pd.DataFrame(
            {"timestamp": times, "price": 4.99, "promo_share": 0.1, "stockout_share": np.nan}
        )
        return ProductFacts(
            name=name,
            code=code,
            categories=("Drinks", "Coffee"),
            outlook=outlook,
            prices=prices,
            places=Parts(
                level="place",
                frame=pd.DataFrame(
                    {
                        "label": ["Berlin", "北京"],
                        "forecast": [4_000.0, 2_000.0],
                        "before": [3_500.0, np.nan],
                    }
                ),
            ),
        )

    return made


@pytest.fixture
def model_facts(setting: Callable[..., Setting]) -> Callable[..., ModelFacts]:
    """The facts of a trained model with its comparison."""

    def made(language: Language = "en", **changed: object) -> ModelFacts:
        levels = np.array([0.025, 0.1, 0.25, 0.5, 0.75, 0.9, 0.975])
        board = pd.DataFrame(
            {
                "model": ["lstm", "seasonal_naive", "arima"],
                "WAPE": [0.118, 0.152, 0.131],
                "WQL": [0.094, 0.131, 0.102],
                "MASE": [0.81, 1.02, 0.9],
                "bias": [-0.071, 0.01, 0.02],
                "coverage": [0.71, 0.82, 0.8],
            }
        )
        facts: dict[str, object] = {
            "setting": setting(language),
            "name": "LSTM · All products",
            "model": "lstm",
            "scope": "All products, all places by product, week",
            "series": 1234,
            "horizon": 13,
            "seed": 0,
            "data_until": "2026-11-09",
            "snapshot": "ab12cd34ef56",
            "code_version": "f8cca2e00000",
            "trained_on": pd.Timestamp("2026-11-19"),
            "options": {"preset": "balanced", "dropout": 0.1},
            "covariates": {"price": "planned"},
            "leaderboard": board,
            "windows": 2,
            "reliability": pd.DataFrame({"level": levels, "observed": levels**1.2}),
            "steps": pd.DataFrame(
                {
                    "step": range(1, 14),
                    "lstm": np.linspace(0.09, 0.14, 13),
                    "seasonal_naive": 0.15,
                    "arima": np.linspace(0.1, 0.16, 13),
                }
            ),
            "fallbacks": {"too short": 12},
        }
        return ModelFacts(**{**facts, **changed})  # type: ignore[arg-type]

    return made
