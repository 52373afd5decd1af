"""The bodies that show where a user is signed in."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

from doorward.api.bodies.flat import FlatResponse
from doorward.api.bodies.times import iso_time
from doorward.model import PLATFORM, Principal, Session


@dataclass(frozen=True, slots=True, kw_only=True)
class UserSessionResponse(FlatResponse):
    """A session: one sign-in in one tenant. What a switch led to in another tenant has the same id.

    A session of a platform administrator outside any tenant has no `tenant_id`. `current` is true of the session that
    the request was made with.
    """

    id: str
    tenant_id: str | None = None
    created_at: str
    last_used_at: str
    expires_at: str
    source: str | None = None
    user_agent: str | None = None
    client_id: str | None = None
    current: bool

    @classmethod
    def of(cls, session: Session, principal: Principal) -> Self:
        """Return the body for a session, as a caller sees it."""
        ref = session.ref
        return cls(
            id=ref.session_id,
            tenant_id=None if ref.tenant_id == PLATFORM else ref.tenant_id,
            created_at=iso_time(session.created_at_ms),
            last_used_at=iso_time(session.rotated_at_ms),
            expires_at=iso_time(session.expires_at_ms),
            source=session.source,
            user_agent=session.user_agent,
            client_id=session.client_id,
            current=ref == principal.session_ref,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class UserSessionListResponse(FlatResponse):
    """The live sessions of a user, the newest sign-in first; at most 100."""

    items: list[UserSessionResponse]
