"""Which roles a route asks for, as the API's owner says, and which tenant its path names."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from urllib.parse import unquote

from doorward.errors import Misconfigured
from doorward.model import PLATFORM, Principal

ANY = "ANY"
_RULE = re.compile(r"(ANY|GET|HEAD|POST|PUT|PATCH|DELETE|OPTIONS):(/[A-Za-z0-9._~:/-]*)=([a-z][a-z0-9_.:,-]*)")
_MAX_DECODINGS = 5


@dataclass(frozen=True, slots=True)
class RouteRule:
    """Who calls a method on a path, or on anything below it, needs one of the roles.

    A segment `:name` of the path stands for any; GET stands for HEAD too.
    """

    method: str
    path: str
    roles: frozenset[str]

    @property
    def methods(self) -> tuple[str, ...]:
        """Return the methods that the rule is for; ANY stands alone."""
        return ("GET", "HEAD") if self.method == "GET" else (self.method,)

    def concerns(self, method: str, path: str) -> bool:
        """Return whether a request falls under the rule; `path` is as `plain_path` gives it."""
        wanted, called = _segments(plain_path(self.path)), _segments(path)
        below = len(called) >= len(wanted) and all(
            mine.startswith(":") or mine == theirs for mine, theirs in zip(wanted, called, strict=False)
        )
        return below and (self.method == ANY or method in self.methods)

    def patterns(self) -> tuple[str, ...]:
        """Return the path as policies match it: as its owner wrote it, and in small letters."""
        starred = re.sub(r"/:[^/]+", "/*", self.path.rstrip("/"))
        return tuple(dict.fromkeys((starred, starred.lower())))


@dataclass(frozen=True, slots=True)
class Route:
    """What a request asks for, beside who asks.

    Args:
        tenant_id: the tenant that the path names, as it was sent; None if it names none.
        rules: of the API's owner.
    """

    method: str = ""
    path: str = ""
    tenant_id: str | None = None
    rules: tuple[RouteRule, ...] = ()


@lru_cache(maxsize=64)
def parse_rules(text: str) -> tuple[RouteRule, ...]:
    """Return the rules in a text such as `DELETE:/orders=admin&ANY:/reports=admin,auditor`.

    Args:
        text: rules separated by `&`: method or ANY, a colon, the path's beginning, `=`, roles separated by commas.

    Raises:
        Misconfigured: a rule is malformed; nobody is let in until it is mended.
    """
    found = []
    for part in filter(None, text.split("&")):
        match = _RULE.fullmatch(part)
        if match is None:
            raise Misconfigured(
                reason=f"no rule: {part}; write them as DELETE:/orders=admin&ANY:/reports=admin,auditor"
            )
        method, path, roles = match.groups()
        found.append(RouteRule(method, path, frozenset(filter(None, roles.split(",")))))
    return tuple(found)


def unmet(rules: Iterable[RouteRule], principal: Principal) -> tuple[RouteRule, ...]:
    """Return the rules whose roles the caller lacks, whatever the path."""
    return tuple(rule for rule in rules if not rule.roles & principal.roles)


def refusal(route: Route, principal: Principal) -> str | None:
    """Return why a caller may not take a route, or None. The caller meets each rule that concerns the route."""
    if route.tenant_id is not None and (principal.tenant_id == PLATFORM or route.tenant_id != principal.tenant_id):
        return "other_tenant"
    # The gateway routes by the path as it came, what is behind may resolve its dots: a rule holds for both readings.
    readings = {plain_path(route.path), _decoded(route.path)}
    if any(rule.concerns(route.method, path) for rule in unmet(route.rules, principal) for path in readings):
        return "role_missing"
    return None


def _segments(path: str) -> list[str]:
    return [segment for segment in path.split("/") if segment]


def plain_path(path: str) -> str:
    """Return a path without the spellings that a server behind may take for the same: case, escapes, dots, slashes."""
    return posixpath.normpath(_decoded(path))


def _decoded(path: str) -> str:
    """Return a path without case, escapes and empty segments, its dots as they are."""
    for _ in range(_MAX_DECODINGS):
        decoded = unquote(path)
        if decoded == path:
            break
        path = decoded
    segments = (segment.partition(";")[0] for segment in path.replace("\\", "/").casefold().split("/"))
    return "/" + "/".join(filter(None, segments))
