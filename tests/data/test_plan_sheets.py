"""The plan as a file to edit: uploaded again it changes what was edited, and nothing else."""

import io
from collections.abc import Callable

import pandas as pd
import pytest

from data import plan_changes, plan_files, plan_sheets, plans
from data.errors import FileError
from data.guards import guarded, unguarded
from data.plans import Plan
from data.scope import Scope
from data.store import Store
from tests.data.plan_shop import begin, sold
from ui import table_files

ALL = Scope(dataset_id=1)
CODES = ("=1+1", "007", '咖啡 "特级"', "-5% deal\nnew", "+1", "@SUM(A1)")
FORMS: dict[str, Callable[[pd.DataFrame], bytes]] = {
    "csv": table_files.csv,
    "xlsx": table_files.excel,
    "parquet": table_files.parquet,
    "own csv": lambda frame: plan_sheets.written(frame).encode("utf-8-sig"),
}


@pytest.fixture
def plan(store: Store) -> Plan:
    sold(store)
    return begin(store)


def renamed(store: Store, codes: tuple[str, ...]) -> None:
    with store.transaction() as cursor:
        for number, code in enumerate(codes[:3], start=1):
            cursor.execute(
                "UPDATE product SET code = $1, name = $1 WHERE product_id = $2", [code, number]
            )


def kept(store: Store, plan: Plan, found: plan_files.Parsed) -> None:
    now = plans.revision(store, plan.plan_id)
    plan_files.keep(store, plan, found, author="Ada", based_on=now, partly=False)


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("codes", [CODES[:3], CODES[3:]])
def test_when_the_plan_is_edited_in_a_file_then_nothing_else_changes(
    store: Store, plan: Plan, form: str, codes: tuple[str, ...]
) -> None:
    renamed(store, codes)
    text = "product,place,period,kind,amount,reason,comment\n"
    for period in plans.series(store, plan, ALL)["timestamp"].dt.date.tolist()[:2]:
        code = '"' + guarded(codes[1]).replace('"', '""') + '"'
        text += f'{code},,{period},%,33,event,"\'=SUM(1), “fair”"\n'
    kept(store, plan, plan_files.read(store, plan, text.encode(), "first.csv"))
    before = plans.rows(store, plan)
    frame = plan_sheets.filled(store, plan, ALL)
    assert len(frame) == len(before)
    assert set(frame["product"]) == set(codes)
    again = plan_files.read(store, plan, FORMS[form](frame), f"plan.{form}")
    assert (again.good, again.problems, again.unchanged) == (0, (), len(frame))

    at = frame.index[frame["product"] == codes[0]][1]
    edited = frame.assign(
        amount=frame["amount"].mask(frame.index == at, 77.5),
        comment=frame["comment"].mask(frame.index == at, "=our remark"),
        reason=frame["reason"].mask(frame.index == at, "promotion"),
    )
    found = plan_files.read(store, plan, FORMS[form](edited), f"plan.{form}")
    assert (found.good, found.problems, found.unchanged) == (1, (), len(frame) - 1)
    assert found.lines["comment"].tolist() == ["=our remark"]
    kept(store, plan, found)
    after = plan_sheets.filled(store, plan, ALL)
    pd.testing.assert_series_equal(after["amount"], edited["amount"], atol=2e-3)
    assert after["comment"].tolist() == edited["comment"].tolist()
    assert after["reason"].tolist() == edited["reason"].tolist()


@pytest.mark.parametrize("form", FORMS)
def test_when_changes_in_force_are_uploaded_into_a_fresh_plan_then_they_are_in_force_again(
    store: Store, plan: Plan, form: str
) -> None:
    renamed(store, CODES)
    text = "product,period,kind,amount,comment\n'=1+1,2026-11-23,%,20,'=now\n007,2026-11-30,to,9,\n"
    found = plan_files.read(store, plan, text.encode(), "changes.csv")
    assert found.problems == ()
    number = plan_files.keep(
        store, plan, found, author="Ada", based_on=plans.revision(store, plan.plan_id), partly=False
    )
    file, finals = FORMS[form](plan_sheets.in_force(store, plan)), plans.rows(store, plan)["final"]
    plan_changes.undo(store, plan, number, author="Ada")
    assert plans.rows(store, plan)["final"].tolist() != finals.tolist()
    kept(store, plan, plan_files.read(store, plan, file, f"changes.{form}"))
    assert plans.rows(store, plan)["final"].tolist() == pytest.approx(finals.tolist(), abs=2e-3)


def test_when_a_spreadsheet_dropped_leading_zeros_then_the_one_code_meant_is_found(
    store: Store, plan: Plan
) -> None:
    renamed(store, ("007", "0012", "12000"))
    text = "product,period,kind,amount\n{},2026-11-23,%,20\n"
    for typed, meant in (("7", 1), ("12", 2), ("12000", 3)):
        found = plan_files.read(store, plan, text.format(typed).encode(), "x.csv")
        assert found.lines["product_id"].tolist() == [meant]
    renamed(store, ("007", "07", "x"))
    found = plan_files.read(store, plan, text.format("7").encode(), "x.csv")
    assert "is no product here" in found.problems[0].reason


def test_when_something_is_locked_or_frozen_then_it_is_not_in_the_file(
    store: Store, plan: Plan
) -> None:
    plan_changes.lock(
        store, plan, Scope(dataset_id=1, product_id=3), node="Bread", author="Ada", reason="deal"
    )
    plan_changes.freeze(store, plan, 1, author="Ada")
    plan = plans.get(store, plan.plan_id) or plan
    frame = plan_sheets.filled(store, plan, ALL)
    assert sorted(set(frame["product"])) == ["P00001", "P00002"]
    assert frame["period"].nunique() == 3
    assert set(plan_sheets.filled(store, plan, Scope(dataset_id=1, product_id=1))["name"]) == {
        "Apple"
    }


def test_when_there_are_too_many_lines_then_it_says_to_narrow_the_scope(
    store: Store, plan: Plan, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(plan_sheets, "MOST_LINES", 5)
    with pytest.raises(FileError, match="Narrow the scope"):
        plan_sheets.filled(store, plan, ALL)


@pytest.mark.parametrize("content", [b"PAR1nonsense", b"PAR1" + bytes(40) + b"PAR1"])
def test_when_a_parquet_file_is_damaged_then_words_say_so(
    store: Store, plan: Plan, content: bytes
) -> None:
    with pytest.raises(FileError, match="cannot be read as Parquet"):
        plan_files.read(store, plan, content, "plan.parquet")


@pytest.mark.parametrize("text", [*CODES, "'s-Hertogenbosch", "''", "Coffee", "\tx", ""])
def test_when_a_word_is_guarded_then_it_comes_back(text: str) -> None:
    assert unguarded(guarded(text)) == text
    buffer = io.BytesIO(table_files.csv(pd.DataFrame({"word": [text, "x"]})))
    read = pd.read_csv(buffer, keep_default_na=False, dtype=str)["word"][0]
    assert unguarded(read) == text
