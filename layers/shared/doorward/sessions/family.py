"""End a family: all sessions, one a tenant at most, that one sign-in led to."""

from __future__ import annotations

from dataclasses import dataclass

from doorward import audit
from doorward.errors import SessionOver
from doorward.model import Clock, SessionRef
from doorward.stores import SessionStore
from doorward.tokens.cookie import read_cookie, same_secret


@dataclass(frozen=True, slots=True)
class EndFamily:
    """Ends every session of a family; their access tokens are refused from the next request on."""

    sessions: SessionStore
    clock: Clock

    def __call__(self, ref: SessionRef) -> bool:
        """End the family of a session, whether or not that session itself still lives.

        Args:
            ref: any session of the family.

        Returns:
            Whether a session lived.

        Raises:
            Conflict: the family changed at the same moment, many times.
        """
        ids = {"tenant_id": ref.tenant_id, "user_id": ref.user_id, "session_id": ref.session_id}
        with audit.act("family_ended", **ids) as act:
            ended = self.sessions.end_family(ref, self.clock())
            if not ended:
                act.withdraw()
        return ended

    def by_cookie(self, cookie: str) -> bool:
        """End the family that a session cookie stands for; any other text ends nothing.

        Returns:
            Whether a session lived.
        """
        try:
            ref, secret_hash = read_cookie(cookie)
        except SessionOver:
            return False
        session = self.sessions.get_admission(ref).session
        if session is None or not same_secret(session.cookie_hash, secret_hash):
            return False
        return self(ref)
