"""`make run` on ports and with a state of its own, and callers over HTTP."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import boto3
import jwt
import requests

from doorward.keys.signing import PrivateKeys
from tests.support.forgeries import Forger
from tests.support.sites import ALLOWED_ORIGINS

ROOT = Path(__file__).resolve().parents[2]
WORKER = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw"))
"""Which of pytest's processes this is. Each has a cloud of its own."""
PORT = int(os.environ.get("E2E_PORT", "18080")) + 10 * WORKER
EMULATOR_PORT = int(os.environ.get("E2E_EMULATOR_PORT", "14566")) + 10 * WORKER
START_SECONDS = 420
PATIENCE_SECONDS = 120
"""How long an answer may take, when a busy machine starts a process for each of many callers."""


@dataclass
class Cloud:
    """A running local cloud."""

    url: str
    endpoint: str
    state: Path
    process: subprocess.Popen[str] | None = None

    def start(self) -> float:
        """Start it; return how long that took, in seconds."""
        started = time.monotonic()
        command = [sys.executable, "-m", "local.run", "--port", str(PORT), "--emulator-port", str(EMULATOR_PORT)]
        command += ["--origin", ",".join(ALLOWED_ORIGINS)]
        # Functions in containers reach this machine by a name that only the container engine gives.
        names = "host.containers.internal" if "DOCKER_HOST" in os.environ else ""
        environment = {**os.environ, "DOORWARD_STATE": str(self.state), "DOORWARD_EMULATOR_HOSTS": names}
        with (self.state / "run.log").open("w") as log:
            self.process = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=log, stderr=log, text=True)
        while " is up after " not in self.output():
            assert self.process.poll() is None, self.output()
            assert time.monotonic() - started < START_SECONDS, self.output()
            time.sleep(0.2)
        return time.monotonic() - started

    def stop(self) -> None:
        """End it by its pid, as Ctrl-C does."""
        if self.process is not None:
            self.process.send_signal(signal.SIGINT)
            assert self.process.wait(60) == 0, self.output()
            self.process = None

    def output(self) -> str:
        return (self.state / "run.log").read_text()

    def call(self, method: str, path: str, token: str | None = None, **rest: Any) -> requests.Response:
        headers = {**({} if token is None else {"Authorization": f"Bearer {token}"}), **rest.pop("headers", {})}
        return requests.request(method, self.url + path, headers=headers, timeout=PATIENCE_SECONDS, **rest)

    def token(self, username: str = "admin", password: str = "admin123") -> str:
        """Return the access token of somebody who signs in."""
        return str(self.sign_in(username, password)["access_token"])

    def sign_in(self, username: str = "admin", password: str = "admin123") -> dict[str, Any]:
        answer = self.call("POST", "/auth/login", json={"username": username, "password": password})
        assert answer.status_code == 200, answer.text
        tokens: dict[str, Any] = answer.json()
        return {**tokens, "cookie": answer.headers["Set-Cookie"].partition(";")[0]}

    @property
    def outputs(self) -> dict[str, str]:
        """Return the outputs of the deployed stack."""
        return self.outputs_of("doorward")

    def outputs_of(self, stack: str) -> dict[str, str]:
        found = self.client("cloudformation").describe_stacks(StackName=stack)["Stacks"][0]["Outputs"]
        return {output["OutputKey"]: output["OutputValue"] for output in found}

    def client(self, service: str) -> Any:
        """Return a client of one of this cloud's AWS services."""
        return boto3.client(  # type: ignore[call-overload]
            service,
            endpoint_url=self.endpoint,
            region_name="us-east-1",
            aws_access_key_id=self.credentials["AWS_ACCESS_KEY_ID"],
            aws_secret_access_key=self.credentials["AWS_SECRET_ACCESS_KEY"],
        )

    def forger(self, username: str = "acme-admin") -> Forger:
        """Return somebody with a good token of a user, and with the key that signed it."""
        session = self.sign_in(username)
        kid = jwt.get_unverified_header(session["access_token"])["kid"]
        secret = self.client("secretsmanager").get_secret_value(SecretId=self.outputs["SigningSecret"])["SecretString"]
        pem = PrivateKeys.decode(secret).pems[kid]
        jwks = self.call("GET", "/.well-known/jwks.json").json()["keys"]
        jwk = next(key for key in jwks if key["kid"] == kid)
        return Forger(session["access_token"], pem, jwk, session["refresh_token"], session["cookie"].partition("=")[2])

    def variables(self) -> dict[str, str]:
        """Return the environment of a program that speaks to this cloud's AWS."""
        return {**os.environ, **self.credentials, "AWS_ENDPOINT_URL": self.endpoint, "DOORWARD_STATE": str(self.state)}

    @property
    def credentials(self) -> dict[str, str]:
        """Return the credentials that this cloud made for itself."""
        found = json.loads((self.state / "secrets.json").read_text())
        keys = {"AWS_ACCESS_KEY_ID": found["key_id"], "AWS_SECRET_ACCESS_KEY": found["key"]}
        return {**keys, "AWS_REGION": "us-east-1", "AWS_DEFAULT_REGION": "us-east-1"}
