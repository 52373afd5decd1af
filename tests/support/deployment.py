"""The functions on moto: environment, tables, secrets, and a caller."""

from __future__ import annotations

import contextlib
import importlib
import json
import os
import re
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Any
from urllib.parse import parse_qsl

import boto3
import pytest
from jsonschema.exceptions import best_match
from jsonschema.validators import validator_for

from doorward.api import cors, problems
from doorward.aws import services, signed_feed
from doorward.aws.dynamodb.client import connect
from doorward.aws.endpoints import Endpoint
from doorward.aws.secrets import SecretsManager
from doorward.bootstrap import sdk
from doorward.keys.stores import Secret
from doorward.rules.passwords import PasswordHasher
from scripts import initialize_security
from tests.support.aws import REGION, MotoConnections, Snapshot, make_tables, mocked_aws, preparing
from tests.support.people import bearer
from tests.support.quick_moto import untraced
from tests.support.rights import USED
from tests.support.template import folder_of, resources

EVENTS = Path(__file__).resolve().parents[2] / "events"
_VALIDATORS: dict[int, Any] = {}
"""By the identity of a schema in the OpenAPI document, which stays: each is checked once, not with each answer."""
_FUNCTIONS = {folder_of(name): name for name in resources("AWS::Serverless::Function")}
NAMES = tuple(sorted(_FUNCTIONS))
ISSUER = "https://id.example"

Answer = dict[str, Any]


def event(name: str) -> dict[str, Any]:
    """Return a sample event."""
    loaded: dict[str, Any] = json.loads((EVENTS / f"{name}.json").read_text())
    return loaded


@dataclass(frozen=True)
class Decision:
    """What the authorizer says of a request.

    Args:
        refusal: why nobody is let in: `denied`, to which API Gateway answers 401.
        context: what API Gateway passes on to the function.
    """

    refusal: str | None
    context: dict[str, str] = field(default_factory=dict)

    @property
    def allowed(self) -> bool:
        return self.refusal is None


class Deployment:
    """A stack as the functions see it."""

    def __init__(self, requests: list[str], secret_reads: list[str]) -> None:
        self.requests = requests
        self.secret_reads = secret_reads
        self._modules: dict[str, ModuleType] = {}

    def module(self, name: str) -> ModuleType:
        """Return a function's module, wired anew for this deployment."""
        if name not in self._modules:
            self._modules[name] = importlib.reload(importlib.import_module(f"functions.{name}.app"))
        return self._modules[name]

    def raw(self, name: str, sent: dict[str, Any]) -> Any:
        """Invoke a function, which must not do what its role does not allow."""
        module = self.module(name)
        with USED.running(_FUNCTIONS[name]):
            return module.handler(sent, None)

    def call(
        self,
        name: str,
        method: str,
        path: str,
        body: Any = None,
        *,
        context: dict[str, str] | None = None,
        headers: dict[str, str] | None = None,
        query: dict[str, str] | None = None,
    ) -> Answer:
        """Invoke a function as API Gateway does; return its answer with the body parsed."""
        sent = event("login_username")
        text = body if body is None or isinstance(body, str) else json.dumps(body)
        sent.update(httpMethod=method, path=path, resource=path, body=text, queryStringParameters=query)
        sent["headers"] = {"Content-Type": "application/json", **(headers or {})}
        sent["multiValueHeaders"] = {name: [value] for name, value in sent["headers"].items()}
        if context is not None:
            sent["requestContext"]["authorizer"] = context
        answer = parsed(self.raw(name, sent))
        conforms(method, path, answer)
        if text and answer["statusCode"] < 300:
            accepted(method, path, text, sent["headers"]["Content-Type"])
        return answer

    def authorize(self, headers: dict[str, str], method: str = "GET") -> Decision:
        """Return what the authorizer says of a request."""
        sent = event("authorizer_missing")
        sent.update(headers=headers, multiValueHeaders={}, httpMethod=method)
        policy = self.raw("authorizer", sent)
        effect = policy["policyDocument"]["Statement"][0]["Effect"]
        return Decision(None if effect == "Allow" else "denied", policy["context"])

    def sign_in(self, username: str = "admin", password: str = "admin123") -> Answer:
        """Return the answer to a sign-in."""
        return self.call("login", "POST", "/auth/login", {"username": username, "password": password})

    def token(self, username: str = "admin", password: str = "admin123") -> str:
        """Return the access token of somebody who signs in."""
        return str(self.sign_in(username, password)["json"]["access_token"])

    def context(self, username: str = "admin", password: str = "admin123") -> dict[str, str]:
        """Return the authorizer's context for somebody who signs in."""
        decision = self.authorize(bearer(self.token(username, password)))
        assert decision.allowed, decision
        return decision.context

    def publish(self) -> None:
        """Publish the feed of revocations: moto calls no function for the records of a stream."""
        self.raw("publish_feed", {"rebuild": True})

    def chain(self) -> int:
        """Append what waits in the audit table to the chains of tenants, and return how much that was.

        moto calls no function for the records of a stream.
        """
        found: dict[str, int] = self.raw("chain_audit", waiting_acts())
        return found["appended"]

    def count_secrets(self) -> int:
        """Return how often secrets were read."""
        return len(self.secret_reads)

    def count(self) -> list[str]:
        """Return the DynamoDB operations since the last call."""
        found = self.requests[:]
        self.requests.clear()
        return found


