"""The service does what its OpenAPI document says: schemathesis asks it in every way it can.

Left out is the check that whatever fits the schema is accepted: a schema cannot say which codes,
runs and files a shop has. Its plugin for pytest does not know pytest 9, so it is called directly.
"""

import os
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis import GenerationMode
from schemathesis.checks import CHECKS, load_all_checks

from api.addresses import ADDRESSES, names_in
from tests.api.service import Service

load_all_checks()
LEFT_OUT = ("positive_data_acceptance",)
EXAMPLES = int(os.environ.get("ALMANAC_EXAMPLES", "6"))  # what fits each schema, and what does not
WRITES_JOBS = "submit_jobs"  # of the dataset that is there it would start real trainings


@pytest.fixture(scope="module")
def contract(service: Service) -> Any:
    return schemathesis.openapi.from_url(f"{service.url}/openapi.json")


@pytest.mark.parametrize("mode", GenerationMode)
@pytest.mark.parametrize("name", ADDRESSES)
def test_when_an_operation_is_asked_in_any_way_then_it_answers_as_described(
    service: Service, contract: Any, name: str, mode: GenerationMode
) -> None:
    operation = contract.find_operation_by_id(name)
    fits = mode is GenerationMode.POSITIVE
    if not fits and not (operation.query or operation.path_parameters or operation.body):
        return  # there is nothing that could be wrong
    scope = "local" if operation.path.startswith("/keys") else "all"
    header = {"Authorization": f"Bearer {service.secrets[scope]}"}
    left_out = [CHECKS.get_one(each) for each in LEFT_OUT]
    known = {"dataset": "1", "run": service.runs["transformer"], "job": "none", "key": 99,
             "schedule": "none"}  # fmt: skip
    there = {key: known[key] for key in names_in(operation.path)}
    asked = 0

    @given(case=operation.as_strategy(generation_mode=mode))
    @settings(
        max_examples=EXAMPLES,
        deadline=None,
        derandomize=True,
        database=None,
        phases=[Phase.explicit, Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    def ask(case: Any) -> None:
        nonlocal asked
        asked += 1
        if fits and name != WRITES_JOBS:
            case.path_parameters.update(there)
        case.call_and_validate(
            base_url=service.url, headers=header, excluded_checks=left_out, timeout=120
        )

    ask()
    assert asked
