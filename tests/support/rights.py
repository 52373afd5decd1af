"""What the functions' roles allow, and what the functions did in tests: the least privilege, measured.

`USED` sees every request of every function that runs on moto, and judges it by the template's policies with their
conditions on leading keys, which neither moto nor the emulator does.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

from local.touches import shape, touches
from tests.support.template import resources


class Use(NamedTuple):
    """What a function did: an action on a resource, with the shape of a leading key where there is one."""

    function: str
    action: str
    resource: str
    key: str = ""


@dataclass(frozen=True)
class Grant:
    """One action on one resource that a statement allows, for leading keys of these patterns; for any without."""

    function: str
    action: str
    resource: str
    patterns: tuple[str, ...] = ()

    def allows(self, action: str, resource: str, keys: tuple[str, ...]) -> bool:
        """Return whether all of a request is allowed: one statement must allow all its leading keys."""
        if action != self.action or (resource != self.resource and not fnmatchcase(resource, self.resource)):
            return False
        return not self.patterns or all(any(fnmatchcase(key, one) for one in self.patterns) for key in keys)

    def unused(self, used: set[Use]) -> Iterator[str]:
        """Tell in words what of this no use needed."""
        mine = {use for use in used if use.function == self.function and self.allows(use.action, use.resource, ())}
        if not mine:
            yield f"{self.function} {self.action} {self.resource}"
            return
        for pattern in self.patterns:
            if not any(fnmatchcase(use.key, pattern) for use in mine):
                yield f"{self.function} {self.action} {self.resource} {pattern}"


@cache
def grants() -> tuple[Grant, ...]:
    """Return all that the template's policies allow functions; also what is there under a condition alone."""
    found: list[Grant] = []
    for name, item in resources("AWS::Serverless::Function").items():
        for policy in item["Properties"].get("Policies", ()):
            found += _granted([name], policy)
    for item in resources("AWS::IAM::Policy").values():
        roles = re.findall(r"'(\w+)Role'", str(item["Properties"]["Roles"]))
        found += _granted(roles, item["Properties"]["PolicyDocument"])
    return tuple(found)


@cache
def _grants_of(function: str) -> tuple[Grant, ...]:
    return tuple(one for one in grants() if one.function == function)


def _granted(functions: list[str], document: Mapping[str, Any]) -> Iterator[Grant]:
    for given in document["Statement"]:
        statement = given["Fn::If"][1] if "Fn::If" in given else given
        assert statement["Effect"] == "Allow", statement
        actions = statement["Action"]
        for function in functions:
            for action in [actions] if isinstance(actions, str) else actions:
                yield Grant(function, action, _resource(statement["Resource"]), _patterns(statement.get("Condition")))


def _patterns(condition: Mapping[str, Any] | None) -> tuple[str, ...]:
    if condition is None:
        return ()
    if condition == {"ForAllValues:StringEquals": {"events:source": ["doorward"]}}:
        return ()  # of the bus, which has no keys
    (operator, keys), *others = condition.items()
    assert (operator, list(keys), others) == ("ForAllValues:StringLike", ["dynamodb:LeadingKeys"], []), condition
    return tuple(keys["dynamodb:LeadingKeys"])


def _resource(value: Mapping[str, Any]) -> str:
    """Return a short name of a statement's resource, such as `UsersTable/index/listing`."""
    (kind, text), *_ = value.items()
    if kind == "Ref":
        return str(text)
    if kind == "Fn::GetAtt":
        return str(text).partition(".")[0]
    text = text[0] if isinstance(text, list) else text
    short = re.sub(r"\$\{(\w+)\.Arn\}", r"\1", text).rpartition(":")[2]
    return re.sub(r"\$\{\w+\}", "*", short)


