"""The deployment that a drill is about: its API, its AWS services, and the scripts of operators."""

from __future__ import annotations

import contextlib
import http.client
import json
import os
import subprocess
import sys
import threading
import time
import uuid
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple
from urllib.parse import urlsplit

import boto3

from local.cloud import PASSWORD, STACK
from local.drills.report import Report
from local.tools import ROOT

OK = http.client.OK
_TIMEOUT_SECONDS = 60
_PAUSE_SECONDS = 0.2


class Answer(NamedTuple):
    """The answer to a request."""

    status: int
    body: Any
    cookie: str


@dataclass
class Site:
    """A deployment on the local cloud.

    Args:
        url: the base URL.
        variables: the environment of programs that call its AWS services.
        report: where requests are counted.
        timeout_seconds: how long to wait for an answer.
        is_moving: whether the emulator may take the API in anew. It then gives the API another id, and knows neither
            for a moment, as AWS does not do: there an API keeps its id and what was deployed last.
    """

    url: str
    variables: Mapping[str, str]
    report: Report
    timeout_seconds: float = _TIMEOUT_SECONDS
    is_moving: bool = False

    def call(
        self,
        method: str,
        path: str,
        token: str = "",
        body: Mapping[str, Any] | None = None,
        *,
        cookie: str = "",
        origin: str = "",
    ) -> Answer:
        """Send one request, and return the answer; status 599 if there is none.

        While the emulator knows no such API, the request is sent again.
        """
        began = time.monotonic()
        while True:
            answer = self._call(method, path, token, body, cookie=cookie, origin=origin)
            waited = time.monotonic() - began
            if not (self.is_moving and _is_of_no_api(answer)) or waited > self.timeout_seconds:
                return answer
            self.report.add("answers of the emulator while it knew no such API")
            time.sleep(_PAUSE_SECONDS)

    def _call(
        self, method: str, path: str, token: str, body: Mapping[str, Any] | None, *, cookie: str, origin: str
    ) -> Answer:
        headers = {"Content-Type": "application/json"} if body is not None else {}
        headers |= {"Authorization": f"Bearer {token}"} if token else {}
        headers |= {"Cookie": cookie} if cookie else {}
        headers |= {"Origin": origin} if origin else {}
        self.report.count()
        connection = http.client.HTTPConnection(urlsplit(self.url).netloc, timeout=self.timeout_seconds)
        began = time.monotonic()
        try:
            connection.request(method, path, json.dumps(body) if body is not None else None, headers)
            answer = connection.getresponse()
            content = answer.read()
        except (OSError, http.client.HTTPException) as error:
            return Answer(599, str(error), "")
        finally:
            connection.close()
            self.report.note_wait(time.monotonic() - began)
        set_cookie = (answer.getheader("Set-Cookie") or "").partition(";")[0]
        is_json = "json" in (answer.getheader("Content-Type") or "")
        text = content.decode("utf-8", "replace")
        return Answer(answer.status, json.loads(text) if text and is_json else text, set_cookie)

    def must(
        self, method: str, path: str, token: str = "", body: Mapping[str, Any] | None = None, *, origin: str = ""
    ) -> Any:  # noqa: ANN401 - JSON
        """Return the body of an answer that must be a success.

        Raises:
            RuntimeError: it is none.
        """
        answer = self.call(method, path, token, body, origin=origin)
        if answer.status >= http.client.MULTIPLE_CHOICES:
            raise RuntimeError(f"{method} {path}: {answer.status} {answer.body}")
        return answer.body

    def sign_in(self, username: str, password: str = PASSWORD) -> dict[str, Any]:
        """Return the tokens of somebody who signs in, with the cookie.

        Raises:
            RuntimeError: it is refused.
        """
        answer = self.call("POST", "/auth/login", body={"username": username, "password": password})
        if answer.status != OK:
            raise RuntimeError(f"{username}: {answer.status} {answer.body}")
        return {**answer.body, "cookie": answer.cookie}

    def newcomer(self) -> dict[str, Any]:
        """Return a new user of the tenant acme who signed in, with name and id."""
        admin = self.sign_in("acme-admin")["access_token"]
        password = uuid.uuid4().hex
        made = self.must("POST", "/users", admin, {"username": f"drill-{uuid.uuid4().hex[:8]}", "password": password})
        found = {"id": made["id"], "name": made["username"], "password": password}
        return {**self.sign_in(made["username"], password), **found}

    def service_token(self, admin: str, name: str) -> dict[str, Any]:
        """Return a new service token of the tenant acme."""
        made: dict[str, Any] = self.must("POST", "/api/acme/auth/service-tokens", admin, {"name": name})
        return made

    def me(self, token: str = "", cookie: str = "") -> int:
        """Return with which status somebody is told who they are."""
        return self.who(token, cookie).status

    def who(self, token: str = "", cookie: str = "") -> Answer:
        """Return what somebody is told of who they are."""
        return self.call("GET", "/users/me", token, cookie=cookie)

    def refresh(self, token: str) -> Answer:
        """Return the answer to a refresh token."""
        return self.call("POST", "/auth/refresh", body={"refresh_token": token})

    @cached_property
    def outputs(self) -> dict[str, str]:
        """The outputs of the stack."""
        stack = self.client("cloudformation").describe_stacks(StackName=STACK)["Stacks"][0]
        return {item["OutputKey"]: item["OutputValue"] for item in stack["Outputs"]}

    def client(self, service: str) -> Any:  # noqa: ANN401 - boto3 makes its classes at run time
        """Return a client of one of the local cloud's AWS services."""
        names = ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_REGION", "AWS_ENDPOINT_URL")
        key, secret, region, url = (self.variables[name] for name in names)
        return boto3.client(  # type: ignore[call-overload]
            service, endpoint_url=url, region_name=region, aws_access_key_id=key, aws_secret_access_key=secret
        )

    def secret(self, output: str) -> str:
        """Return the text of a secret, as a thief reads it."""
        found = self.client("secretsmanager").get_secret_value(SecretId=self.outputs[output])
        return str(found["SecretString"])

    def script(self, name: str, *arguments: str) -> str:
        """Run a script of operators, and return what it printed.

        Raises:
            RuntimeError: it failed.
        """
        command = [sys.executable, str(ROOT / "scripts" / name), *arguments]
        environment = {**os.environ, **self.variables}
        done = subprocess.run(  # noqa: S603 - our own script
            command, env=environment, capture_output=True, text=True, check=False
        )
        if done.returncode:
            raise RuntimeError(f"{name} {' '.join(arguments)}: {done.stdout}{done.stderr}")
        return done.stdout


