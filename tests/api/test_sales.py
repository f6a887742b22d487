"""Sales come in whole or not at all, once for a key, and every bad row is named."""

import threading
from datetime import date
from typing import Any

import pytest
import requests

from tests.api.service import Service
from ui import state

PATH = "/datasets/1/sales"


def row(product: str = "TEA-1", **given: Any) -> dict[str, Any]:
    return {"date": "2026-11-18", "product": product, "quantity": 3, "place": "berlin", **given}


def post(service: Service, rows: list[dict[str, Any]], key: str = "", **query: Any) -> Any:
    headers = {"Idempotency-Key": key} if key else {}
    return service.ask("POST", PATH, json={"rows": rows}, headers=headers, params=query)


def stored(product: str) -> list[tuple[Any, ...]]:
    return state.store().rows(
        "SELECT day, quantity, price, promo FROM sales JOIN product USING (product_id) "
        "WHERE code = $1 ORDER BY day",
        [product],
    )


def test_when_rows_are_sent_then_they_are_in_the_dataset(service: Service) -> None:
    answer = post(service, [row("NEW-1", price=2.5, promo=True), row("NEW-1", date="2026-11-17")])
    assert answer.status_code == 200, answer.text
    told = answer.json()
    assert (told["rows_accepted"], told["product_days_added"], told["repeated"]) == (2, 2, False)
    assert stored("NEW-1") == [
        (date(2026, 11, 17), 3.0, None, False),
        (date(2026, 11, 18), 3.0, 2.5, True),
    ]


def test_when_a_day_is_there_then_append_skips_and_replace_takes_its_place(
    service: Service,
) -> None:
    post(service, [row("NEW-2", quantity=3)])
    told = post(service, [row("NEW-2", quantity=8)]).json()
    assert (told["product_days_added"], told["product_days_skipped"]) == (0, 1)
    assert stored("NEW-2")[0][1] == 3
    told = post(service, [row("NEW-2", quantity=9)], mode="replace").json()
    assert told["product_days_replaced"] == 1
    assert stored("NEW-2")[0][1] == 9


def test_when_the_same_request_comes_twice_then_it_is_done_once(service: Service) -> None:
    first = post(service, [row("KEY-1")], key="monday").json()
    second = post(service, [row("KEY-1")], key="monday").json()
    assert second == {**first, "repeated": True}
    assert len(stored("KEY-1")) == 1
    other = post(service, [row("KEY-1", quantity=4)], key="monday")
    assert other.status_code == 409
    assert "monday" in other.json()["detail"]


