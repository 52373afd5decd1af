"""The bodies of requests that sign in, and of those to the token endpoints."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from doorward.api.bodies.flat import FlatRequest, needed, optional
from doorward.errors import UnsupportedGrantType
from doorward.rules.names import check_tenant_id

_LONGEST_PASSWORD = 1024
_LONGEST_TOKEN = 8192


def no_service(client_id: str) -> None:
    """Refuse a client's name that only services have.

    Raises:
        ValueError: it is one.
    """
    if client_id.casefold().startswith("service:"):
        raise ValueError("names of services are not for clients")


def client_id() -> str | None:
    """Return the member that names the client which begins a session."""
    described: str | None = optional(
        "who asks; a session begun with one is refreshed by none that names another", no_service
    )
    return described


def refresh() -> str | None:
    """Return the member that says what renews the access token."""
    described: str | None = optional(
        "`cookie`: the cookie alone renews, by `POST /auth/session/token`, and the answer has no refresh token; "
        "`token` if absent",
        _check_refresh,
    )
    return described


def _check_refresh(text: str) -> None:
    if text not in {"cookie", "token"}:
        raise ValueError("refresh is cookie or token")


@dataclass(frozen=True, slots=True, kw_only=True)
class TenantLoginRequest(FlatRequest):
    """POST /api/{tenantId}/auth/login."""

    password: str = needed(_LONGEST_PASSWORD)
    email: str | None = optional("this or `username`")
    username: str | None = optional()
    client_id: str | None = client_id()
    device_token: str | None = optional(
        "of an earlier sign-in of the user on this device; strangers cannot lock it out"
    )
    refresh: str | None = refresh()

    def require_sense(self) -> None:
        """Make sure that one name says who signs in.

        Raises:
            ValueError: there is none, or there are two.
        """
        if (self.email is None) == (self.username is None):
            raise ValueError("send either username or email")


@dataclass(frozen=True, slots=True, kw_only=True)
class LoginRequest(TenantLoginRequest):
    """POST /auth/login."""

    tenant_id: str | None = optional(
        "the home tenant if absent; needed with `email` unless the deployment has a default", check_tenant_id, None
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class RefreshRequest(FlatRequest):
    """The token endpoint's refresh grant (RFC 6749 section 6)."""

    refresh_token: str = needed(_LONGEST_TOKEN)
    grant_type: str | None = optional("`refresh_token`")
    tenant_id: str | None = optional("another tenant of the user: switch to it", check_tenant_id, None)
    client_id: str | None = client_id()

    @classmethod
    def require_kind(cls, members: Mapping[str, object]) -> None:
        """Make sure that no other grant is meant.

        This check comes first: another grant lacks members of this grant, and needs another error (RFC 6749, 5.2).

        Raises:
            UnsupportedGrantType: another one is.
        """
        if members.get("grant_type") not in (None, "refresh_token"):
            raise UnsupportedGrantType


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionTokenRequest(FlatRequest):
    """POST /auth/session/token."""

    tenant_id: str | None = optional(
        "another tenant of the user; the one of the sign-in if absent", check_tenant_id, None
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class RevokeRequest(FlatRequest):
    """POST /auth/token/revoke (RFC 7009 section 2.1)."""

    token: str = needed(_LONGEST_TOKEN)
    token_type_hint: str | None = optional("accepted and not needed (RFC 7009)")
    client_id: str | None = optional("accepted and not needed")


@dataclass(frozen=True, slots=True, kw_only=True)
class IntrospectRequest(RevokeRequest):
    """POST /auth/token/introspect (RFC 7662 section 2.1)."""
