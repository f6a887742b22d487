"""The replay on the Inventory page: not before it is opened, and then in words, table and file."""

import shutil
from pathlib import Path

from streamlit.testing.v1 import AppTest

from data.store import open_store
from ui import inventory_replay_facts

PAGE = "pages/plan/inventory.py"
SAYS = "than the textbook rule"


def said(app: AppTest) -> str:
    return "\n".join(str(part.value) for part in [*app.markdown, *app.caption])


def test_when_the_fold_is_opened_then_the_past_is_replayed(demo_app: AppTest) -> None:
    app = demo_app.switch_page(PAGE).run()
    assert not app.exception
    assert SAYS not in said(app)
    app.session_state["inventory_replay"] = True
    app.run()
    assert not app.exception
    assert SAYS in said(app)
    assert "sold out show less" in said(app)
    table = next(each.value for each in app.dataframe if "lost_money" in each.value)
    assert table["what"].tolist() == ["As it was", "Textbook rule", "Almanac"]
    assert table["served"].notna().tolist() == [False, True, True]
    assert table["stock"].gt(0).all()


def test_when_the_history_is_short_then_the_fold_says_how_much_is_needed(
    demo_app: AppTest, tmp_path: Path, demo_var: Path
) -> None:
    shutil.copy(demo_var / "almanac.duckdb", tmp_path / "almanac.duckdb")
    store = open_store(tmp_path / "almanac.duckdb")
    with store.transaction() as cursor:
        cursor.execute("DELETE FROM sales WHERE day < DATE '2026-08-01'")
    store.close()
    app = demo_app.switch_page(PAGE).run()
    app.session_state["inventory_replay"] = True
    app.run()
    assert not app.exception
    least = inventory_replay_facts.LEARN + inventory_replay_facts.FEWEST + 2
    assert f"about {least} weeks" in said(app)
