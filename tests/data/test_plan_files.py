"""Changes from files: what is read, which lines are refused and why, and that none is half kept."""

import io
from datetime import timedelta

import openpyxl
import pandas as pd
import pytest

from data import plan_changes, plan_files, plan_log, plans
from data.errors import Conflict, FileError, PlanError
from data.plans import Plan
from data.scope import Scope
from data.store import Store
from tests.data.plan_shop import MONDAY, begin, sold
from tests.data.shop import fill

HEAD = "product,place,period,kind,amount,reason,comment\n"
ALL = Scope(dataset_id=1)


@pytest.fixture
def plan(store: Store) -> Plan:
    sold(store)
    return begin(store)


def parsed(store: Store, plan: Plan, text: str) -> plan_files.Parsed:
    return plan_files.read(store, plan, (HEAD + text).encode(), "changes.csv")


def kept(store: Store, plan: Plan, found: plan_files.Parsed, *, partly: bool = False) -> int:
    now = plans.revision(store, plan.plan_id)
    return plan_files.keep(store, plan, found, author="Ada", based_on=now, partly=partly)


def finals(store: Store, plan: Plan, scope: Scope) -> list[float]:
    return [round(each, 6) for each in plans.series(store, plan, scope)["final"]]


def test_when_lines_are_good_then_they_are_one_edit_that_can_be_undone(
    store: Store, plan: Plan
) -> None:
    found = parsed(
        store,
        plan,
        "P00001,,2026-11-23,%,20,promotion,door\nP00001,S1,2026-11-25,to,99,,\n"
        "P00002,S1,2026-W49,units,-5%,stock,\nP00003,,2026-12-07,units,\"1,200\",event,\n",
    )  # fmt: skip
    assert found.problems == ()
    number = kept(store, plan, found)
    apple = Scope(dataset_id=1, product_id=1)
    assert finals(store, plan, apple) == [135, 40, 40, 40]  # the line of one place counts last
    assert finals(store, plan, Scope(dataset_id=1, product_id=2))[1] == 15
    assert finals(store, plan, Scope(dataset_id=1, product_id=3))[2] == 1245
    assert plan_log.history(store, plan.plan_id)[0].lines == 4
    text = plan_files.write(store, plan)
    assert (
        "P00001,S1,2026-11-23,to,99.0,other,\nP00001,S2,2026-11-23,to,36.0,promotion,door" in text
    )
    plan_changes.undo(store, plan, number, author="Ada")
    assert finals(store, plan, ALL) == [105] * 4
    assert plan_files.read(store, plan, text.encode(), "again.csv").problems == ()


def test_when_lines_are_wrong_then_each_is_named_and_the_rest_can_be_taken_or_none(
    store: Store, plan: Plan
) -> None:
    plan_changes.lock(
        store, plan, Scope(dataset_id=1, product_id=3), node="Bread", author="Ada", reason="deal"
    )
    plan_changes.freeze(store, plan, 1, author="Ada")
    with store.transaction() as cursor:
        cursor.execute("DELETE FROM demand_cell WHERE product_id = 2 AND place_id = 2")
    plan = plans.get(store, plan.plan_id) or plan
    lines = [
        ("P00001,,2026-11-30,%,20,promotion,", None),
        ("P99999,,2026-11-30,%,20,promotion,", "is no product here; use its code"),
        ("P00001,Moon,2026-11-30,%,20,promotion,", "is no place here; use its code"),
        ("P00001,S1,30.11.2026,%,20,promotion,", "is not a day; write it as 2026-11-23"),
        ("P00001,S1,2027-11-30,%,20,promotion,", "is not in the plan"),
        ("P00001,S1,2026-11-23,%,20,promotion,", "is frozen"),
        ("P00001,S1,2026-11-30,times,2,promotion,", "is none of %, units, to"),
        ("P00001,S1,2026-11-30,%,1O,promotion,", "is not a number"),
        ("P00001,S1,2026-11-30,%,-150,promotion,", "would leave less than nothing"),
        ("P00001,S1,2026-11-30,to,-1,promotion,", "is below 0"),
        ("P00001,S1,2026-11-30,units,-11,promotion,", "takes away more than there is"),
        ("P00001,S1,2026-12-07,%,5,because,", "is none of promotion"),
        ("P00001,,2026-11-30,to,4,promotion,", "has a line for this period above"),
        ("P00002,S2,2026-11-30,to,4,promotion,", "has no forecast in this plan"),
        ("P00003,,2026-11-30,%,5,promotion,", "is of a locked product"),
        (",,,,,,", None),
        ("P00002,,2026-11-30,%,10,event,", None),
    ]
    found = parsed(store, plan, "\n".join(text for text, _ in lines))
    wrong = {at: words for at, (_, words) in enumerate(lines, start=2) if words}
    assert [each.line for each in found.problems] == list(wrong)
    for each in found.problems:
        assert each.reason.startswith(wrong[each.line])
    assert found.good == 2
    report = plan_files.problems_csv(found.problems).splitlines()
    assert report[7] == "9,amount,1O,is not a number"
    with pytest.raises(PlanError, match="14 lines are wrong; nothing was imported"):
        kept(store, plan, found)
    assert finals(store, plan, ALL) == [105] * 4
    kept(store, plan, found, partly=True)
    assert finals(store, plan, ALL)[1] == 105 + 8 + 2


