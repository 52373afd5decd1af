"""What requests write to the log: each line is paid for, and the frequent requests write none."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable

import pytest

from tests.support.deployment import Deployment
from tests.support.people import bearer

LONGEST = 512
"""Bytes of an audit line's own member; Lambda's JSON form adds the time, the level and the request's id."""


@pytest.fixture
def lines(deployment: Deployment, caplog: pytest.LogCaptureFixture) -> Callable[[], list[str]]:
    """Return what was logged since the last call, by its audit event or else its message; all functions are warm."""
    caplog.set_level(logging.INFO)
    session = deployment.sign_in("acme-admin")["json"]
    token = session["access_token"]
    deployment.authorize(bearer(token))
    deployment.call("refresh", "POST", "/auth/token/refresh", {"refresh_token": session["refresh_token"]})
    deployment.call("logout", "POST", "/auth/logout", headers=bearer(token))
    caplog.clear()

    def since() -> list[str]:
        records = caplog.records[:]
        caplog.clear()
        audits = [record.__dict__.get("audit", {}) for record in records]
        assert all(len(json.dumps(audit).encode()) <= LONGEST for audit in audits), audits
        return [audit.get("event", record.getMessage()) for audit, record in zip(audits, records, strict=True)]

    return since


def test_a_session_logs_its_beginning_and_its_end(deployment: Deployment, lines: Callable[[], list[str]]) -> None:
    session = deployment.sign_in("acme-admin")["json"]
    assert lines() == ["signed_in"]
    for _ in range(3):
        assert deployment.authorize(bearer(session["access_token"])).allowed
        body = {"refresh_token": session["refresh_token"]}
        session = deployment.call("refresh", "POST", "/auth/token/refresh", body)["json"]
    assert lines() == []
    deployment.call("logout", "POST", "/auth/logout", headers=bearer(session["access_token"]))
    assert lines() == ["signed_out"]


def test_a_refusal_logs_what_explains_it(deployment: Deployment, lines: Callable[[], list[str]]) -> None:
    deployment.sign_in("acme-admin", "a wrong password")
    assert lines() == ["sign_in_failed", "refused"]  # `explain.py` finds the second by the request id
    deployment.authorize(bearer("no token"))
    assert lines() == ["request_denied"]
