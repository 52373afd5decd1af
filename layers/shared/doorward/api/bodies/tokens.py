"""The bodies of the token endpoints' answers."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Literal, Self

from doorward.api.bodies.flat import FlatResponse
from doorward.model import PLATFORM, IntrospectedToken, TokenPair


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenResponse(FlatResponse):
    """A successful answer of the token endpoints (RFC 6749 section 5.1)."""

    access_token: str
    token_type: Literal["Bearer"] = "Bearer"  # noqa: S105 - RFC 6750
    expires_in: int
    refresh_token: str
    refresh_expires_in: int
    session_id: str

    @classmethod
    def of(cls, pair: TokenPair) -> Self:
        """Return the body for a token pair."""
        return cls(
            access_token=pair.access_token,
            expires_in=pair.expires_in,
            refresh_token=pair.refresh_token,
            refresh_expires_in=pair.refresh_expires_in,
            session_id=pair.session_id,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class AccessTokenResponse(FlatResponse):
    """An access token for a browser, whose cookie renews it; `refresh_expires_in` is when the session ends."""

    access_token: str
    token_type: Literal["Bearer"] = "Bearer"  # noqa: S105 - RFC 6750
    expires_in: int
    refresh_expires_in: int
    session_id: str

    @classmethod
    def of(cls, pair: TokenPair) -> Self:
        """Return the body for a token pair, without its refresh token."""
        return cls(
            access_token=pair.access_token,
            expires_in=pair.expires_in,
            refresh_expires_in=pair.refresh_expires_in,
            session_id=pair.session_id,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class SignInResponse(FlatResponse):
    """A successful sign-in.

    `device_token` is for clients without cookies: send it with the next sign-in. With `"refresh": "cookie"` in the
    request there is neither `refresh_token` nor `device_token`, because the cookies hold them.
    """

    access_token: str
    token_type: Literal["Bearer"] = "Bearer"  # noqa: S105 - RFC 6750
    expires_in: int
    refresh_token: str | None = None
    refresh_expires_in: int
    session_id: str
    device_token: str | None = None

    @classmethod
    def of(cls, pair: TokenPair, device_token: str) -> Self:
        """Return the body for a sign-in."""
        return cls(**asdict(TokenResponse.of(pair)), device_token=device_token)

    @classmethod
    def of_browser(cls, pair: TokenPair) -> Self:
        """Return the body for a sign-in of a browser, whose cookies hold the rest."""
        return cls(**asdict(AccessTokenResponse.of(pair)))


@dataclass(frozen=True, slots=True, kw_only=True)
class SocketTicketResponse(FlatResponse):
    """A ticket, and the URL to open a socket with it: `url?ticket=…`."""

    ticket: str
    expires_in: int
    url: str


@dataclass(frozen=True, slots=True, kw_only=True)
class IntrospectionResponse(FlatResponse):
    """Whether a token is valid now (RFC 7662 section 2.2), and what its session proved (RFC 9470 section 6.2).

    For an invalid token, `active` is the only member.
    """

    active: bool
    iss: str | None = None
    aud: str | None = None
    sub: str | None = None
    username: str | None = None
    user_id: str | None = None
    tenant_id: str | None = None
    roles: list[str] | None = None
    client_id: str | None = None
    sid: str | None = None
    jti: str | None = None
    token_type: Literal["Bearer"] | None = None
    iat: int | None = None
    exp: int | None = None
    auth_time: int | None = None
    amr: list[str] | None = None
    acr: Literal["1fa", "2fa", "phr"] | None = None
    metadata: dict[str, str] | None = None
    ext: dict[str, str | int | float | bool] | None = None

    @classmethod
    def of(cls, token: IntrospectedToken | None, issuer: str, audience: str) -> Self:
        """Return the body for a live token, or for None, which stands for anything else."""
        if token is None:
            return cls(active=False)
        proved = token.authentication
        return cls(
            active=True,
            iss=issuer,
            aud=audience,
            sub=token.username,
            username=token.username,
            user_id=token.user_id,
            tenant_id=None if token.tenant_id == PLATFORM else token.tenant_id,
            roles=list(token.subject.roles),
            client_id=token.client_id,
            sid=token.session_id,
            jti=token.token_id,
            token_type="Bearer" if token.token_id else None,
            iat=token.issued_at,
            exp=token.expires_at,
            auth_time=proved.at if proved else None,
            amr=list(proved.amr) if proved else None,
            acr=proved.acr if proved else None,
            metadata=dict(token.metadata) or None,
            ext=dict(token.ext) or None,
        )
