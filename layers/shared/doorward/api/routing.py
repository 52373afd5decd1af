"""The routes of one function, and the form of its answers: as API Gateway's REST APIs send and take them.

An event handler of a library would do the same, for a quarter of a cold start (docs/decisions/0019).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

_PARAMETER = re.compile(r"<(\w+)>")
_SEGMENT = r"(?P<\1>[-._~()'!*:@,;=+&$%<> \\[\\]{}|^\\w]+)"

METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE")


@dataclass(frozen=True, slots=True)
class Response:
    """An answer.

    Args:
        status_code: the status code.
        content_type: the type of the body.
        body: the body; empty if there is none.
        headers: the headers; one with several values has a list.
    """

    status_code: int
    content_type: str
    body: str
    headers: Mapping[str, str | list[str]]

    def to_gateway(self) -> dict[str, Any]:
        """Return the answer in the form that API Gateway takes from a function."""
        headers = {"Content-Type": self.content_type, **self.headers}
        return {
            "statusCode": self.status_code,
            "body": self.body,
            "isBase64Encoded": False,
            "multiValueHeaders": {
                name: value if isinstance(value, list) else [value] for name, value in headers.items()
            },
        }


Handler = Callable[..., Response]
H = TypeVar("H", bound=Handler)


@dataclass(frozen=True, slots=True)
class Route:
    """A method of a path.

    Args:
        method: such as `GET`.
        rule: the path, with `<name>` for a segment.
        pattern: matches the paths; its groups are the handler's arguments.
        handler: answers the request.
    """

    method: str
    rule: str
    pattern: re.Pattern[str]
    handler: Handler


class Router:
    """The routes of one function, and the event of the request that it answers now."""

    def __init__(self) -> None:
        """Make a router without routes."""
        self.routes: list[Route] = []
        self.event: Mapping[str, Any] = {}

    def route(self, rule: str, methods: Sequence[str]) -> Callable[[H], H]:
        """Declare the function below as the one that answers some methods of a path.

        Args:
            rule: the path; `<name>` in it stands for one segment, which the function takes as the argument `name`.
            methods: such as `GET`.
        """
        pattern = re.compile(_PARAMETER.sub(_SEGMENT, re.escape(rule)) + "/*")

        def declare(handler: H) -> H:
            self.routes += [Route(method, rule, pattern, handler) for method in methods]
            return handler

        return declare

    def get(self, rule: str) -> Callable[[H], H]:
        """Declare the function below as the one that answers GET."""
        return self.route(rule, ["GET"])

    def post(self, rule: str) -> Callable[[H], H]:
        """Declare the function below as the one that answers POST."""
        return self.route(rule, ["POST"])

    def put(self, rule: str) -> Callable[[H], H]:
        """Declare the function below as the one that answers PUT."""
        return self.route(rule, ["PUT"])

    def patch(self, rule: str) -> Callable[[H], H]:
        """Declare the function below as the one that answers PATCH."""
        return self.route(rule, ["PATCH"])

    def delete(self, rule: str) -> Callable[[H], H]:
        """Declare the function below as the one that answers DELETE."""
        return self.route(rule, ["DELETE"])

    def find(self, method: str, path: str) -> tuple[Handler, dict[str, str]] | None:
        """Return what answers a method of a path, and its arguments; None if nothing does."""
        for route in self.routes:
            if route.method == method and (match := route.pattern.fullmatch(path)):
                return route.handler, match.groupdict()
        return None

    def methods_of(self, path: str) -> tuple[str, ...]:
        """Return the methods that a path has."""
        found = {route.method for route in self.routes if route.pattern.fullmatch(path)}
        return tuple(method for method in METHODS if method in found)
