"""From a session and a admission to a pair of tokens."""

from __future__ import annotations

from dataclasses import dataclass

from doorward.keys.keyring import Signing
from doorward.model import AccessTokenClaims, Admission, Session, Subject, TokenId, TokenPair
from doorward.tokens.access import mint_access_token
from doorward.tokens.ids import mint_ulid
from doorward.tokens.refresh import RefreshTokens

DEFAULT_CLIENT_ID = "doorward"


@dataclass(frozen=True, slots=True)
class TokenMinter:
    """Mints the token pair of a session.

    Args:
        signer: the key that signs access tokens.
        refresh_tokens: the keys of refresh tokens.
        audience: whom the access tokens are for.
        access_ttl_seconds: how long an access token lives.
    """

    signer: Signing
    refresh_tokens: RefreshTokens
    audience: str
    access_ttl_seconds: int

    def mint(self, session: Session, admission: Admission, subject: Subject, now_ms: int) -> TokenPair:
        """Return the tokens of a session's present generation.

        An access token never outlives its session.

        Raises:
            NotInitialised: the deployment has no keys.
        """
        now = now_ms // 1000
        session_left = max((session.expires_at_ms - now_ms) // 1000, 0)
        expires_in = min(self.access_ttl_seconds, session_left)
        claims = self._claims(session, admission, subject, now, now + expires_in)
        key = self.signer.current(admission.revoked_kids)
        return TokenPair(
            access_token=mint_access_token(claims, key, self.signer.issuer, self.audience),
            expires_in=expires_in,
            refresh_token=self.refresh_tokens.mint(session.ref, session.generation),
            refresh_expires_in=session_left,
            session_id=session.ref.session_id,
        )

    @staticmethod
    def _claims(
        session: Session, admission: Admission, subject: Subject, issued_at: int, expires_at: int
    ) -> AccessTokenClaims:
        return AccessTokenClaims(
            subject=subject,
            client_id=session.client_id or DEFAULT_CLIENT_ID,
            token_id=TokenId(mint_ulid()),
            epochs=admission.epochs,
            issued_at=issued_at,
            expires_at=expires_at,
            password_change_required=admission.user is not None and admission.user.password_change_required,
        )
