"""From runs to reports: what is read once, and rows by their names."""

from types import SimpleNamespace
from typing import Any

import pandas as pd
import pytest

from data.scope import Scope
from ui import report_facts


def test_when_a_run_has_many_series_then_names_are_read_once_and_each_row_has_its_own(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Every read of names asks the database for its version: 12,196 of them took a minute."""
    reads: list[str] = []

    def named(kind: str, names: dict[int, str]) -> Any:
        def read(dataset_id: int) -> pd.DataFrame:
            reads.append(kind)
            return pd.DataFrame({"name": names})

        return read

    days = pd.date_range("2026-11-16", periods=2)
    series = [f"{product}:{place}" for product in range(1, 41) for place in (1, 2)]
    frame = pd.DataFrame(
        [(key, day, 1.0, 0.5, 2.0) for key in series for day in days],
        columns=["series_id", "timestamp", "mean", "q0.1", "q0.9"],
    )
    made = SimpleNamespace(future=pd.DataFrame({"timestamp": days}))
    run = SimpleNamespace(run_id="r", about=SimpleNamespace(scope={"split": "product_place"}))
    kept = SimpleNamespace(run=lambda run_id: SimpleNamespace(frame=lambda name: frame))
    monkeypatch.setattr(report_facts, "registry", lambda: kept)
    monkeypatch.setattr(report_facts, "_wanted", lambda scope, run: lambda series_id: True)
    monkeypatch.setattr(report_facts.scopes, "name", lambda scope: "All products")
    monkeypatch.setattr(report_facts.scopes, "place", lambda scope: "all places")
    products = {number: f"=Product {number}" for number in range(1, 40)}
    monkeypatch.setattr(report_facts.queries, "products", named("products", products))
    monkeypatch.setattr(report_facts.queries, "places", named("places", {1: "Berlin", 2: "Köln"}))
    rows = report_facts._rows(Scope(dataset_id=1), run, made)  # type: ignore[arg-type]
    assert reads == ["products", "places"]
    assert len(rows) == len(frame)
    assert rows["product"].iloc[0] == "=Product 1"
    assert rows["product"].iloc[-1] == "40"  # deleted since: its key, rather than nothing
    assert rows["place"].tolist()[:3] == ["Berlin", "Berlin", "Köln"]