def test_when_somebody_changed_a_cell_meanwhile_then_no_line_is_kept(
    store: Store, plan: Plan
) -> None:
    found = parsed(store, plan, "P00001,,2026-11-30,%,20,,\nP00002,S1,2026-11-30,%,20,,\n")
    seen = plans.revision(store, plan.plan_id)
    kept(store, plan, parsed(store, plan, "P00002,S1,2026-11-30,to,5,,\n"))
    with pytest.raises(Conflict, match="1 changes from a file"):
        plan_files.keep(store, plan, found, author="Bea", based_on=seen, partly=False)
    assert finals(store, plan, ALL)[1] == 90


def test_when_a_workbook_is_given_then_its_dates_and_codes_are_read(
    store: Store, plan: Plan
) -> None:
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.append(HEAD.strip().split(","))
    sheet.append(["P00001", None, plan.first_period, "to", 50, "event", "fair"])
    content = io.BytesIO()
    book.save(content)
    found = plan_files.read(store, plan, content.getvalue(), "changes.xlsx")
    kept(store, plan, found)
    assert finals(store, plan, Scope(dataset_id=1, product_id=1))[0] == 50


def test_when_50_000_lines_come_from_excel_then_the_200_bad_ones_are_named_and_kept_out(
    store: Store,
) -> None:
    products, weeks = range(1, 501), [MONDAY + timedelta(days=7 * week) for week in range(50)]
    fill(store, [(each, place, MONDAY - timedelta(days=7), 1.0, 2.0) for each in products
                 for place in (1, 2)])  # fmt: skip
    cells = [(each, place, week) for each in products for place in (1, 2) for week in weeks]
    frame = pd.DataFrame(cells, columns=["product_id", "place_id", "timestamp"])
    plan = begin(store, frame.assign(mean=1.0, q10=0.0, q50=1.0, q90=2.0))
    book = openpyxl.Workbook(write_only=True)
    sheet = book.create_sheet()
    sheet.append(HEAD.strip().split(","))
    for at, (product, place, week) in enumerate(cells):
        bad = at % 250 == 7
        amount: object = "a dozen" if bad and at % 500 == 7 else 3
        code = "P99999" if bad and at % 500 != 7 else f"P{product:05d}"
        sheet.append([code, f"S{place}", week, "to", amount, "event", "fair"])
    content = io.BytesIO()
    book.save(content)
    found = plan_files.read(store, plan, content.getvalue(), "changes.xlsx")
    assert (found.good, len(found.problems)) == (49_800, 200)
    assert [(each.line, each.value) for each in found.problems[:2]] == [
        (9, "a dozen"), (259, "P99999")
    ]  # fmt: skip
    with pytest.raises(PlanError, match="200 lines are wrong; nothing was imported"):
        kept(store, plan, found)
    number = kept(store, plan, found, partly=True)
    assert sum(finals(store, plan, ALL)) == 3 * 49_800 + 200
    plan_changes.undo(store, plan, number, author="Ada")
    assert sum(finals(store, plan, ALL)) == 50_000


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "no lines below its column names"),
        (b"product,period\nP1,2026-11-23\n", "no column \u201ckind\u201d"),
        (b"PK\x03\x04nonsense", "cannot be read as a workbook"),
        (b"\xff\xfe\x00", "UTF-8"),
    ],
)
def test_when_a_file_cannot_be_read_then_words_say_why(
    store: Store, plan: Plan, content: bytes, words: str
) -> None:
    with pytest.raises(FileError, match=words):
        plan_files.read(store, plan, content, "changes.csv")


def test_when_the_template_is_filled_in_then_it_is_read(store: Store, plan: Plan) -> None:
    found = plan_files.read(store, plan, plan_files.template(store, plan).encode(), "template.csv")
    assert (found.good, found.problems) == (1, ())
