"""Who may ask, how often and how much, and what errors look like."""

import json
import socket
import threading
from typing import Any
from urllib.parse import urlsplit

import pytest
import requests

from api import serving
from api.table import OPERATIONS
from data import api_keys
from data.errors import KeyConflict, NotFound
from tests.api.service import Service, served
from ui import state
from ui.settings import Settings

PROBLEM = "application/problem+json"


def problem(answer: requests.Response, status: int, kind: str) -> dict[str, Any]:
    """The problem of an answer, which must be of this kind."""
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == PROBLEM
    told: dict[str, Any] = answer.json()
    assert told["type"] == f"urn:almanac:{kind}"
    assert told["status"] == status
    return told


def test_when_there_is_no_key_then_401_says_how_to_make_one(service: Service) -> None:
    answer = service.ask("GET", "/datasets", key="")
    told = problem(answer, 401, "unknown-key")
    assert "python -m almanac keys create" in told["detail"]
    assert answer.headers["www-authenticate"].startswith("Bearer")


@pytest.mark.parametrize("header", ["Bearer alm_wrong", "Basic abc", "Bearer ", "alm_wrong"])
def test_when_the_key_is_not_one_of_ours_then_401(service: Service, header: str) -> None:
    answer = requests.get(f"{service.url}/datasets", headers={"Authorization": header}, timeout=60)
    problem(answer, 401, "unknown-key")


def test_when_the_scope_is_another_then_403_names_it(service: Service) -> None:
    told = problem(
        service.ask("POST", "/datasets/1/sales", key="read", json={"rows": []}), 403, "wrong-scope"
    )
    assert "write" in told["detail"]


def test_when_a_key_is_revoked_then_it_fails_at_once(service: Service) -> None:
    made = service.ask("POST", "/keys", key="local", json={"name": "erp", "scopes": ["read"]})
    assert made.status_code == 201
    secret = {"Authorization": f"Bearer {made.json()['secret']}"}
    url = f"{service.url}/datasets"
    assert requests.get(url, headers=secret, timeout=60).status_code == 200
    number = made.json()["key"]["key"]
    assert service.ask("DELETE", f"/keys/{number}", key="local").status_code == 200
    told = problem(requests.get(url, headers=secret, timeout=60), 401, "unknown-key")
    assert "revoked" in told["detail"]


def test_when_a_key_is_kept_then_only_its_hash_is_in_the_database(service: Service) -> None:
    rows = state.store().rows("SELECT hash FROM api_key WHERE name = 'all'")
    assert rows == [(api_keys.hashed(service.secrets["all"]),)]
    everything = str(state.store().rows("SELECT * FROM api_key"))
    assert service.secrets["all"] not in everything


def test_when_keys_are_managed_with_a_key_then_403(service: Service) -> None:
    problem(service.ask("GET", "/keys", key="all"), 403, "wrong-scope")


def test_when_a_key_has_no_name_or_a_taken_one_or_no_scope_then_it_is_refused(
    service: Service,
) -> None:
    store = state.store()
    for name, scopes in (("", ["read"]), ("x" * 61, ["read"]), ("all", ["read"]), ("new", [])):
        with pytest.raises(KeyConflict):
            api_keys.create(store, name=name, scopes=scopes)
    with pytest.raises(NotFound):
        api_keys.revoke(store, 999)


def test_when_the_address_or_the_method_is_wrong_then_problems_say_so(service: Service) -> None:
    problem(service.ask("GET", "/nothing"), 404, "not-found")
    answer = service.ask("PUT", "/datasets")
    problem(answer, 405, "wrong-method")
    assert "POST" in answer.headers["allow"]
    problem(service.ask("GET", "/datasets/none"), 404, "not-found")
    problem(service.ask("GET", "/datasets", headers={"Accept": "image/png"}), 406, "not-acceptable")


