"""What a careless or hostile client sends, beyond what the other tests of this room ask."""

import gzip
import socket
import time
from urllib.parse import urlsplit

import pytest

from tests.api.service import Service
from tests.api.test_serving import problem
from ui import state

FORECAST = "/models/{run}/forecast"
JSON = {"Content-Type": "application/json"}


def rows_of(product: str) -> int:
    ((count,),) = state.store().rows(
        "SELECT count(*) FROM sales JOIN product USING (product_id) WHERE code = $1", [product]
    )
    return int(count)


@pytest.mark.parametrize("product", ["GONE-AT-ONCE", "GONE-BEFORE-THE-ANSWER"])
def test_when_a_client_goes_away_and_sends_again_then_its_sales_are_kept_once(
    service: Service, product: str
) -> None:
    body = (
        f'{{"rows":[{{"date":"2026-11-18","product":"{product}","quantity":3,"place":"berlin"}}]}}'
    ).encode()
    head = (
        "POST /api/v1/datasets/1/sales HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
        f"Authorization: Bearer {service.secrets['all']}\r\nIdempotency-Key: {product}\r\n"
        f"Content-Length: {len(body)}\r\n\r\n"
    )
    place = urlsplit(service.url)
    with socket.create_connection((place.hostname, place.port)) as line:
        line.sendall(head.encode() + body)
        until = time.monotonic() + 30
        while product == "GONE-BEFORE-THE-ANSWER" and rows_of(product) == 0:
            assert time.monotonic() < until
            time.sleep(0.05)
    again = service.ask(
        "POST", "/datasets/1/sales", data=body, headers={**JSON, "Idempotency-Key": product}
    )
    assert again.status_code == 200, again.text
    assert again.json()["repeated"] or product == "GONE-AT-ONCE"  # then it may not have begun
    assert rows_of(product) == 1


@pytest.mark.parametrize("value", ["NaN", "Infinity", "-Infinity", "1e999", '"12"', "true"])
def test_when_a_posted_series_holds_what_is_no_number_then_its_place_is_said(
    service: Service, value: str
) -> None:
    path = FORECAST.format(run=service.runs["transformer"])
    body = '{"series":[{"start":"2026-01-01","values":[1,' + value + "]}]}"
    answer = service.ask("POST", path, data=body, headers=JSON)
    if value in ('"12"', "true"):  # JSON that can be read as a number is read as one
        assert answer.status_code in (200, 422)
        return
    told = problem(answer, 422, "invalid")
    assert told["errors"][0]["where"] == "body.series.0.values.1"
    assert "NaN" in told["errors"][0]["problem"]


@pytest.mark.parametrize("query", ["quantile=nan", "quantile=inf", "limit=1e9", "first=NaT"])
def test_when_a_parameter_is_no_number_or_day_then_it_is_refused(
    service: Service, query: str
) -> None:
    answer = service.ask("GET", f"/datasets/1/forecasts?{query}")
    assert answer.status_code in (404, 422)
    assert query.partition("=")[0] in answer.json()["detail"]


def test_when_there_is_too_much_of_everything_then_each_limit_is_said(service: Service) -> None:
    path = FORECAST.format(run=service.runs["transformer"])
    one = {"start": "2026-01-01", "values": [1.0]}
    long = {"start": "1900-01-01", "values": [1.0] * 10_001}
    row = {"date": "2026-11-18", "product": "A", "quantity": 1}
    for target, content in (
        (path, {"series": [{**one, "series_id": f"{number}"} for number in range(101)]}),
        (path, {"series": [long]}),
        (path, {"series": [{**one, "series_id": "x" * 301}]}),
        ("/datasets/1/sales", {"rows": [{**row, "product": "x" * 301}]}),
        ("/datasets/1/sales", {"rows": [row] * 50_001}),
    ):
        told = problem(service.ask("POST", target, json=content), 422, "invalid")
        assert "at most" in told["detail"]
    much = b'{"rows": "' + b"x" * 20_000_001 + b'"}'
    answer = service.ask("POST", "/datasets/1/sales", data=much, headers=JSON)
    assert "20 MB" in problem(answer, 413, "too-large")["detail"]


def test_when_a_packed_body_claims_to_be_json_then_it_is_not_unpacked(service: Service) -> None:
    packed = gzip.compress(b"0" * 50_000_000)  # 50 kB on the line
    answer = service.ask(
        "POST", "/datasets/1/sales", data=packed, headers={**JSON, "Content-Encoding": "gzip"}
    )
    problem(answer, 422, "invalid")


@pytest.mark.parametrize(
    "day", ["2026-11-18T00:00:00Z", "2026-11-18T23:30:00+08:00", "2026-11-18 10:00", "today"]
)
def test_when_a_day_carries_a_zone_or_a_time_then_it_is_refused_everywhere(
    service: Service, day: str
) -> None:
    told = service.ask("GET", "/datasets/1/forecasts", params={"first": day})
    assert "query.first" in problem(told, 422, "invalid")["detail"]
    path = FORECAST.format(run=service.runs["transformer"])
    posted = service.ask("POST", path, json={"series": [{"start": day, "values": [1.0]}]})
    assert "start" in problem(posted, 422, "invalid")["detail"]


@pytest.mark.parametrize(
    "name", ["../../etc/passwd", "a\nb", "%00", "x" * 301, "💥", "' OR 1=1 --"]
)
def test_when_a_dataset_has_a_hostile_name_then_it_is_not_found_or_invalid(
    service: Service, name: str
) -> None:
    from urllib.parse import quote

    answer = service.ask("GET", f"/datasets/{quote(name, safe='')}/forecasts")
    assert answer.status_code in (404, 422)
    assert answer.headers["content-type"] == "application/problem+json"