def _is_of_no_api(answer: Answer) -> bool:
    """Return whether an answer is the emulator's own: Doorward's errors have a code, and API Gateway's too."""
    return answer.status == http.client.NOT_FOUND and not (isinstance(answer.body, dict) and "code" in answer.body)


def seconds_until(refused: Callable[[], bool], most: float = 60, every: float = 0.05) -> float:
    """Return how many seconds pass until something is refused; `most` if that takes too long."""
    began = time.monotonic()
    while time.monotonic() - began < most:
        if refused():
            return round(time.monotonic() - began, 2)
        time.sleep(every)
    return most


@contextlib.contextmanager
def people(site: Site, sessions: list[dict[str, Any]], *, may_renew: bool = True) -> Iterator[None]:
    """Let people go on with their sessions meanwhile; whoever cannot is told to the report.

    Args:
        site: where they are.
        sessions: their tokens and cookies.
        may_renew: whether a refused access token may be renewed by the refresh token, as clients do by themselves.
    """
    done = threading.Event()
    threads = [threading.Thread(target=_go_on, args=(site, one, done, may_renew), daemon=True) for one in sessions]
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        done.set()
        for thread in threads:
            thread.join(site.timeout_seconds)


def _go_on(site: Site, session: dict[str, Any], done: threading.Event, may_renew: bool) -> None:  # noqa: FBT001
    tries = 0
    while not done.is_set():
        tries += 1
        told = site.who(session["access_token"])
        if (told.status == http.client.UNAUTHORIZED and may_renew) or tries % 10 == 0:
            renewed = site.refresh(session["refresh_token"])
            if renewed.status != OK:
                site.report.refuse(f"refresh: {renewed.status} {renewed.body}")
                return
            session.update(renewed.body)
            told = site.who(session["access_token"])
        if told.status != OK:
            site.report.refuse(f"access token: {told.status} {told.body}")
        if session.get("cookie") and (told := site.who(cookie=session["cookie"])).status != OK:
            site.report.refuse(f"cookie: {told.status} {told.body}")
        done.wait(0.05)