def test_when_a_parameter_is_unknown_wrong_or_doubled_then_422_says_where(
    service: Service,
) -> None:
    path = "/datasets/1/products"
    for query in ("?colour=red", "?limit=0", "?limit=x", "?limit=1&limit=2", "?dataset=2"):
        told = problem(service.ask("GET", path + query), 422, "invalid")
        assert "query" in told["detail"]


def test_when_a_body_is_malformed_then_422_and_of_another_type_415(service: Service) -> None:
    path = "/datasets/1/sales"
    headers = {"Content-Type": "application/json"}
    for body in (b"", b"{", b"[]", b"null", b'{"rows": 3}', b"\xff\xfe", b'{"rows": [' * 5000):
        problem(service.ask("POST", path, data=body, headers=headers), 422, "invalid")
    text = {"Content-Type": "text/plain"}
    problem(service.ask("POST", path, data=b"{}", headers=text), 415, "wrong-kind")
    problem(service.ask("POST", "/datasets?name=x", data=b"a", headers=text), 415, "wrong-kind")


def test_when_a_body_or_the_rate_is_beyond_the_limit_then_413_and_429(service: Service) -> None:
    chosen = Settings(var=service.var, api_rate=2, api_megabytes=0.001)
    with served(serving.build(OPERATIONS, chosen)) as url:
        header = {"Authorization": f"Bearer {service.secrets['all']}"}
        long = [b"x" * 2000]  # in chunks, so that no length is told before
        for body in (b"x" * 2000, iter(long)):
            answer = requests.post(
                f"{url}/api/v1/datasets?name=big",
                data=body,
                headers={**header, "Content-Type": "text/csv"},
                timeout=60,
            )
            problem(answer, 413, "too-large")
        found = [
            requests.get(f"{url}/api/v1/datasets", headers=header, timeout=60) for _ in range(8)
        ]
    late = [answer for answer in found if answer.status_code == 429]
    assert late
    problem(late[0], 429, "too-many")
    assert int(late[0].headers["retry-after"]) >= 1


def test_when_the_client_goes_away_while_it_sends_then_nothing_is_kept(service: Service) -> None:
    before = state.store().rows("SELECT count(*) FROM import_log")
    place = urlsplit(service.url)
    with socket.create_connection((place.hostname, place.port)) as line:
        line.sendall(
            b"POST /api/v1/datasets?name=gone HTTP/1.1\r\nHost: x\r\nContent-Type: text/csv\r\n"
            b"Authorization: Bearer " + service.secrets["all"].encode() + b"\r\n"
            b"Content-Length: 100000\r\n\r\ndate,product,quantity\n2026-01-01,a,1\n"
        )
    service.get("/datasets")  # it has noticed by then, or does so without harm
    assert state.store().rows("SELECT count(*) FROM import_log") == before
    assert all(each["name"] != "gone" for each in service.get("/datasets")["datasets"])


def test_when_many_ask_at_once_then_all_get_their_own_answer(service: Service) -> None:
    codes = [row["code"] for row in service.get("/datasets/1/products")["rows"]]
    got: dict[str, set[str]] = {}

    def ask(code: str) -> None:
        rows = service.get(f"/datasets/1/forecasts?product={code}")["rows"]
        got[code] = {row["product"] for row in rows}

    threads = [threading.Thread(target=ask, args=(code,)) for code in codes * 3]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert got == {code: {code} for code in codes}


def test_when_the_service_is_asked_of_itself_then_health_metrics_and_description(
    service: Service,
) -> None:
    assert service.get("/health", key="") == {"status": "ok"}
    service.ask("GET", "/datasets", key="")
    text = service.ask("GET", "/metrics").text
    assert 'almanac_requests_total{operation="list_datasets",status="401"}' in text
    assert 'almanac_jobs{state="queued"}' in text
    document = service.get("/openapi.json", key="")
    assert set(document["paths"]["/datasets"]) == {"get", "post"}
    assert len(json.dumps(document)) > 10_000
