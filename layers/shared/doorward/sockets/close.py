"""Close sockets whose session ended, and say why."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from doorward import audit
from doorward.errors import Unavailable
from doorward.model import Clock, Connection, TenantId, UserId
from doorward.rules.revocation import denial_reason
from doorward.stores import RevocationReader, SocketCloser, SocketStore

TOLD = {
    "key_revoked": "access_changed",
    "tenant_cut_off": "tenant_disabled",
    "session_ended": "signed_out",
    "token_revoked": "signed_out",
    "user_cut_off": "access_changed",
    "expired": "expired",
}
"""What a client is told: whether to sign in again, or just to connect again."""

_LAST_MS = 9_007_199_254_740_991


@dataclass(frozen=True, slots=True)
class CloseSockets:
    """Closes sockets by the same decision that refuses their tokens.

    Args:
        sleep: waits for some seconds.
    """

    sockets: SocketStore
    closer: SocketCloser
    revocations: RevocationReader
    clock: Clock
    sleep: Callable[[float], None]

    def after_change(self, tenant_id: TenantId | None, user_id: UserId | None) -> int:
        """Close what a change of revocations concerns, and return how many.

        Args:
            tenant_id: whose revocations changed; None if those of keys did.
            user_id: the user, or None if they are the whole tenant's.

        Raises:
            Unavailable: some could not be closed; repeat it.
        """
        if tenant_id is None:
            # A ticket does not tell which key signed the token that got it: all connect again.
            return self._close((found, "key_revoked") for found in self.sockets.list_ending(_LAST_MS))
        return self._close(
            (found, reason)
            for found in self.sockets.list_by_tenant(tenant_id, user_id)
            if (reason := self._denial(found)) is not None
        )

    def ended(self, within_seconds: int) -> int:
        """Close each socket at the end of its session, as far as that lies in the next seconds; return how many.

        Raises:
            Unavailable: some could not be closed; repeat it.
        """
        until_ms = self.clock() + within_seconds * 1000
        return self._close((self._awaited(found), "expired") for found in self.sockets.list_ending(until_ms))

    def _awaited(self, connection: Connection) -> Connection:
        self.sleep(max(connection.grant.ends_at_ms - self.clock(), 0) / 1000)
        return connection

    def _denial(self, connection: Connection) -> str | None:
        grant = connection.grant
        return denial_reason(grant, self.revocations.get(grant.tenant_id, grant.user_id))

    def _close(self, found: Iterable[tuple[Connection, str]]) -> int:
        """Close what was found; one that cannot be closed keeps no other open."""
        count, failed = 0, 0
        for connection, reason in found:
            try:
                self.closer.close(connection.id, json.dumps({"type": "closed", "reason": TOLD[reason]}))
            except Unavailable:
                failed += 1
                continue
            self.sockets.remove(connection.id)
            grant = connection.grant
            audit.record(
                "socket_closed",
                reason=reason,
                tenant_id=grant.tenant_id,
                user_id=grant.user_id,
                connection_id=connection.id,
            )
            count += 1
        if failed:
            raise Unavailable(reason=f"{failed} sockets could not be closed")
        return count
