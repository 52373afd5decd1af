"""Exchange a refresh token for the family's session in another tenant of the same user."""

from __future__ import annotations

from dataclasses import dataclass

from doorward.errors import InvalidGrant
from doorward.model import TenantId, TokenPair
from doorward.sessions.enter import EnterTenant
from doorward.sessions.refresh import Refresh, require_client
from doorward.tokens.refresh import ProvenRefreshToken, RefreshTokens


@dataclass(frozen=True, slots=True)
class SwitchTenant:
    """Begins, or replaces, the session of a family in another tenant; no session lives longer for it.

    The session that the switch starts from lives on, with its access tokens and its cookie. The refresh token that
    was used is spent, as by a refresh: when it comes back later, that is reuse (RFC 9700 section 4.14.2).
    """

    refresh_tokens: RefreshTokens
    refresh: Refresh
    enter: EnterTenant

    def __call__(
        self, token: str, tenant_id: TenantId, received_at_ms: int | None = None, client_id: str | None = None
    ) -> TokenPair:
        """Return tokens for the user's session in the tenant; in the token's own tenant, refresh.

        Args:
            token: the refresh token.
            tenant_id: the tenant to act in.
            received_at_ms: when the request arrived, if it waited since.
            client_id: who asks, if the caller says so.

        Raises:
            RefreshTokenReused: an old token came back; its family is now over.
            InvalidGrant: the token is not good, its user is not let into the tenant, or the family's session there was
                ended.
        """
        proven = self.refresh_tokens.read(token)
        if proven.ref.tenant_id == tenant_id:
            return self.refresh(token, received_at_ms=received_at_ms, client_id=client_id)
        for _ in range(2):  # who lost a race looks once more
            pair = self._switch(proven, tenant_id, received_at_ms, client_id)
            if pair is not None:
                return pair
        raise InvalidGrant(reason="not_switched")

    def _switch(
        self, proven: ProvenRefreshToken, tenant_id: TenantId, received_at_ms: int | None, client_id: str | None
    ) -> TokenPair | None:
        old = self.refresh.accept(proven, received_at_ms)
        require_client(old, client_id)
        repeats = old.generation == proven.generation + 1 and old.switched_to == tenant_id
        return self.enter(old, tenant_id, spends=True, repeats=repeats)