def waiting_acts() -> dict[str, Any]:
    """Return what the audit table's stream tells of all acts that wait there."""
    table = boto3.resource("dynamodb").Table(os.environ["AUDIT_TABLE"])
    keys = sorted(key for item in table.scan()["Items"] if (key := str(item["pk"])).startswith("act#"))
    keyed = ({"pk": {"S": key}, "sk": {"S": "act"}} for key in keys)
    return {"Records": [{"eventName": "INSERT", "dynamodb": {"Keys": one}} for one in keyed]}


def conforms(method: str, path: str, answer: Answer) -> None:
    """Hold an answer to the OpenAPI document, if its path is a path of it."""
    found = _described(method, path)
    if found is None:
        return
    shown = found["responses"].get(str(answer["statusCode"]))
    assert shown is not None, f"{method} {path} is not documented to answer {answer['statusCode']}: {answer['body']}"
    media_type = answer["headers"]["Content-Type"]
    if not answer["body"]:
        assert "content" not in shown, f"{method} {path}: {shown}"
        return
    assert answer["body"].endswith("\n") or "json" not in media_type, answer["body"]
    _hold(answer["json"], shown["content"][media_type]["schema"])
    if answer["statusCode"] >= 400:
        assert f"`{answer['json']['code']}`" in shown["description"], answer["body"]


def accepted(method: str, path: str, text: str, media_type: str) -> None:
    """Hold a body that was taken to the OpenAPI document."""
    found = _described(method, path)
    if found is not None and "requestBody" in found:
        kind = media_type.partition(";")[0]
        body = json.loads(text) if kind == "application/json" else dict(parse_qsl(text))
        schema = found["requestBody"]["content"][kind]["schema"]
        _hold(body, schema)


@untraced
def _hold(found: Any, schema: dict[str, Any]) -> None:
    """Hold something to a schema of the OpenAPI document, as `jsonschema.validate` does."""
    if id(schema) not in _VALIDATORS:
        whole = {**schema, "components": openapi()["components"]}
        kind = validator_for(whole)
        kind.check_schema(whole)
        _VALIDATORS[id(schema)] = kind(whole)
    error = best_match(_VALIDATORS[id(schema)].iter_errors(found))
    if error is not None:
        raise error


def _described(method: str, path: str) -> dict[str, Any] | None:
    for template, item in openapi()["paths"].items():
        if re.fullmatch(re.sub(r"\{\w+\}", "[^/]+", template), path):
            operation: dict[str, Any] | None = item.get(method.lower())
            return operation
    return None


@cache
def openapi() -> dict[str, Any]:
    """Return the OpenAPI document."""
    found: dict[str, Any] = json.loads((Path(problems.__file__).parent / "openapi.json").read_text("utf-8"))
    return found


def _loaded(body: str) -> Any:
    return json.loads(body) if body.startswith(("{", "[")) else body or None


def parsed(answer: Answer) -> Answer:
    headers = {name: values[0] for name, values in answer["multiValueHeaders"].items()}
    return {**answer, "headers": headers, "json": _loaded(answer["body"])}


@dataclass
class Stack:
    """The stack's outputs, and what it holds once it is initialised."""

    outputs: dict[str, str]
    state: Snapshot
    feed: dict[str, bytes] = field(default_factory=dict)
    published_at: float = 0.0

    def publish(self, deployment: Deployment) -> None:
        """Publish the feed, or put back what was published of this state less than a minute ago."""
        bucket = preparing("s3")
        bucket.create_bucket(Bucket=_ENVIRONMENT["FEED_BUCKET"])
        if time.monotonic() - self.published_at < 60:
            for key, body in self.feed.items():
                bucket.put_object(Bucket=_ENVIRONMENT["FEED_BUCKET"], Key=key, Body=body)
            return
        deployment.publish()
        listed = bucket.list_objects_v2(Bucket=_ENVIRONMENT["FEED_BUCKET"])["Contents"]
        found = {one["Key"]: bucket.get_object(Bucket=_ENVIRONMENT["FEED_BUCKET"], Key=one["Key"]) for one in listed}
        self.feed = {key: answer["Body"].read() for key, answer in found.items()}
        self.published_at = time.monotonic()


def initialised_stack() -> Stack:
    """Return a stack with its keys and the users admin, acme-admin and globex-admin."""
    with pytest.MonkeyPatch.context() as patch, mocked_aws():
        _set_environment(patch)
        outputs = _make_stack()
        patch.setattr(initialize_security, "_stack", lambda _: outputs)
        hosts = frozenset(f"{service}.us-east-1.amazonaws.com" for service in ("dynamodb", "secretsmanager"))
        patch.setattr(initialize_security, "LOOPBACK", hosts)  # moto answers in their place
        cheap = PasswordHasher(int(_ENVIRONMENT["ARGON2_MEMORY_KIB"]), int(_ENVIRONMENT["ARGON2_TIME_COST"]))
        patch.setattr(initialize_security, "PasswordHasher", lambda: cheap)
        assert initialize_security.main(["--development", "--tenant", "acme", "--tenant", "globex"]) == 0
        return Stack(outputs, Snapshot())