def test_when_the_same_request_comes_at_once_then_it_is_done_once(service: Service) -> None:
    got: list[dict[str, Any]] = []

    def send() -> None:
        got.append(post(service, [row("KEY-2")], key="tuesday").json())

    threads = [threading.Thread(target=send) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert sorted(each["repeated"] for each in got) == [False, True, True, True]
    assert len({each["import_id"] for each in got}) == 1
    assert len(stored("KEY-2")) == 1


def test_when_a_request_was_refused_then_its_key_may_be_used_again(service: Service) -> None:
    assert post(service, [row("KEY-3", date="2036-01-01")], key="w").status_code == 422
    assert post(service, [row("KEY-3")], key="w").json()["repeated"] is False


def test_when_a_row_is_bad_then_nothing_is_kept_and_it_is_named(service: Service) -> None:
    rows = [row("BAD-1"), row("BAD-2", date="2036-01-01")]
    told = post(service, rows).json()
    assert told["status"] == 422
    assert told["errors"][0]["where"].startswith("rows.1")
    assert "future" in told["errors"][0]["problem"]
    assert stored("BAD-1") == []
    kept = post(service, rows, bad_rows="leave_out").json()
    assert (kept["rows_accepted"], kept["rows_left_out"]) == (1, 1)
    assert kept["left_out"][0]["where"].startswith("rows.1")
    assert len(stored("BAD-1")) == 1


@pytest.mark.parametrize(
    ("text", "where", "words"),
    [
        ('{"date":"2026-11-18","product":"a","quantity":NaN}', "body.rows.0.quantity", "NaN"),
        ('{"date":"2026-11-18","product":"a","quantity":1e999}', "body.rows.0.quantity", "NaN"),
        ('{"date":"2026-11-18","product":"a","quantity":"x"}', "body.rows.0.quantity", "number"),
        ('{"date":"18.11.2026","product":"a","quantity":1}', "body.rows.0.date", "date"),
        ('{"date":1763424000,"product":"a","quantity":1}', "body.rows.0.date", "2026-11-20"),
        (
            '{"date":"2026-11-18T23:30:00+08:00","product":"a","quantity":1}',
            "body.rows.0.date",
            "as the shop counts it",
        ),
        ('{"product":"a","quantity":1}', "body.rows.0.date", "required"),
        ('{"date":"2026-11-18","product":"a","quantity":1,"colour":1}', "body.rows.0.colour", ""),
    ],
)
def test_when_a_value_is_wrong_then_its_place_is_said(
    service: Service, text: str, where: str, words: str
) -> None:
    answer = service.ask(
        "POST", PATH, data='{"rows":[' + text + "]}", headers={"Content-Type": "application/json"}
    )
    assert answer.status_code == 422
    (error,) = answer.json()["errors"]
    assert error["where"] == where
    assert words in error["problem"]


def file(service: Service, path: str, content: bytes, kind: str = "text/csv") -> requests.Response:
    headers = {"Content-Type": kind, "Almanac-File-Name": "sales%20of%20May.csv"}
    return service.ask("POST", path, data=content, headers=headers)


def test_when_a_file_is_sent_then_it_becomes_a_dataset_and_grows(service: Service) -> None:
    first = b"day,sku,units\n2026-05-01,A,3\n2026-05-02,A,4\n"
    made = file(service, "/datasets?name=May", first)
    assert made.status_code == 201, made.text
    assert service.get("/datasets/May")["sales_rows"] == 2
    more = b"day,sku,units\n2026-05-03,A,5\n"
    assert file(service, "/datasets/May/files", more).json()["product_days_added"] == 1
    again = file(service, "/datasets/May/files", more)
    assert again.status_code == 409
    assert "same file" in again.json()["detail"]
    taken = file(service, "/datasets?name=May", first)
    assert taken.status_code == 409
    assert service.get("/datasets/May")["last_day"] == "2026-05-03"


def test_when_a_file_has_a_bad_line_then_its_line_and_column_are_said(service: Service) -> None:
    bad = b"day,sku,units\n2026-05-01,A,3\n2026-05-02,A,many\n"
    told = file(service, "/datasets?name=Bad", bad).json()
    assert told["errors"][0] == {
        "where": "line 3, units", "problem": "is not a number", "value": "many"
    }  # fmt: skip
    assert service.ask("GET", "/datasets/Bad").status_code == 404


def test_when_a_file_leaves_something_open_then_it_is_asked_and_can_be_answered(
    service: Service,
) -> None:
    open_day = b"day,sku,units\n01/02/2026,A,3\n03/04/2026,A,4\n"
    told = file(service, "/datasets?name=Days", open_day).json()
    assert told["status"] == 422
    question = told["errors"][0]["where"].removeprefix("question ")
    value = told["errors"][0]["value"].split(", ")[0]
    answer = service.ask(
        "POST", "/datasets", data=open_day,
        params={"name": "Days", "answer": f"{question}={value}"},
        headers={"Content-Type": "text/csv", "Almanac-File-Name": "sales%20of%20May.csv"},
    )  # fmt: skip
    assert answer.status_code == 201, answer.text


@pytest.mark.parametrize("content", [b"", b"\x00\x01\x02", b"just words", b"PK\x03\x04broken"])
def test_when_a_file_is_no_table_then_it_is_refused_in_words(
    service: Service, content: bytes
) -> None:
    answer = file(service, "/datasets?name=Nothing", content, "application/octet-stream")
    assert answer.status_code == 422
    assert len(answer.json()["detail"]) > 20
