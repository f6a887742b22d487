"""From Parquet to a plotted forecast: `python docs/quickstart.py [sales.parquet]`, a minute."""

# %% The demo shop's sales by product and day, with price, promo, category: made where no file is
import sys
from datetime import date
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))
import pandas as pd
import plotly.graph_objects as go

import forecasting as fc
from data.demo.shop import build

file = Path(sys.argv[1] if len(sys.argv) > 1 else "sales.parquet")
if not file.exists():
    shop = build(today=date(2026, 11, 20), products=60)
    by = shop.sales.rename(columns={"day": "timestamp", "quantity": "target"})
    by = by.merge(shop.products, on="product_id").assign(series_id=lambda each: each["code"])
    by["category"] = by["categories"].str[0]
    how = {"target": "sum", "price": "mean", "promo": "mean", "category": "first"}
    by.groupby(["series_id", "timestamp"]).agg(how).reset_index().to_parquet(file)

# %% A panel, and a network against the simple methods in a backtest: lower WQL is better
columns = {"known_covariates": ["price", "promo"], "static_features": ["category"]}
panel = fc.Panel.from_frame(pd.read_parquet(file), freq="D", gaps="zero", **columns)
fast = {"preset": "fast"}  # or "balanced", the default, or "best"
models = ["seasonal_naive", "theta", "lstm"]
result = fc.backtest(panel, models, horizon=28, options={"lstm": fast})
print(result.leaderboard().round(3).to_string(index=False))

# %% The forecast of the next 28 days, with prices and promotions as they were last
model = fc.create("lstm", horizon=28, **fast).fit(panel, on_progress=print)
forecast = model.predict(panel, known_future=fc.fill_future(panel, 28))
ahead, history = forecast.to_frame().groupby("series_id"), panel.to_frame().groupby("series_id")
name = panel.series_ids[0]
past, future = history.get_group(name).tail(90), ahead.get_group(name)
lines = [(past, "target"), *((future, column) for column in ("q0.1", "q0.5", "q0.9"))]
figure = go.Figure([go.Scatter(x=of.timestamp, y=of[name], name=name) for of, name in lines])
figure.update_layout(title=f"{name}: sold, and the next 28 days").write_html("forecast.html")
