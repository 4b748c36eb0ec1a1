"""The API against its own OpenAPI: whatever is sent, the answer is a described one and no fault of ours."""

import asyncio

import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from schemathesis.specs.openapi.checks import positive_data_acceptance

from tests.support.control_room import ControlRoomBench, token_of
from tests.support.soak import soaking

LEFT_OUT = {"/api/v1/events", "/api/v1/logout", "/api/v1/me/password"}
"""A stream has no end, and the others would end the session that asks."""
EXAMPLES = 300 if soaking() else 8


@pytest.mark.slow
@pytest.mark.soak
@pytest.mark.timeout(900)
def test_whatever_is_sent_the_answer_is_described_and_no_fault_of_ours(tmp_path):
    bench = ControlRoomBench(tmp_path)
    asyncio.run(bench.add_people())
    description = schemathesis.openapi.from_asgi(
        "/api/v1/openapi.json", bench.app, headers=headers("/api/v1/openapi.json")
    )
    asked = set()
    for operation in (result.ok() for result in description.get_all_operations()):
        if operation.path not in LEFT_OUT:
            ask(operation)
            asked.add(operation.path)
    bench.close()
    assert {"/api/v1/commands", "/api/v1/login", "/api/v1/users", "/api/v1/history"} <= asked


def ask(operation):
    @given(case=operation.as_strategy())
    @settings(
        max_examples=EXAMPLES,
        deadline=None,
        database=None,
        derandomize=not soaking(),
        suppress_health_check=list(HealthCheck),
    )
    def answers(case):
        response = case.call(headers=headers(operation.path))
        assert response.status_code < 500 or response.status_code == 503, (operation.label, response.text)
        # That a request of the right shape is refused is the work of this API: limits, zones, seasons.
        case.validate_response(response, excluded_checks=[positive_data_acceptance])

    answers()


def headers(path):
    """Those of somebody who may do what the path is for."""
    name = "ada" if path.startswith(("/api/v1/users", "/api/v1/audit")) else "lei"
    return {"authorization": f"Bearer {token_of(name)}"}