@contextmanager
def deployed(stack: Stack, patch: pytest.MonkeyPatch) -> Iterator[Deployment]:
    """A deployment of the stack, of which nobody has used anything yet."""
    _set_environment(patch)
    for name, output in _SETTINGS.items():
        patch.setenv(name, stack.outputs[output])
    with mocked_aws():
        stack.state.restore()
        preparing("sqs").create_queue(QueueName="deliveries")
        bus = preparing("events")
        with contextlib.suppress(bus.exceptions.ResourceAlreadyExistsException):  # another deployment of this stack
            bus.create_event_bus(Name=_ENVIRONMENT["EVENT_BUS"])
        requests: list[str] = []
        reads: list[str] = []
        _count_requests(patch, requests, reads)
        cors.allowed_origins.cache_clear()
        patch.setattr(SecretsManager, "get", _counted(SecretsManager.get, reads))
        deployment = Deployment(requests, reads)
        stack.publish(deployment)
        requests.clear()
        reads.clear()
        yield deployment
    cors.allowed_origins.cache_clear()


def _set_environment(patch: pytest.MonkeyPatch) -> None:
    for name in ("AWS_ENDPOINT_URL", "AWS_PROFILE"):
        patch.delenv(name, raising=False)
    for name, value in _ENVIRONMENT.items():
        patch.setenv(name, value)


_ENVIRONMENT = {
    "AWS_REGION": REGION,
    "AWS_DEFAULT_REGION": REGION,
    "AWS_ACCESS_KEY_ID": "x",
    "AWS_SECRET_ACCESS_KEY": "x",
    "ALLOWED_ORIGINS": "https://app.example,https://second.example",
    "DEMO_ENABLED": "true",
    "SOCKET_URL": "wss://sockets.example",
    "SOCKET_API_ID": "socketapi",
    "FEED_BUCKET": "feed-bucket",
    "EVENT_BUS": "events",
    "DELIVERIES_QUEUE_URL": f"https://sqs.{REGION}.amazonaws.com/123456789012/deliveries",
    "MAIL_FROM": "doorward@id.example",
    "PLATFORM_SECOND_FACTOR": "optional",  # the administrator of these tests has a password alone
    "MAIL_CONFIGURATION_SET": "mails",
    "LINK_URL": "https://id.example/links",
    "ARGON2_MEMORY_KIB": "8",
    "ARGON2_TIME_COST": "1",
}
_SETTINGS = {
    "USERS_TABLE": "UsersTable",
    "REFRESH_TOKENS_TABLE": "RefreshTokensTable",
    "REVOCATIONS_TABLE": "RevocationsTable",
    "LOGIN_ATTEMPTS_TABLE": "LoginAttemptsTable",
    "SIGNING_KEYS_TABLE": "SigningKeysTable",
    "NOTIFICATIONS_TABLE": "NotificationsTable",
    "SOCKETS_TABLE": "SocketsTable",
    "PROOFS_TABLE": "ProofsTable",
    "AUDIT_TABLE": "AuditTable",
    "WEBHOOKS_TABLE": "WebhooksTable",
    "SIGNING_SECRET_ID": "SigningSecret",
    "REFRESH_MAC_SECRET_ID": "RefreshMacSecret",
    "NAME_SECRET_ID": "NameSecret",
}


def _make_stack() -> dict[str, str]:
    outputs = {
        "BaseUrl": ISSUER,
        "ApiId": "ownapi",
        "Algorithm": "ES256",
        **make_tables(boto3.client("dynamodb")),
    }
    secrets = boto3.client("secretsmanager")
    for name in ("SigningSecret", "RefreshMacSecret", "NameSecret"):
        outputs[name] = secrets.create_secret(Name=name)["ARN"]
    return outputs


def _counted(
    read: Callable[[SecretsManager, str], Secret], reads: list[str]
) -> Callable[[SecretsManager, str], Secret]:
    def counting(self: SecretsManager, secret_id: str) -> Secret:
        reads.append(secret_id)
        return read(self, secret_id)

    return counting


def _count_requests(patch: pytest.MonkeyPatch, requests: list[str], reads: list[str]) -> None:
    """Count every request, and let the functions' own client reach moto, which sees nothing but boto3."""

    def sent(target: str) -> None:
        service, _, operation = target.partition(".")
        (reads if service == "secretsmanager" else requests).append(operation)

    def counted(endpoint: Endpoint) -> MotoConnections:
        return MotoConnections(endpoint, sent=sent)

    client = connect()
    client.meta.events.register("before-call.dynamodb", lambda model, **_: requests.append(model.name))
    patch.setattr(services, "Connections", counted)
    patch.setattr(signed_feed, "Connections", MotoConnections)
    patch.setattr(sdk, "connect", lambda: client)
