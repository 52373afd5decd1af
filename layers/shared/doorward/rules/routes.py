"""What a route asks of its caller, as the API's owner says, and which tenant its path names."""

from __future__ import annotations

import contextlib
import posixpath
import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache, reduce
from operator import or_
from urllib.parse import unquote

from doorward.errors import Misconfigured
from doorward.model import PLATFORM, Principal
from doorward.rules.requirements import NOTHING, Requirement, parse_requirement

ANY = "ANY"
# API Gateway takes no other characters in a stage variable than [A-Za-z0-9-._~:/?#&=,].
_RULE = re.compile(
    r"(?P<method>ANY|GET|HEAD|POST|PUT|PATCH|DELETE|OPTIONS):(?P<path>/[A-Za-z0-9._~:/-]*)="
    r"(?P<roles>[a-z][a-z0-9_.:,-]*)?(?:\?(?P<asked>[a-z0-9_=,]+))?"
)
_MAX_DECODINGS = 5


@dataclass(frozen=True, slots=True)
class RouteRule:
    """Who calls a method on a path, or on anything below it, needs one of the roles, and a sign-in of that sureness.

    A segment `:name` of the path stands for any; GET stands for HEAD too.

    Args:
        roles: of which the caller needs one; nobody needs any where there are none.
        requirement: what the caller's sign-in must be like.
    """

    method: str
    path: str
    roles: frozenset[str]
    requirement: Requirement = NOTHING

    def lets_in(self, principal: Principal) -> bool:
        """Return whether the caller has a role that the rule asks for."""
        return not self.roles or bool(self.roles & principal.roles)

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

    @property
    def concerned(self) -> tuple[RouteRule, ...]:
        """Return the rules that hold for the request."""
        # The gateway routes by the path as it came, what is behind may resolve its dots: a rule holds for both readings
        readings = {plain_path(self.path), _decoded(self.path)}
        return tuple(rule for rule in self.rules if any(rule.concerns(self.method, path) for path in readings))

    @property
    def requirement(self) -> Requirement:
        """Return what all rules together that hold for the request ask of a sign-in."""
        return reduce(or_, (rule.requirement for rule in self.concerned), NOTHING)


@lru_cache(maxsize=64)
def parse_rules(text: str) -> tuple[RouteRule, ...]:
    """Return the rules in a text such as `DELETE:/orders=admin&POST:/payments=admin,cashier?acr=2fa,max_age=300`.

    Args:
        text: rules separated by `&`: method or ANY, a colon, the path's beginning, `=`, roles separated by commas, and
            behind a question mark `acr`, `max_age` or both. A rule without roles asks for a sign-in alone.

    Raises:
        Misconfigured: a rule is malformed; nobody is let in until it is mended.
    """
    return tuple(_rule(part) for part in text.split("&") if part)


def _rule(text: str) -> RouteRule:
    match = _RULE.fullmatch(text)
    if match is not None and (match["roles"] or match["asked"]):
        with contextlib.suppress(ValueError):
            roles = frozenset(filter(None, (match["roles"] or "").split(",")))
            return RouteRule(match["method"], match["path"], roles, parse_requirement(match["asked"] or ""))
    raise Misconfigured(
        reason=f"no rule: {text}; write them as DELETE:/orders=admin&ANY:/vault=admin,auditor?acr=2fa,max_age=300"
    )


def unmet(rules: Iterable[RouteRule], principal: Principal, now_ms: int) -> tuple[RouteRule, ...]:
    """Return the rules that the caller does not meet now, whatever the path."""
    return tuple(
        rule
        for rule in rules
        if not rule.lets_in(principal) or rule.requirement.unmet_by(principal.authentication, now_ms)
    )


def refusal(route: Route, principal: Principal, now_ms: int) -> str | None:
    """Return why a caller may not take a route, or None. The caller meets each rule that concerns the route.

    A missing role comes first: who has none of them gains nothing by proving more.

    Args:
        route: what is asked for.
        principal: who asks.
        now_ms: the time, in milliseconds.
    """
    if route.tenant_id is not None and (principal.tenant_id == PLATFORM or route.tenant_id != principal.tenant_id):
        return "other_tenant"
    if not all(rule.lets_in(principal) for rule in route.concerned):
        return "role_missing"
    return route.requirement.unmet_by(principal.authentication, now_ms)


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
