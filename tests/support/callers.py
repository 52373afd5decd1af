"""Callers of every kind, as the functions see them: what the authorizer says of them, and what they send themselves."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace

import pytest

from tests.support.aws import Snapshot
from tests.support.deployment import Deployment, Stack, deployed
from tests.support.people import PASSWORD, bearer

_READS = frozenset({"GetItem", "BatchGetItem", "TransactGetItems", "Query", "Scan"})
KINDS = ("nobody", "member", "tenant_admin", "platform_admin", "service")


@dataclass(frozen=True)
class Caller:
    """Somebody who sends requests.

    Args:
        kind: one of `KINDS`.
        context: what the authorizer says; None for nobody.
        headers: that the caller's browser sends, with a session cookie.
        token: an access token.
        refresh_token: of the same session; empty for who has none.
    """

    kind: str
    context: dict[str, str] | None = field(default=None, repr=False)
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    token: str = field(default="", repr=False)
    refresh_token: str = field(default="", repr=False)


@dataclass(frozen=True)
class Crowd:
    """A deployment that serves many tests one after the other, and a caller of each kind.

    Args:
        stack: as it was when they had all signed in.
    """

    deployment: Deployment
    stack: Stack
    callers: tuple[Caller, ...]

    def begin_anew(self) -> None:
        """Put back what was changed since the last call, if anything was."""
        if not _READS.issuperset(self.deployment.count()):
            self.stack.state.restore()


def gathered(stack: Stack) -> Iterator[Crowd]:
    """Deploy a stack, and let a caller of each kind sign in."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PASSKEY_RP_ID", "example.com")
        with deployed(stack, patch) as deployment:
            found = tuple(_caller(deployment, kind) for kind in KINDS)
            yield Crowd(deployment, replace(stack, state=Snapshot()), found)


def _caller(deployment: Deployment, kind: str) -> Caller:
    if kind == "nobody":
        return Caller(kind)
    platform = deployment.context()
    if kind == "service":
        path, wanted = "/api/acme/auth/service-tokens", {"name": "robot"}
        token = deployment.call("service_tokens", "POST", path, wanted, context=platform)["json"]["access_token"]
        return Caller(kind, deployment.authorize(bearer(token)).context, {}, token)
    if kind == "member":
        wanted = {"username": "mia", "password": PASSWORD, "tenant_id": "acme", "email": "mia@people.example"}
        made = deployment.call("users", "POST", "/users", wanted, context=platform)
        assert made["statusCode"] == 201, made
    names = {"member": ("mia", PASSWORD), "tenant_admin": ("acme-admin",), "platform_admin": ("admin",)}
    answer = deployment.sign_in(*names[kind])
    cookie = "; ".join(one.partition(";")[0] for one in answer["multiValueHeaders"]["Set-Cookie"])
    token = answer["json"]["access_token"]
    sent = {"Cookie": cookie, "Origin": "https://id.example", "Sec-Fetch-Site": "same-origin"}
    context = deployment.authorize(bearer(token)).context
    return Caller(kind, context, sent, token, answer["json"]["refresh_token"])
