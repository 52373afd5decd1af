"""Many refreshes of one token at once, while the function starts: none of them may look like a thief's."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor

import requests

from tests.support.cloud import Cloud

AT_ONCE = 20
LATER = {429, 502, 503, 504}
"""What an overloaded gateway or function may say. The caller tries again, and the session is as it was."""


def test_twenty_refreshes_at_once_that_meet_a_cold_function_end_nothing(cloud: Cloud) -> None:
    session = cloud.sign_in("globex-admin")
    _cool(cloud)
    with ThreadPoolExecutor(AT_ONCE) as pool:
        answers = list(pool.map(lambda _: _refresh(cloud, session["refresh_token"]), range(AT_ONCE)))
    print(f"\n{AT_ONCE} refreshes at once on a cold function: {sorted(status for status, _ in answers)}")
    assert {status for status, _ in answers} <= {200, *LATER}, answers
    successors = {token for status, token in answers if status == 200}
    assert len(successors) == 1
    assert cloud.call("GET", "/users/me", session["access_token"]).status_code == 200
    assert _refresh(cloud, successors.pop())[0] == 200


def _refresh(cloud: Cloud, token: str) -> tuple[int, str]:
    """Return the status, and the next refresh token or the code of the refusal; 504 if no answer came in time."""
    try:
        answer = cloud.call("POST", "/auth/refresh", json={"refresh_token": token})
    except requests.Timeout:
        return 504, "timeout"
    body = answer.json() if answer.status_code not in LATER else {}
    return answer.status_code, str(body.get("refresh_token", body.get("code")))


def _cool(cloud: Cloud) -> None:
    """End all environments of the function, as a deployment does."""
    stack = cloud.client("cloudformation").describe_stack_resource(
        StackName="doorward", LogicalResourceId="RefreshFunction"
    )
    name = stack["StackResourceDetail"]["PhysicalResourceId"]
    cloud.client("lambda").update_function_configuration(FunctionName=name, Description=f"cold {time.time()}")
