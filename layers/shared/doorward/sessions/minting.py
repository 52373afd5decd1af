"""From a session and an admission to a pair of tokens."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from doorward.keys.keyring import Signing
from doorward.model import (
    AccessTokenClaims,
    Admission,
    ClaimNames,
    Extras,
    Session,
    Subject,
    TokenId,
    TokenPair,
    User,
)
from doorward.rules.factors import STRICT, FactorRule, authentication_of
from doorward.rules.metadata import metadata_of_token
from doorward.rules.revocation import session_ends_at_ms
from doorward.tokens.access import mint_access_token
from doorward.tokens.ids import mint_ulid
from doorward.tokens.refresh import RefreshTokens

DEFAULT_CLIENT_ID = "doorward"
_NOTHING: Extras = {}


class Ask(Protocol):
    """Asks a deployment's own function about a token: see `doorward.sessions.hook`."""

    def __call__(self, user: User, subject: Subject) -> Extras:
        """Return the claims that it adds, or raise an error if there may be no token."""


@dataclass(frozen=True, slots=True)
class TokenMinter:
    """Mints the token pair of a session.

    Args:
        signer: the key that signs access tokens.
        refresh_tokens: the keys of refresh tokens.
        audience: whom the access tokens are for.
        access_ttl_seconds: how long an access token lives.
        claim_names: how access tokens spell who and where.
        factors: who must prove a second factor. Whoever did not gets tokens that are good for nothing else.
        ask: asks the deployment's own function; None if there is none, and then nothing is asked.
    """

    signer: Signing
    refresh_tokens: RefreshTokens
    audience: str
    access_ttl_seconds: int
    claim_names: ClaimNames = "both"
    ask: Ask | None = None
    factors: FactorRule = STRICT

    def permit(self, admission: Admission, subject: Subject) -> Extras:
        """Return what the deployment's own function adds to a token, before anything is written for the token.

        Raises:
            InvalidGrant: it denies the token.
            Unavailable: it gives no answer, and nobody may get a token without.
        """
        return _NOTHING if self.ask is None or admission.user is None else self.ask(admission.user, subject)

    def mint(
        self, session: Session, admission: Admission, subject: Subject, now_ms: int, ext: Extras | None = None
    ) -> TokenPair:
        """Return the tokens of a session's present generation.

        An access token never outlives its session.

        Args:
            session: whose tokens.
            admission: what lets the user in.
            subject: as whom.
            now_ms: the time, in milliseconds.
            ext: what `permit` said, if it was asked already.

        Raises:
            NotInitialised: the deployment has no keys.
            InvalidGrant, Unavailable: see `permit`.
        """
        ext = self.permit(admission, subject) if ext is None else ext
        now = now_ms // 1000
        session_left = max((session_ends_at_ms(session, admission.policy) - now_ms) // 1000, 0)
        expires_in = min(self.access_ttl_seconds, session_left)
        proved = authentication_of(session)
        claims = AccessTokenClaims(
            subject=subject,
            client_id=session.client_id or DEFAULT_CLIENT_ID,
            token_id=TokenId(mint_ulid()),
            epochs=admission.epochs,
            issued_at=now,
            expires_at=now + expires_in,
            password_change_required=admission.user is not None and admission.user.password_change_required,
            second_factor_required=self.factors.standing(admission, subject, proved.amr, now_ms) != "met",
            authentication=proved,
            metadata=metadata_of_token(admission, subject.tenant_id),
            ext=ext,
        )
        key = self.signer.current(admission.revoked_kids)
        return TokenPair(
            access_token=mint_access_token(claims, key, self.signer.issuer, self.audience, self.claim_names),
            expires_in=expires_in,
            refresh_token=self.refresh_tokens.mint(session.ref, session.generation),
            refresh_expires_in=session_left,
            session_id=session.ref.session_id,
        )
