"""Close sockets whose session has ended, and say why."""

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
    "deployment_cut_off": "signed_out",
    "tenant_cut_off": "tenant_disabled",
    "session_ended": "signed_out",
    "token_revoked": "signed_out",
    "user_cut_off": "access_changed",
    "expired": "expired",
}
"""For each denial reason, the word that the client reads. So a client knows whether to sign in or to connect again."""

_LAST_MS = 9_007_199_254_740_991


@dataclass(frozen=True, slots=True)
class CloseSockets:
    """Closes sockets.

    The rule that refuses access tokens also decides which sockets are closed.

    Args:
        sleep: waits for a number of seconds.
    """

    sockets: SocketStore
    closer: SocketCloser
    revocations: RevocationReader
    clock: Clock
    sleep: Callable[[float], None]

    def after_change(self, tenant_id: TenantId | None, user_id: UserId | None) -> int:
        """Close the sockets that a change of revocations concerns, and return how many were closed.

        Args:
            tenant_id: the tenant whose revocations changed; None if those of keys or of the deployment changed.
            user_id: the user whose revocations changed; None if those of the whole tenant changed.

        Raises:
            Unavailable: some sockets could not be closed. The caller must repeat the call.
        """
        if tenant_id is None:
            # A ticket does not say which key signed the token that it was given for. So all clients connect again.
            open_sockets = self.sockets.list_ending(_LAST_MS)
            return self._close((found, self._denial(found) or "key_revoked") for found in open_sockets)
        return self._close(
            (found, reason)
            for found in self.sockets.list_by_tenant(tenant_id, user_id)
            if (reason := self._denial(found)) is not None
        )

    def ended(self, within_seconds: int) -> int:
        """Wait for each session that ends in the next seconds, close its socket, and return how many were closed.

        Args:
            within_seconds: how many seconds from now the last of these sessions may end.

        Raises:
            Unavailable: some sockets could not be closed. The caller must repeat the call.
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
        """Close the sockets that were found.

        If one cannot be closed, the others are closed all the same.
        """
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
