"""Jobs of the real engine, schedules and reports, asked from outside."""

import time
from typing import Any

from tests.api.service import Service

PATH = "/datasets/1/jobs"


def over(service: Service, job: str) -> dict[str, Any]:
    """The job when it is over."""
    until = time.monotonic() + 90
    while time.monotonic() < until:
        told: dict[str, Any] = service.get(f"/jobs/{job}")
        if told["is_over"]:
            return told
        time.sleep(0.2)
    raise AssertionError(f"{told} is not over")


def test_when_a_fit_is_submitted_then_it_runs_and_its_forecast_can_be_read(
    service: Service,
) -> None:
    body = {"kind": "fit", "models": ["seasonal_naive"], "level": "total", "horizon": 4}
    answer = service.ask("POST", PATH, key="jobs", json=body)
    assert answer.status_code == 202, answer.text
    (job,) = answer.json()["jobs"]
    told = over(service, job["job"])
    assert (told["state"], told["progress"]) == ("succeeded", 1.0)
    rows = service.get(f"/datasets/1/forecasts?run={job['job']}")["rows"]
    assert len(rows) == 4
    again = service.ask("POST", PATH, key="jobs", json={"kind": "forecast", "run": job["job"]})
    (job,) = again.json()["jobs"]
    assert service.ask("POST", f"/jobs/{job['job']}/cancel", key="jobs").status_code == 200
    assert over(service, job["job"])["state"] in ("cancelled", "succeeded")


def test_when_a_job_cannot_be_then_the_answer_says_what_there_is(service: Service) -> None:
    for body, words in (
        ({"models": ["magic"]}, "no model 'magic'"),
        ({"level": "category", "product": "x"}, "no product"),
        ({"level": "total", "covariates": {"moon": "last"}}, "moon"),
        ({"categories": ["Nowhere"]}, "no category"),
        ({"kind": "forecast", "run": "none"}, "no run"),
    ):
        answer = service.ask("POST", PATH, json=body)
        assert answer.status_code in (404, 409), answer.text
        assert words in answer.json()["detail"]
    assert service.ask("GET", "/jobs/none").status_code == 404
    assert service.ask("POST", "/jobs/none/cancel").status_code == 404


def test_when_a_training_is_scheduled_then_it_can_be_paused_and_deleted(service: Service) -> None:
    body = {"run": service.runs["seasonal_naive"], "cron": "0 6 * * 1", "zone": "Asia/Shanghai"}
    made = service.ask("POST", "/schedules", key="jobs", json=body)
    assert made.status_code == 201, made.text
    assert made.json()["next_at"].endswith("T22:00:00Z")  # Monday 06:00 in Shanghai
    path = f"/schedules/{made.json()['schedule']}"
    for action, is_on in (("pause", False), ("resume", True)):
        service.ask("POST", path, key="jobs", json={"action": action})
        assert service.get("/schedules")["schedules"][0]["is_on"] is is_on
    service.ask("POST", path, key="jobs", json={"action": "delete"})
    assert service.get("/schedules")["schedules"] == []
    assert service.ask("POST", path, json={"action": "pause"}).status_code == 404
    wrong = service.ask("POST", "/schedules", json={**body, "cron": "every day"})
    assert wrong.status_code == 409


def test_when_a_report_is_asked_then_a_file_comes(service: Service) -> None:
    answer = service.ask("GET", "/datasets/1/report?file=xlsx&horizon=4")
    assert answer.status_code == 200, answer.text
    assert answer.content[:2] == b"PK"
    assert answer.headers["content-disposition"].endswith('.xlsx"')
    for report in ("category", "orders"):
        made = service.ask("GET", f"/datasets/1/report?report={report}&horizon=4")
        assert made.content[:4] == b"%PDF", made.text
    assert service.ask("GET", "/datasets/1/report?report=card").status_code == 409
    assert service.ask("GET", "/datasets/1/report?run=none").status_code == 404


def test_when_a_dataset_is_looked_at_then_its_facts_and_findings_come(service: Service) -> None:
    (known,) = service.get("/datasets")["datasets"]
    assert service.get("/datasets/1") == known == service.get(f"/datasets/{known['name']}")
    assert (known["products"], known["frequency"]) == (8, "D")
    assert service.get("/datasets/1/quality")["findings"]
    assert len(service.get("/datasets/1/places")["rows"]) == known["places"]
