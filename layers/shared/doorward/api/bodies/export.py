"""The body of all that is held about a user."""

from __future__ import annotations

from typing import Self

from doorward.accounts.export import ExportedUser
from doorward.api.bodies.responses import ResponseBody, UserResponse
from doorward.api.bodies.times import iso_time
from doorward.model import Notification, Session


class ExportedSessionResponse(ResponseBody):
    """A session, without anything that could be used in its place."""

    id: str
    tenant_id: str
    client_id: str | None = None
    source: str | None = None
    user_agent: str | None = None
    created_at: str
    refreshed_at: str
    expires_at: str
    ended_at: str | None = None

    @classmethod
    def of(cls, session: Session) -> Self:
        """Return the body for a session."""
        ended_at_ms, tenant_id = session.revoked_at_ms, session.ref.tenant_id
        return cls(
            id=session.ref.session_id,
            tenant_id=tenant_id,
            client_id=session.client_id,
            source=session.source,
            user_agent=session.user_agent,
            created_at=iso_time(session.created_at_ms),
            refreshed_at=iso_time(session.rotated_at_ms),
            expires_at=iso_time(session.expires_at_ms),
            ended_at=None if ended_at_ms is None else iso_time(ended_at_ms),
        )


class ExportedNotificationResponse(ResponseBody):
    """What the user alone was told."""

    id: str
    tenant_id: str
    title: str
    body: str
    created_at: str

    @classmethod
    def of(cls, told: Notification) -> Self:
        """Return the body for a notification."""
        made = iso_time(told.created_at_ms)
        return cls(id=told.id, tenant_id=told.tenant_id, title=told.title, body=told.body, created_at=made)


class ExportResponse(ResponseBody):
    """All that is held about a user, as far as the caller may see it.

    `complete` is false if there are more than 1,000 sessions or notifications in a tenant. What the user did is in the
    operator's logs.
    """

    user: UserResponse
    sessions: list[ExportedSessionResponse]
    notifications: list[ExportedNotificationResponse]
    complete: bool

    @classmethod
    def of(cls, exported: ExportedUser) -> Self:
        """Return the body for what a caller may see of a user."""
        belongings = exported.belongings
        return cls(
            user=UserResponse.of(exported.visible),
            sessions=[ExportedSessionResponse.of(session) for session in belongings.sessions],
            notifications=[ExportedNotificationResponse.of(told) for told in belongings.notifications],
            complete=belongings.complete,
        )
