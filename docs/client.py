"""An ordinary HTTP client: upload a month of sales, wait for a forecast, read it, compare.

    ALMANAC_URL=http://127.0.0.1:8501 ALMANAC_KEY=alm_... python docs/client.py sales.csv Shop

The key needs the scopes read, write and jobs (`python -m almanac keys create NAME --scopes ...`).
Nothing of Almanac is imported: any language can do the same.
"""

import os
import sys
import time
import uuid
from pathlib import Path
from urllib.parse import quote

import requests

URL = os.environ.get("ALMANAC_URL", "http://127.0.0.1:8501") + "/api/v1"
session = requests.Session()
session.headers["Authorization"] = f"Bearer {os.environ['ALMANAC_KEY']}"


def ask(method: str, path: str, **given) -> dict:  # type: ignore[no-untyped-def]
    """The JSON of an answer; a refusal ends the script with its words."""
    answer = session.request(method, URL + path, timeout=600, **given)
    if not answer.ok:
        told = answer.json()
        sys.exit("\n".join([told["detail"], *(str(each) for each in told["errors"])]))
    return answer.json()


file, name = Path(sys.argv[1]), sys.argv[2]

# Upload. The key makes it safe to send again after a broken connection: it is done once.
made = ask(
    "POST",
    "/datasets",
    params={"name": name},
    data=file.read_bytes(),
    headers={
        "Content-Type": "application/octet-stream",
        "Almanac-File-Name": quote(file.name),
        "Idempotency-Key": str(uuid.uuid4()),
    },
)
print(f"{made['rows_accepted']} of {made['rows_read']} rows until {made['last_day']}")
dataset = f"/datasets/{made['dataset_id']}"

# Wait. One model, and its comparison with last year and ARIMA over a past window.
asked = {"models": ["theta"], "level": "product", "horizon": 4, "windows": 1}
waiting = [job["job"] for job in ask("POST", f"{dataset}/jobs", json=asked)["jobs"]]
jobs = []
while waiting:
    job = ask("GET", f"/jobs/{waiting[0]}")
    if not job["is_over"]:
        time.sleep(0.5)
        continue
    if job["state"] != "succeeded":
        sys.exit(f"{job['name']}: {job['why']}")
    jobs.append(job)
    waiting.pop(0)

# Read: the best-selling product's forecast, with an 80 % band.
product = ask("GET", f"{dataset}/products", params={"limit": 1})["rows"][0]["code"]
query = {"product": product, "quantile": [0.1, 0.9]}
for row in ask("GET", f"{dataset}/forecasts", params=query)["rows"]:
    print(f"{product} {row['timestamp']}: {row['mean']:.1f} ({row['q0.1']:.1f}-{row['q0.9']:.1f})")

# Compare: how far off each model was on weeks that none had seen.
(scores,) = [job["metrics"] for job in jobs if job["kind"] == "backtest"]
for model, wape in sorted(scores.items(), key=lambda item: item[1]):
    print(f"{model}: {wape:.1%} off")