@dataclass
class Recorder:
    """Keeps what functions used, and what they may not do.

    Args:
        used: everything so far.
        refused: what no statement allowed, of the function that runs.
    """

    used: set[Use] = field(default_factory=set)
    refused: list[str] = field(default_factory=list)
    _function: str | None = None

    @contextmanager
    def running(self, function: str) -> Iterator[None]:
        """Take what is sent meanwhile for what a function sends; fail if its role does not allow it."""
        assert self._function is None, "one function calls another"
        self._function = function
        self.refused.clear()
        try:
            yield
        finally:
            self._function = None
        assert not self.refused, f"the role of {function} does not allow: {'; '.join(self.refused)}"

    def sent(self, service: str, operation: str, request: Mapping[str, Any]) -> None:
        """Note one request to AWS."""
        if self._function is None:
            return
        for action, resource, keys in _requests(service, operation, request):
            if not any(one.allows(action, resource, keys) for one in _grants_of(self._function)):
                self.refused.append(" ".join((action, resource, *keys)))
            self.used.update(Use(self._function, action, resource, shape(key)) for key in keys or ("",))


USED = Recorder()


_WHOLE = {
    "events": ("events:PutEvents", "EventBus"),
    "sqs": ("sqs:SendMessage", "DeliveriesQueue"),
    "lambda": ("lambda:InvokeFunction", "TokenHookArn"),
}
"""Services of which functions may do one thing with one resource."""


def _requests(service: str, operation: str, request: Mapping[str, Any]) -> Iterator[tuple[str, str, tuple[str, ...]]]:
    if service == "dynamodb":
        for touch in touches(operation, request):
            yield f"dynamodb:{touch.action}", touch.table, touch.leading_keys
    elif service == "secretsmanager":
        name = re.sub(r"^arn:.*:secret:(\w+)-\w+$", r"\1", request["SecretId"])
        yield f"secretsmanager:{operation}", name, ()
    elif service == "s3":
        yield f"s3:{operation}", f"{_BUCKETS[request['Bucket']]}/{request['Key']}", ()
    elif service == "sesv2":
        yield f"ses:{operation}", f"identity/{request['FromEmailAddress'].rpartition('@')[2]}", ()
        yield f"ses:{operation}", f"configuration-set/{request['ConfigurationSetName']}", ()
    elif service in _WHOLE:
        yield *_WHOLE[service], ()
    elif service == "apigatewaymanagementapi":
        method = {"PostToConnection": "POST", "DeleteConnection": "DELETE"}[operation]
        yield "execute-api:ManageConnections", f"socketapi/v1/{method}/@connections/{request['ConnectionId']}", ()
    else:
        raise AssertionError(f"{service} {operation}: say what of IAM it is")


_BUCKETS = {"feed-bucket": "FeedBucket", "breaches": "BreachBucket"}


def is_granted(use: Use) -> bool:
    """Return whether a role allows a use."""
    keys = (use.key,) if use.key else ()
    return any(one.function == use.function and one.allows(use.action, use.resource, keys) for one in grants())


def unneeded(used: set[Use]) -> list[str]:
    """Return in words what roles allow that no use needed."""
    functions = set(resources("AWS::Serverless::Function"))
    assert {use.function for use in used} <= functions
    return sorted({text for grant in grants() for text in grant.unused(used)})


def uses_of_cloud(file: Path, stack: str = "doorward") -> set[Use]:
    """Return what a local cloud noted that the roles of its stack used (`local.measured`)."""
    found = set()
    for line in file.read_text("utf-8").splitlines():
        role, action, arn, key = json.loads(line)
        function = re.fullmatch(rf"{stack}-(\w+Function)Role-\w+", role)
        if function is not None:
            found.add(Use(function[1], action, _resource_of(arn, stack), key))
    return found


def _resource_of(arn: str, stack: str) -> str:
    """Return the short name of a resource by its ARN, as grants have it."""
    if ":event-bus/" in arn:
        return "EventBus"  # which has the name of its stack
    head, slash, rest = re.sub(r"^arn:aws:[\w-]+:[\w-]*:\d*:(table/|secret:)?", "", arn).partition("/")
    named = re.match(rf"{stack}-([A-Za-z]+)-", head)
    buckets = {name.lower(): name for name in resources("AWS::S3::Bucket")}
    name = named[1] if named else head
    return buckets.get(name, name) + slash + rest
