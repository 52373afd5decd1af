"""Revoke a token that somebody possesses."""

from __future__ import annotations

from dataclasses import dataclass

from doorward import audit
from doorward.errors import InvalidGrant, InvalidToken
from doorward.keys.keyring import Verifying
from doorward.model import Clock
from doorward.sessions.family import EndFamily
from doorward.stores import RevocationStore
from doorward.tokens.access import verify_access_token
from doorward.tokens.refresh import RefreshTokens


@dataclass(frozen=True, slots=True)
class Revoke:
    """Token revocation (RFC 7009)."""

    end_family: EndFamily
    revocations: RevocationStore
    keyring: Verifying
    refresh_tokens: RefreshTokens
    audience: str
    clock: Clock

    def __call__(self, token: str) -> None:
        """Revoke a refresh token with its whole family, or one access token.

        A token that is unknown, expired or no token at all is no error (RFC 7009 section 2.2).

        Args:
            token: what the caller possesses.
        """
        now_ms = self.clock()
        try:
            ref = self.refresh_tokens.read(token).ref
        except InvalidGrant:
            self._revoke_access_token(token, now_ms)
            return
        self.end_family(ref)

    def _revoke_access_token(self, token: str, now_ms: int) -> None:
        try:
            claims = verify_access_token(token, self.keyring, self.audience, now_ms)
        except InvalidToken:
            return
        with audit.act(
            "access_token_revoked", tenant_id=claims.tenant_id, user_id=claims.user_id, token_id=claims.token_id
        ):
            self.revocations.revoke_token(claims, now_ms)
