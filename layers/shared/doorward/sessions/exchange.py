"""Exchange the session cookie of a browser for an access token, so that no script holds what renews."""

from __future__ import annotations

from dataclasses import dataclass

from doorward.authorization import admit_cookie
from doorward.errors import InvalidGrant
from doorward.model import Clock, TenantId, TokenPair
from doorward.sessions.enter import EnterTenant
from doorward.sessions.minting import TokenMinter
from doorward.stores import SessionStore


@dataclass(frozen=True, slots=True)
class ExchangeCookie:
    """Mints access tokens for who has the session cookie.

    Nothing is rotated, and where the family has a living session nothing is written: two tabs may ask at once. The
    refresh token that a client without cookies may hold for the same session stays as good as it was.
    """

    sessions: SessionStore
    minter: TokenMinter
    enter: EnterTenant
    clock: Clock

    def __call__(self, cookie: str, tenant_id: TenantId | None = None) -> TokenPair:
        """Return an access token; roles, status and tenant are read again. The pair's refresh token is for nobody.

        Args:
            cookie: the value of the session cookie.
            tenant_id: the tenant to act in; the one that the user signed in to if None. The family's session there is
                begun if there is none.

        Raises:
            SessionOver: the cookie names no live session.
            InvalidGrant: the user is not let into the tenant, or the family's session there was ended.
            Unavailable: the deployment's own function gives no answer about the token.
        """
        for _ in range(2):  # who lost a race looks once more
            now_ms = self.clock()
            admission, session, subject = admit_cookie(cookie, self.sessions, now_ms)
            if tenant_id in {None, session.ref.tenant_id}:
                return self.minter.mint(session, admission, subject, now_ms)
            pair = self.enter(session, TenantId(str(tenant_id)), spends=False, repeats=True)
            if pair is not None:
                return pair
        raise InvalidGrant(reason="not_switched")
