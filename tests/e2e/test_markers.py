"""More copies of the markers, on a stack in use."""

from __future__ import annotations

import subprocess
import sys
import threading
import time

from tests.support.cloud import ROOT, Cloud

COPIES = 40
ENOUGH = 5


def test_more_copies_of_the_markers_are_made_and_read_under_traffic(cloud: Cloud) -> None:
    token, seen, done = cloud.token("acme-admin"), [], threading.Event()

    def traffic() -> None:
        while not done.is_set():
            seen.append(cloud.call("GET", "/users/me", token).status_code)

    assert cloud.call("GET", "/users/me", token).status_code == 200  # so that no cold start takes the whole time
    thread = threading.Thread(target=traffic)
    thread.start()
    try:
        _spread(cloud)
        _spread(cloud)
        _read_copies(cloud, "AuthorizerFunction", COPIES)
        session = cloud.sign_in("globex-admin")
        assert cloud.call("GET", "/users/me", session["access_token"]).status_code == 200
        assert cloud.call("POST", "/auth/logout", session["access_token"]).status_code == 204
        assert cloud.call("GET", "/users/me", session["access_token"]).status_code == 401
        deadline = time.monotonic() + 60
        while len(seen) <= ENOUGH and time.monotonic() < deadline:
            time.sleep(0.1)
    finally:
        done.set()
        thread.join()
        _read_copies(cloud, "AuthorizerFunction", 32)
    assert len(seen) > ENOUGH
    assert set(seen) == {200}


def _spread(cloud: Cloud) -> None:
    command = [sys.executable, str(ROOT / "scripts" / "spread_markers.py"), str(COPIES)]
    done = subprocess.run(command, env=cloud.variables(), capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert f"deploy with MarkerShards={COPIES} next" in done.stdout


def _read_copies(cloud: Cloud, name: str, copies: int) -> None:
    """Let a function read so many copies, as a deployment with the parameter does."""
    functions = cloud.client("lambda")
    stack = cloud.client("cloudformation").describe_stack_resource(StackName="doorward", LogicalResourceId=name)
    function = stack["StackResourceDetail"]["PhysicalResourceId"]
    variables = functions.get_function_configuration(FunctionName=function)["Environment"]["Variables"]
    variables["MARKER_SHARDS"] = str(copies)
    functions.update_function_configuration(FunctionName=function, Environment={"Variables": variables})
